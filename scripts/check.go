package scripts

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/internal/lint"
)

// Finding is something in a place's scripts that is wrong, or was hardly meant.
type Finding struct {
	File    string // "" where it is not about one
	Line    int    // from 1; 0 likewise
	Message string
}

// String gives "file:line: message".
func (f Finding) String() string {
	if f.File == "" {
		return f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Checked is what [Check] has looked at, and found.
type Checked struct {
	Findings                 []Finding // by file and line
	Files, Components, Rules int
}

// Check looks for what is wrong with a place's scripts and tests without running the
// place: whether they compile and load, and whether the names in them mean something.
// Modules of the host's that are not in config may have stand-ins, see
// [Config].StandIns.
func Check(sources Sources, config Config) Checked {
	config.Sources, config.Dir, config.StandIns = sources, "", true
	config.Logger = slog.New(slog.DiscardHandler)
	c := Checked{Files: len(sources.Paths())}
	found, compiles := lintNames(sources, config)
	if compiles { // what does not compile does not load either
		found = c.load(sources, config, found)
	}
	for _, f := range found {
		c.Findings = append(c.Findings, Finding(f))
	}
	slices.SortStableFunc(c.Findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	return c
}

// lintNames finds what does not compile, and names that mean nothing. It reports whether all
// compiles.
func lintNames(sources Sources, config Config) ([]lint.Finding, bool) {
	g := newRuntime(Config{Logger: config.Logger}).newGeneration(0, files{})
	defer g.Close()
	return lint.Check(sources, lint.Config{
		State: g.Env.State, Classes: classes(), Modules: slices.Collect(maps.Keys(config.Modules)),
	})
}

// load adds what the top level fails with to the findings.
func (c *Checked) load(sources Sources, config Config, found []lint.Finding) []lint.Finding {
	r, err := New(config)
	if err != nil {
		return lint.Add(found, "", err)
	}
	c.Components, c.Rules = len(r.next.Components.Names()), r.next.Rules.Len()
	r.next.close(nil)
	for _, file := range sources.Paths() {
		if !lib.IsTest(file) {
			continue
		}
		t, err := NewLuaTest(sources, file, LuaTestConfig{Modules: config.Modules})
		if err != nil {
			found = lint.Add(found, file, err)
			continue
		}
		t.Close()
	}
	return found
}
