package scripts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine"
)

// aclFile is where a place's rules are.
const aclFile = "acl.lua"

func (g *generation) aclClass() api.Class {
	return api.Class{
		Name: "loci.acl", At: "acl.lua",
		Doc: "In acl.lua only: the place's access rules, tried in order before the bundled ones. A rule is matched " +
			"against the whole interaction, in the language of acl/README.md.",
		Functions: []api.Function{
			{Name: "deny", Signature: "(pattern: string)", Doc: "Denies what matches.", Call: g.aclDeny},
			{Name: "allow", Signature: "(pattern: string)", Doc: "Allows what matches.", Call: g.aclAllow},
			{Name: "default", Signature: "(verdict: \"allow\"|\"deny\")", Doc: "What happens to what no rule matches.", Call: g.aclDefault},
		},
	}
}

// loadRules runs acl.lua, in which the functions of g.aclClass() are global.
func (g *generation) loadRules() error {
	source, ok := g.sources.Source(aclFile)
	if !ok {
		return nil
	}
	env := g.Table(g.aclClass())
	outside := g.L.NewTable()
	outside.RawSetString("__index", g.L.Get(lua.GlobalsIndex))
	env.Metatable = outside
	_, err := g.run(source, aclFile, env)
	return err
}

func (g *generation) aclDeny(L *lua.LState) int  { return g.addRule(L, acl.Deny) }
func (g *generation) aclAllow(L *lua.LState) int { return g.addRule(L, acl.Allow) }

func (g *generation) aclDefault(L *lua.LState) int {
	v, err := acl.ParseVerdict(L.CheckString(1))
	if err != nil {
		L.ArgError(1, err.Error())
	}
	g.verdict = &v
	return 0
}

func (g *generation) addRule(L *lua.LState, v acl.Verdict) int {
	g.needsTopLevel(L, "a rule")
	pattern := L.CheckString(1)
	_, line, _ := strings.Cut(L.Where(1), ":")
	p, err := acl.Compile(pattern, acl.At(aclFile, g.lineOf(aclFile, bind.Line(line), pattern)))
	g.checkPattern(L, err)
	n := len(g.rules) + 1
	g.rules = append(g.rules, &acl.Rule{
		ID: fmt.Sprintf("own%d", n), Verdict: v, Pattern: p, Origin: fmt.Sprintf("%s:%d", aclFile, bind.Line(line)),
	})
	return 0
}

// rulesWith are the rules in force: the host's own, those of acl.lua, and the bundled
// ones.
func (g *generation) rulesWith(base engine.Rules) engine.Rules {
	base.Own = slices.Concat(base.Own, g.rules)
	if g.verdict != nil {
		base.Verdict = *g.verdict
	}
	return base
}

// lineOf finds the line that a text begins on which a script wrote, long brackets and
// all: a call's own line may be that of its end. Where it is not found, it is the line
// of the call.
func (g *generation) lineOf(file string, call int, text string) int {
	source, _ := g.sources.Source(file)
	best := call
	for from := 0; ; {
		at := strings.Index(source[from:], text)
		if at < 0 || text == "" {
			return best
		}
		line := 1 + strings.Count(source[:from+at], "\n")
		end := line + strings.Count(text, "\n")
		if line <= call && call <= end+1 || line == call+1 {
			return line
		}
		from += at + len(text)
	}
}
