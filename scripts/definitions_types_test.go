package scripts

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/lib"
)

// TestTypesAreWhatEditorsRead parses every type in the API as the Lua language server
// does, and looks its names up.
func TestTypesAreWhatEditorsRead(t *testing.T) {
	names := map[string]bool{"loci.Event": true}
	for _, name := range strings.Fields("any nil boolean number integer string table function userdata") {
		names[name] = true
	}
	types := map[string]string{}
	fields := func(of string, list []api.Field) {
		for _, f := range list {
			types[of+"."+f.Name] = f.Type
		}
	}
	for _, c := range classes() {
		names[c.Name] = true
		fields(c.Name, c.Fields)
		for _, f := range c.Functions {
			parameters, results := api.Signature(f.Signature)
			for _, p := range parameters {
				types[c.Name+"."+f.Name+"("+p.Name+")"] = p.Type
			}
			for i, r := range results {
				types[fmt.Sprintf("%s.%s result %d", c.Name, f.Name, i+1)] = r
			}
		}
	}
	for _, s := range shapes() {
		names[s.Name] = true
		fields(s.Name, s.Fields)
		if s.More != "" {
			types[s.Name+"[string]"] = s.More
		}
	}
	fields("event", lib.EventNames)
	for where, text := range types {
		p := typeParser{rest: text, names: names}
		if p.results(); p.err == nil && p.rest != "" {
			p.fail("the end")
		}
		if p.err != nil && text != "..." {
			t.Errorf("%s: %s: %v", where, text, p.err)
		}
	}
}

// typeParser reads a type from left to right.
type typeParser struct {
	rest  string
	names map[string]bool
	err   error
}

var typeName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.]*`)

func (p *typeParser) fail(want string) {
	if p.err == nil {
		p.err = fmt.Errorf("want %s at %q", want, p.rest)
	}
}

func (p *typeParser) take(text string) bool {
	p.rest = strings.TrimPrefix(p.rest, " ")
	rest, ok := strings.CutPrefix(p.rest, text)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *typeParser) must(text string) {
	if !p.take(text) {
		p.fail(text)
	}
}

// results are types with commas between, which a function gives.
func (p *typeParser) results() {
	for p.union(); p.take(","); {
		p.union()
	}
}

func (p *typeParser) union() {
	for p.one(); p.take("|"); {
		p.one()
	}
}

func (p *typeParser) one() {
	p.take("") // blanks
	name := typeName.FindString(p.rest)
	switch {
	case p.err != nil:
		return
	case p.take("..."):
	case p.take(`"`):
		_, rest, _ := strings.Cut(p.rest, `"`)
		p.rest = rest
	case p.take("("):
		p.results()
		p.must(")")
	case p.take("{"):
		p.members("}")
	case p.take("table<"):
		p.union()
		p.must(",")
		p.union()
		p.must(">")
	case p.take("fun("):
		p.members(")")
		if p.take(":") {
			p.results()
		}
		return
	case p.take(name) && (p.names[name] || name == "false"):
	default:
		p.fail("a type")
	}
	for p.take("[]") || p.take("?") {
	}
}

// members are names with their types.
func (p *typeParser) members(end string) {
	for p.err == nil && !p.take(end) {
		p.take("")
		if name := typeName.FindString(p.rest); name == "" || !p.take(name) {
			p.fail("a name")
		}
		p.take("?")
		p.must(":")
		p.union()
		if !p.take(",") {
			p.must(end)
			return
		}
	}
}
