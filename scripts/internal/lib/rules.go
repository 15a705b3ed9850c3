package lib

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

// ACLFile is where a place's rules are.
const ACLFile = "acl.lua"

// Class describes acl.lua.
func (rs *Rules) Class() api.Class {
	return api.Class{
		Name: "loci.acl", At: "acl.lua",
		Doc: "In acl.lua only: the place's access rules, tried in order before the bundled ones. A rule is matched " +
			"against the whole interaction, in the language of acl/README.md.",
		Functions: []api.Function{
			{Name: "deny", Signature: "(pattern: string)", Doc: "Denies what matches.", Call: rs.deny},
			{Name: "allow", Signature: "(pattern: string)", Doc: "Allows what matches.", Call: rs.allow},
			{Name: "default", Signature: "(verdict: \"allow\"|\"deny\")", Doc: "What happens to what no rule matches.", Call: rs.defaultTo},
		},
	}
}

// Rules are the access rules of acl.lua.
type Rules struct {
	*Env
	patterns *patterns
	rules    []*acl.Rule
	verdict  *acl.Verdict // nil: as without acl.lua
}

// Globals returns what acl.lua finds as globals: the functions of the class beside the usual ones.
func (rs *Rules) Globals() *lua.LTable {
	env := rs.Table(rs.Class())
	outside := rs.L.NewTable()
	outside.RawSetString("__index", rs.L.Get(lua.GlobalsIndex))
	env.Metatable = outside
	return env
}

// Len returns how many rules there are.
func (rs *Rules) Len() int { return len(rs.rules) }

func (rs *Rules) deny(L *lua.LState) int  { return rs.add(L, acl.Deny) }
func (rs *Rules) allow(L *lua.LState) int { return rs.add(L, acl.Allow) }

func (rs *Rules) defaultTo(L *lua.LState) int {
	v, err := acl.ParseVerdict(L.CheckString(1))
	if err != nil {
		L.ArgError(1, err.Error())
	}
	rs.verdict = &v
	return 0
}

func (rs *Rules) add(L *lua.LState, v acl.Verdict) int {
	rs.NeedsTopLevel(L, "a rule")
	pattern := L.CheckString(1)
	_, line, _ := strings.Cut(L.Where(1), ":")
	p, err := acl.Compile(pattern, acl.At(ACLFile, rs.patterns.lineOf(ACLFile, bind.Line(line), pattern)))
	rs.patterns.check(L, err)
	n := len(rs.rules) + 1
	rs.rules = append(rs.rules, &acl.Rule{
		ID: fmt.Sprintf("own%d", n), Verdict: v, Pattern: p, Origin: fmt.Sprintf("%s:%d", ACLFile, bind.Line(line)),
	})
	return 0
}

// With returns the rules in force: the host's own, those of acl.lua, and the bundled
// ones.
func (rs *Rules) With(base engine.Rules) engine.Rules {
	base.Own = slices.Concat(base.Own, rs.rules)
	if rs.verdict != nil {
		base.Verdict = *rs.verdict
	}
	return base
}

// patterns compile what scripts write as patterns of rules and subscriptions.
type patterns struct {
	source func(file string) (string, bool)
	cause  error // of the last pattern that did not compile
}

// check raises what is wrong with a pattern. At the top level it is kept as it
// is: it has line, column and a caret.
func (ps *patterns) check(L *lua.LState, err error) {
	if err != nil {
		ps.cause = err
		L.Error(lua.LString(err.Error()), 0)
	}
}

// lineOf finds the line that a text begins on which a script wrote, long brackets and
// all: a call's own line may be that of its end. Where it is not found, it is the line
// of the call.
func (ps *patterns) lineOf(file string, call int, text string) int {
	source, _ := ps.source(file)
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
