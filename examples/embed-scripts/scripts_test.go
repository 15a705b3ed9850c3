package main

import (
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/scripts"
	"github.com/loci-place/loci/scripts/luatest"
)

func TestScriptsPassTheirOwnTests(t *testing.T) {
	var report strings.Builder
	result, err := luatest.Run(luatest.Config{Dir: "place", Out: &report, LuaTest: scripts.LuaTestConfig{
		Time: time.Minute,
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
	for _, finding := range scripts.Check(sources, scripts.Config{}).Findings {
		t.Error(finding)
	}
}
