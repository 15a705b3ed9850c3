package main

import (
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts"
	"github.com/loci-place/loci/scripts/trial"
)

// pretended is a box office for the scripts' own tests.
func pretended() map[string]scripts.Module {
	return map[string]scripts.Module{"tickets": {
		"show": func(*engine.Turn, []any) ([]any, error) { return []any{"Hamlet"}, nil },
		"left": func(*engine.Turn, []any) ([]any, error) { return []any{3.0}, nil },
		"redeem": func(_ *engine.Turn, args []any) ([]any, error) {
			if args[0] == "GOOD" {
				return []any{true}, nil
			}
			return []any{nil, "no such ticket"}, nil
		},
	}}
}

func TestScriptsPassTheirOwnTests(t *testing.T) {
	var report strings.Builder
	result, err := trial.Run(trial.Config{Dir: "place", Out: &report, Trial: scripts.TrialConfig{
		Modules: pretended(),
		// Machines that run tests are busy.
		Time: time.Minute, Limits: scripts.Limits{Call: 10 * time.Second, Heartbeat: 30 * time.Second, Load: time.Minute},
	}})
	if err != nil || !result.OK() || result.Tests == 0 {
		t.Errorf("%+v, %v\n%s", result, err, &report)
	}
}

func TestScriptsAreFoundRight(t *testing.T) {
	sources, err := builtInScripts()
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range scripts.Check(sources, scripts.Config{Modules: pretended()}).Findings {
		t.Error(finding)
	}
}
