package engine

import (
	"fmt"
	"slices"

	"github.com/loci-place/loci/acl"
)

var (
	changeACLVerb = official{
		name: "change_acl", answer: changeACL,
		parse: func(args []any) any { return parseRuleChanges(args) },
		compile: func(parsed any, l *Limits) {
			if c := parsed.(*ruleChanges); len(c.add) <= l.Rules { // more cannot be added
				c.compile()
			}
		},
		uses: func(c *command, cost *usedUp) {
			if changes, ok := c.parsed.(*ruleChanges); ok {
				cost[patterns] = float64(len(changes.add))
			}
		},
		counted: true,
	}
	listACLVerb = official{name: "list_acl", answer: listACL}
)

// changeACL adds and removes access rules: ["change_acl", "add", [["deny" | "allow",
// pattern], …], "remove", [rule id, …]], all or nothing. Either half may be missing.
// Only what was added so can be removed so. They are in force at once, and it is
// answered when they are kept for good; where that fails, they are taken back.
func changeACL(r *Request) {
	if !r.parsed.(*ruleChanges).ok {
		r.Refuse(`want "add" and a list of ["allow" or "deny", pattern], "remove" and a list of rule ids`)
		return
	}
	r.place.access.inTurn(r.changeRules)
}

// inTurn begins a change of the rules when those before it are done with.
func (a *access) inTurn(change func(done func())) {
	a.waiting = append(a.waiting, change)
	if len(a.waiting) == 1 {
		change(a.next)
	}
}

// next ends a change of the rules, and begins the one that waits.
func (a *access) next() {
	a.waiting[0] = nil
	a.waiting = a.waiting[1:]
	if len(a.waiting) > 0 {
		a.waiting[0](a.next)
	}
}

func (r *Request) changeRules(done func()) {
	p, changes := r.place, r.parsed.(*ruleChanges)
	add, remove := changes.add, changes.remove
	before := p.access.added
	ids, err := p.changeRules(add, remove, "change_acl by "+r.Agent.DisplayName())
	if err != nil {
		done()
		r.Fail(err.Error())
		return
	}
	p.host.Sync(func(err error) {
		if err != nil {
			p.setAdded(before)
		}
		done()
		if err != nil {
			r.Fail("the rules are as before, for the change cannot be kept: " + err.Error())
			return
		}
		r.agent.log.Info("rules changed", "added", len(add), "removed", len(remove))
		r.OK(ids)
	})
}

// changeRules adds and removes rules, all or nothing, and returns the ids of the new ones.
func (p *Place) changeRules(add []newRule, remove []string, origin string) ([]any, error) {
	added, err := p.access.without(remove)
	if err == nil && len(added)+len(add) > p.cfg.Limits.Rules {
		err = fmt.Errorf("the place takes %d rules at run time", p.cfg.Limits.Rules)
	}
	ids := make([]any, len(add))
	for i := 0; i < len(add) && err == nil; i++ {
		rule := &acl.Rule{
			ID: ruleID(p.access.given + i + 1), Verdict: add[i].verdict, Pattern: add[i].pattern, Origin: origin,
		}
		ids[i], added, err = rule.ID, append(added, rule), add[i].err
	}
	if err != nil {
		return nil, err
	}
	p.access.given += len(add)
	p.setAdded(added)
	return ids, nil
}

// setAdded puts other rules in force in the stead of those added at run time, and has
// them kept.
func (p *Place) setAdded(added []*acl.Rule) {
	before := p.access.added
	p.access.set(added, p.access.rules)
	p.kept.keepRules(before, added, p.access.given)
}

// ruleChanges is what somebody wants of the rules.
type ruleChanges struct {
	add    []newRule
	remove []string
	ok     bool // that is what the arguments say
}

type newRule struct {
	verdict acl.Verdict
	source  string
	pattern *acl.Pattern
	err     error
}

func parseRuleChanges(args []any) *ruleChanges {
	var c ruleChanges
	c.ok = halves(args, func(what string, v any) (ok bool) {
		switch what {
		case "add":
			c.add, ok = newRules(v)
		case "remove":
			c.remove, ok = names(v)
		}
		return ok
	})
	return &c
}

// compile compiles the patterns, up to the first that is none.
func (c *ruleChanges) compile() {
	for i := range c.add {
		r := &c.add[i]
		if r.pattern, r.err = acl.Compile(r.source, acl.At(fmt.Sprintf("add[%d]", i), 1)); r.err != nil {
			return
		}
	}
}

func newRules(v any) ([]newRule, bool) {
	list, ok := asList(v)
	if !ok {
		return nil, false
	}
	rules := make([]newRule, len(list))
	for i, item := range list {
		pair, _ := item.([]any)
		verdict, _ := text(pair, 0)
		source, ok := text(pair, 1)
		v, err := acl.ParseVerdict(verdict)
		if !ok || err != nil || len(pair) != 2 {
			return nil, false
		}
		rules[i] = newRule{verdict: v, source: source}
	}
	return rules, true
}

// without returns the rules added at run time but for some.
func (a *access) without(ids []string) ([]*acl.Rule, error) {
	left := slices.Clone(a.added)
	for _, id := range ids {
		is := func(r *acl.Rule) bool { return r.ID == id }
		if i := slices.IndexFunc(left, is); i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		if i := slices.IndexFunc(a.list.Rules(), is); i >= 0 {
			return nil, fmt.Errorf("rule %.100q is the place's own (%s): it can be overruled, but not removed", id, a.list.Rules()[i].Origin)
		}
		return nil, fmt.Errorf("there is no rule %.100q", id)
	}
	return left, nil
}

// listACL tells all rules in the order in which they are tried: ["list_acl"]. Each is
// [id, verdict, pattern, origin, errors]: how many interactions its guard failed on.
func listACL(r *Request) {
	if len(r.Args) != 0 {
		r.Refuse("want nothing but the verb")
		return
	}
	rules := r.agent.place.access.list.Rules()
	list := make([]any, len(rules))
	for i, rule := range rules {
		list[i] = []any{rule.ID, rule.Verdict.String(), rule.Pattern.String(), rule.Origin, rule.GuardErrors()}
	}
	r.OK(list)
}
