package luatest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/loci-place/loci/scripts"
	"github.com/loci-place/loci/scripts/watch"
)

// Config is which tests are run, and how.
type Config struct {
	// Dir is the place's directory.
	Dir string
	// Match selects tests by their names, "door: opens when poked". Nil means all.
	Match *regexp.Regexp
	// Verbose reports every test, and what was logged in it.
	Verbose bool
	// LuaTest is how each file is run.
	LuaTest scripts.LuaTestConfig
	// Out is what is reported to.
	Out io.Writer
}

// Result counts what became of the tests.
type Result struct {
	Files, Tests, Failed int
	// Broken is how many files could not be run; 1 if it is the place itself that
	// does not load.
	Broken int
}

// OK reports whether nothing is wrong.
func (r Result) OK() bool { return r.Failed == 0 && r.Broken == 0 }

// Run runs the tests of a directory. The error is for a directory that cannot be read;
// all else that is wrong is reported, and counted.
func Run(config Config) (Result, error) {
	snapshot, err := read(config.Dir)
	if err != nil {
		return Result{}, err
	}
	return run(config, snapshot), nil
}

// Watch runs the tests, and again whenever a file of the place's or a test is saved,
// until the context ends. The error is that of the first run.
func Watch(ctx context.Context, config Config) error {
	snapshot, err := read(config.Dir)
	if err != nil {
		return err
	}
	run(config, snapshot)
	w, err := watch.New(config.Dir, watch.Config{
		Patterns: watch.SourcesAndTests(), Since: snapshot, Log: slog.New(slog.NewTextHandler(config.Out, nil)),
	})
	if err != nil {
		return err
	}
	return w.Run(ctx, func(s *watch.Snapshot, files []string) {
		fmt.Fprintf(config.Out, "\n%s saved\n", strings.Join(files, ", "))
		if err := s.Err(); err != nil {
			fmt.Fprintf(config.Out, "FAIL: %v\n", err)
			return
		}
		run(config, s)
	})
}

func read(dir string) (*watch.Snapshot, error) {
	snapshot, err := watch.Read(dir, watch.SourcesAndTests()...)
	if err != nil {
		return nil, err
	}
	return snapshot, snapshot.Err()
}

// run runs the tests in sources.
func run(config Config, sources scripts.Sources) Result {
	r := &report{Config: config, began: time.Now()}
	// What is wrong with the place itself is said once, not by each of its tests.
	quiet := scripts.Config{Sources: sources, Modules: config.LuaTest.Modules, StandIns: true, Logger: slog.New(slog.DiscardHandler)}
	if _, err := scripts.New(quiet); err != nil {
		r.Broken++
		fmt.Fprintf(r.Out, "FAIL  the place does not load\n    %v\n", err)
		r.end()
		return r.Result
	}
	for _, file := range sources.Paths() {
		if isTest(file) {
			r.file(sources, file)
		}
	}
	r.end()
	return r.Result
}

// isTest reports whether a file has tests.
func isTest(file string) bool {
	ok, _ := path.Match("tests/*_test.lua", file)
	return ok
}
