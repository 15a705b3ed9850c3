package scripts

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/scripts/internal/bind"

	"github.com/loci-place/loci/scripts/internal/syntax"
	"github.com/loci-place/loci/scripts/sandbox"
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
	c := &checker{sources: sources, config: config, known: newKnown(config)}
	defer c.known.state.Close()
	for _, file := range sources.Paths() {
		c.Files++
		c.compile(file)
	}
	whole := len(c.Findings) == 0
	c.walk()
	if whole { // what does not compile does not load either
		c.load()
	}
	slices.SortStableFunc(c.Findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	return c.Checked
}

// checker is one check under way.
type checker struct {
	Checked
	sources  Sources
	config   Config
	known    *known
	compiled []string        // files
	globals  map[string]bool // that scripts set, which is told where they do
}

func (c *checker) find(file string, line int, format string, args ...any) {
	c.Findings = append(c.Findings, Finding{file, line, fmt.Sprintf(format, args...)})
}

// compile finds what is no Lua.
func (c *checker) compile(file string) {
	source, _ := c.sources.Source(file)
	if _, err := c.known.state.Load(source, file); err != nil {
		c.failed(file, err)
		return
	}
	c.compiled = append(c.compiled, file)
}

// walk finds names that mean nothing. Assigned globals are gathered from all files
// first: each is told once, where it is set.
func (c *checker) walk() {
	c.globals = map[string]bool{}
	var walkers []*walker
	for _, file := range c.compiled { // others may be too much for the parser
		source, _ := c.sources.Source(file)
		chunk, err := syntax.Parse(source)
		if err != nil {
			continue // it compiled a moment ago
		}
		w := newWalker(c, file)
		w.gather(chunk)
		walkers = append(walkers, w)
	}
	for _, w := range walkers {
		w.file()
	}
}

// load finds what the top level fails with.
func (c *checker) load() {
	r, err := New(c.config)
	if err != nil {
		c.failed("", err)
		return
	}
	c.Components, c.Rules = len(r.next.Components.Names()), r.next.Rules.Len()
	r.next.close(nil)
	for _, file := range c.sources.Paths() {
		if !isTest(file) {
			continue
		}
		t, err := NewTrial(c.sources, file, TrialConfig{Modules: c.config.Modules})
		if err != nil {
			c.failed(file, err)
			continue
		}
		t.Close()
	}
}

// failed makes a finding of an error, unless that line has one already, or it was found
// on another one.
func (c *checker) failed(file string, err error) {
	line, message := 0, err.Error()
	if e, ok := errors.AsType[*sandbox.Error](err); ok && e.File != "" {
		file, line, message = e.File, e.Line, e.Message
	} else if e, ok := errors.AsType[*acl.Error](err); ok && e.File != "" {
		file, line = e.File, e.Line
		message = strings.TrimPrefix(message, fmt.Sprintf("%s:%d:%d:", file, line, e.Column))
	} else if at, l, rest, ok := position(message); ok {
		file, line, message = at, l, rest
	}
	message = strings.TrimSpace(message)
	told := func(f Finding) bool {
		return f.File == file && (f.Line == line && line > 0 || f.Message == message)
	}
	if !slices.ContainsFunc(c.Findings, told) {
		c.Findings = append(c.Findings, Finding{file, line, message})
	}
}

// position takes a file of the place's and a line off the front of a message.
func position(message string) (file string, line int, rest string, ok bool) {
	file, rest, _ = strings.Cut(message, ":")
	number, rest, _ := strings.Cut(rest, ":")
	line = bind.Line(number)
	return file, line, rest, line > 0 && path.Ext(file) == ".lua"
}

// isTest tells whether a file has tests.
func isTest(file string) bool {
	ok, _ := path.Match("tests/*_test.lua", file)
	return ok
}
