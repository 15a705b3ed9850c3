package acl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Explanation says why a pattern matches a message, or does not.
type Explanation struct {
	Matched bool
	// Mismatch is the first element that does not fit, nil if all do.
	Mismatch *Mismatch
	// Guards are the guards that were tried, in order.
	Guards []GuardOutcome
	// Bindings are the values of the pattern's variables, if all elements fit.
	Bindings map[string]any
	// Failure is the Failure of [Result].
	Failure error
}

// Mismatch is an element of a pattern that a message does not fit.
type Mismatch struct {
	Path string // into the message, as "[5][0]" or `[5][2]["name"]`; "" is all of it
	Want string
	Have string
}

// GuardOutcome is the outcome of one guard.
type GuardOutcome struct {
	Guard   string // in its canonical form
	Outcome string // "true", "not true", or what went wrong
	// Because is the first of the conditions joined by "and" that is not true, ""
	// if there is only one.
	Because string
}

// Explain says why the pattern matches a message, or does not. It takes the same
// arguments as [Pattern.Match], and is much slower.
func (p *Pattern) Explain(message any, env Env) Explanation {
	x := explainer{bound: map[string]any{}, work: MaxSteps}
	m := x.mismatch(p.rule.pattern, message, "")
	switch {
	case x.work < 0:
		return Explanation{Failure: ErrTooMuchWork}
	case m != nil:
		return Explanation{Mismatch: m}
	}
	r := p.Match(message, env)
	e := Explanation{Matched: r.Matched, Failure: r.Failure, Bindings: x.bound}
	for _, n := range p.rule.guards {
		outcome, passed := x.guard(n, env)
		e.Guards = append(e.Guards, outcome)
		if passed {
			break
		}
	}
	return e
}

// String returns the explanation in a few lines.
func (e Explanation) String() string {
	var b strings.Builder
	switch {
	case e.Failure != nil:
		fmt.Fprintf(&b, "could not be tried: %s\n", e.Failure)
	case e.Matched:
		b.WriteString("matches\n")
	default:
		b.WriteString("does not match\n")
	}
	if e.Mismatch != nil {
		fmt.Fprintf(&b, "  at message%s: want %s, have %s\n", e.Mismatch.Path, e.Mismatch.Want, e.Mismatch.Have)
	}
	for _, g := range e.Guards {
		fmt.Fprintf(&b, "  when %s: %s\n", g.Guard, g.Outcome)
		if g.Because != "" {
			fmt.Fprintf(&b, "    because of %s\n", g.Because)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Bindings)) {
		fmt.Fprintf(&b, "  %s = %s\n", name, shown(e.Bindings[name]))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// explainer matches by walking the tree.
type explainer struct {
	bound map[string]any
	work  work
}

func (x *explainer) mismatch(n node, v any, path string) *Mismatch {
	switch n := n.(type) {
	case *variable:
		return x.variable(n, v, path)
	case *literal:
		if !x.work.equal(n.value, v) {
			return &Mismatch{path, printed(n), shown(v)}
		}
	case *list:
		return x.list(n, v, path)
	case *mapping:
		return x.mapping(n, v, path)
	case *prefix:
		s, ok := v.(string)
		if !ok || !strings.HasPrefix(s, n.text) {
			return &Mismatch{path, "a string that begins with " + printed(&literal{n.text}), shown(v)}
		}
		return x.mismatch(n.rest, s[len(n.text):], path)
	case *both:
		if m := x.mismatch(n.left, v, path); m != nil {
			return m
		}
		return x.mismatch(n.right, v, path)
	}
	return nil
}

func (x *explainer) variable(n *variable, v any, path string) *Mismatch {
	before, ok := x.bound[n.name]
	if ok && !x.work.equal(before, v) {
		return &Mismatch{path, "the same as " + n.name + " before, " + shown(before), shown(v)}
	}
	x.bound[n.name] = v
	return nil
}

func (x *explainer) list(n *list, v any, path string) *Mismatch {
	items, ok := v.([]any)
	switch size := len(n.items); {
	case !ok:
		return &Mismatch{path, "a list, " + printed(n), shown(v)}
	case n.tail == nil && len(items) != size:
		return &Mismatch{path, "a list of " + counted(size), counted(len(items)) + ", " + shown(v)}
	case len(items) < size:
		return &Mismatch{path, "a list of at least " + counted(size), counted(len(items)) + ", " + shown(v)}
	}
	for i, item := range n.items {
		if m := x.mismatch(item, items[i], fmt.Sprintf("%s[%d]", path, i)); m != nil {
			return m
		}
	}
	if n.tail == nil {
		return nil
	}
	return x.mismatch(n.tail, items[len(n.items):], fmt.Sprintf("%s[%d and on]", path, len(n.items)))
}

func counted(items int) string {
	if items == 1 {
		return "1 item"
	}
	return fmt.Sprint(items, " items")
}

func (x *explainer) mapping(n *mapping, v any, path string) *Mismatch {
	object, ok := v.(map[string]any)
	if !ok {
		return &Mismatch{path, "a map, " + printed(n), shown(v)}
	}
	for _, e := range n.entries {
		key := printed(&literal{e.key})
		v, ok := object[e.key]
		if !ok {
			return &Mismatch{path, "a map with the key " + key, shown(object)}
		}
		if m := x.mismatch(e.value, v, path+"["+key+"]"); m != nil {
			return m
		}
	}
	return nil
}

// guard runs one guard, and where it does not pass, each of its conditions.
func (x *explainer) guard(n node, env Env) (outcome GuardOutcome, passed bool) {
	outcome.Guard = printed(n)
	outcome.Outcome, passed = x.try(n, env)
	conditions := conjuncts(n)
	if passed || len(conditions) < 2 {
		return outcome, passed
	}
	for _, condition := range conditions {
		if got, ok := x.try(condition, env); !ok {
			outcome.Because = printed(condition) + ": " + got
			break
		}
	}
	return outcome, false
}

// try runs one guard or a part of one.
func (x *explainer) try(n node, env Env) (outcome string, passed bool) {
	g, err := compileGuards([]node{n}, slices.Collect(maps.Keys(x.bound)))
	if err != nil {
		return err.Error(), false
	}
	f := newFrame(&g)
	for name, v := range x.bound {
		f.names["v_"+name] = v
	}
	f.env, f.work = env, MaxSteps
	passed = f.run(&g.all[0])
	switch {
	case f.failure != nil:
		return "failed, " + f.failure.Error(), false
	case f.err != nil:
		return "error, " + f.err.Error(), false
	case passed:
		return "true", true
	default:
		return "not true", false
	}
}
