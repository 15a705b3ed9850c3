package lint

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/internal/syntax"
	"github.com/loci-place/loci/scripts/sandbox"
)

// Finding is something in a place's scripts that is wrong, or was hardly meant.
type Finding struct {
	File    string // "" where it is not about one
	Line    int    // from 1; 0 likewise
	Message string
}

// Config is what scripts find.
type Config struct {
	State   *bind.State // that has the API in it, to compile with
	Classes []api.Class
	Modules []string // of the host's
}

// Check looks for what does not compile in sources, and for names that mean nothing. It reports
// whether all of it compiles.
func Check(sources lib.Sources, config Config) (found []Finding, compiles bool) {
	c := &checker{sources: sources, known: newKnown(config)}
	for _, file := range sources.Paths() {
		c.compile(file)
	}
	compiles = len(c.findings) == 0
	c.walk()
	return c.findings, compiles
}

// Add adds to findings what an error says, unless that line has one already, or it was found
// on another one. File is of an error that names none.
func Add(findings []Finding, file string, err error) []Finding {
	c := &checker{findings: findings}
	c.failed(file, err)
	return c.findings
}

// checker is one check under way.
type checker struct {
	findings []Finding
	sources  lib.Sources
	known    *known
	compiled []string        // files
	globals  map[string]bool // that scripts set, which is told where they do
}

func (c *checker) find(file string, line int, format string, args ...any) {
	c.findings = append(c.findings, Finding{file, line, fmt.Sprintf(format, args...)})
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
	if !slices.ContainsFunc(c.findings, told) {
		c.findings = append(c.findings, Finding{file, line, message})
	}
}

// position takes a file of the place's and a line off the front of a message.
func position(message string) (file string, line int, rest string, ok bool) {
	file, rest, _ = strings.Cut(message, ":")
	number, rest, _ := strings.Cut(rest, ":")
	line = bind.Line(number)
	return file, line, rest, line > 0 && path.Ext(file) == ".lua"
}
