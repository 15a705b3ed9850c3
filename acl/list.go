package acl

import (
	"fmt"
	"slices"
	"sync/atomic"
)

// List is an access control list: an ordered list of rules with a default verdict.
// It is immutable; to change the rules, swap in another List (atomic.Pointer). The
// zero List denies everything.
type List struct {
	rules   []listed
	verdict Verdict
	index   ruleIndex
}

// listed is a rule with the requirements to check before trying it.
type listed struct {
	rule *Rule
	open []requirement
}

// NewList returns a list of rules, tried in the given order. Verdict is for
// interactions that match none of them.
func NewList(verdict Verdict, rules ...*Rule) *List {
	l := &List{rules: make([]listed, len(rules)), verdict: verdict}
	for i, r := range rules {
		l.rules[i] = listed{r, l.index.add(i, r.Pattern)}
	}
	return l
}

// Rules returns the rules in order.
func (l *List) Rules() []*Rule {
	rules := make([]*Rule, len(l.rules))
	for i := range l.rules {
		rules[i] = l.rules[i].rule
	}
	return rules
}

// Default returns the verdict for interactions that no rule matches.
func (l *List) Default() Verdict { return l.verdict }

// Decide returns the decision of the first rule that matches the interaction:
// ["interaction", type, from, to, request id, body] (netcode/PROTOCOL.md, "Interactions"),
// decoded as for [Pattern.Match]. In a deny rule an error in a guard counts as a match:
// otherwise a number sent where the rule expects a string would bypass it. A rule that fails
// denies, whatever its verdict. Decide may be called concurrently if env allows it.
func (l *List) Decide(interaction []any, env Env) Decision {
	candidates := l.index.candidates(interaction)
	for i := candidates.next(); i >= 0; i = candidates.next() {
		r := &l.rules[i]
		if !allMet(r.open, interaction) {
			continue
		}
		if d, decided := r.rule.try(interaction, env); decided {
			return d
		}
	}
	return Decision{Verdict: l.verdict}
}

// Verdict is a rule's decision about the interactions it matches.
type Verdict uint8

const (
	Deny Verdict = iota // the zero value: no decision means deny
	Allow
)

// ParseVerdict reads "deny" or "allow".
func ParseVerdict(text string) (Verdict, error) {
	switch text {
	case "deny":
		return Deny, nil
	case "allow":
		return Allow, nil
	}
	return Deny, fmt.Errorf("%.100q is no verdict: write \"allow\" or \"deny\"", text)
}

func (v Verdict) String() string {
	if v == Allow {
		return "allow"
	}
	return "deny"
}

// Rule is one rule of a [List]. It may be in several lists, and its counters cover
// all of them. Once in a list it must not be copied or changed.
type Rule struct {
	ID      string
	Verdict Verdict
	Pattern *Pattern
	Origin  string // a file, an agent, or the defaults

	hits        atomic.Uint64
	guardErrors atomic.Uint64
}

// Hits returns the number of interactions that the rule has decided.
func (r *Rule) Hits() uint64 { return r.hits.Load() }

// GuardErrors returns the number of interactions that caused an error in a guard.
func (r *Rule) GuardErrors() uint64 { return r.guardErrors.Load() }

// Decision is the decision of a [List] about one interaction.
type Decision struct {
	Verdict Verdict
	// Rule is the rule that decided or failed. Nil means that none matched, and the
	// verdict is the list's default.
	Rule *Rule
	// GuardError, a [*GuardError], is set if the rule denies because of an error in
	// its guard.
	GuardError error
	// Failure is set if the rule could not be tried, see [Result]. The verdict is
	// then [Deny]. Callers should log it.
	Failure error
}

// try reports whether the rule decides about an interaction, and how.
func (r *Rule) try(interaction []any, env Env) (d Decision, decided bool) {
	result := r.Pattern.matchItems(interaction, env)
	if result.GuardError != nil {
		r.guardErrors.Add(1)
	}
	switch {
	case result.Failure != nil:
		return Decision{Deny, r, nil, result.Failure}, true
	case result.Matched:
		r.hits.Add(1)
		return Decision{Verdict: r.Verdict, Rule: r}, true
	case result.GuardError != nil && r.Verdict == Deny:
		r.hits.Add(1)
		return Decision{Deny, r, result.GuardError, nil}, true
	}
	return Decision{}, false
}

// Reason describes in a few words why the decision was made.
func (d Decision) Reason() string {
	if d.Rule == nil {
		return d.Verdict.String() + " is the default"
	}
	name := "rule " + d.Rule.ID
	if d.Rule.Origin != "" {
		name += " (" + d.Rule.Origin + ")"
	}
	switch {
	case d.Failure != nil:
		return name + " could not be tried: " + d.Failure.Error()
	case d.GuardError != nil:
		return name + " does not work on this message: " + d.GuardError.Error()
	default:
		return name
	}
}

// indexed are the positions in an interaction by which a [List] is indexed: its
// type, its receiver and the first item of its body.
var indexed = [...]requirement{{in: -1, item: 1}, {in: -1, item: 3}, {in: 5, item: 0}}

// ruleIndex finds the rules whose pattern requires, at each indexed position, the
// string that an interaction has there, or none.
type ruleIndex struct {
	names   [len(indexed)]map[string]uint32 // numbers of the strings at each position, from 1; 0 is none
	buckets map[ruleKey][]int               // positions in the list, ascending
}

type ruleKey [len(indexed)]uint32

// add indexes a rule by its position in the list, which must ascend from call to
// call. It returns the requirements that the index does not cover, which must be
// checked before the rule is tried.
func (x *ruleIndex) add(position int, p *Pattern) (open []requirement) {
	if x.buckets == nil {
		x.buckets = map[ruleKey][]int{}
		for i := range x.names {
			x.names[i] = map[string]uint32{}
		}
	}
	var key ruleKey
	for _, r := range requirements(p.rule, certain) {
		i := slices.IndexFunc(indexed[:], func(at requirement) bool { return at.in == r.in && at.item == r.item })
		if i < 0 || key[i] != 0 {
			open = append(open, r)
			continue
		}
		if x.names[i][r.text] == 0 {
			x.names[i][r.text] = uint32(len(x.names[i]) + 1)
		}
		key[i] = x.names[i][r.text]
	}
	x.buckets[key] = append(x.buckets[key], position)
	slices.Reverse(open) // the first items are the most alike
	return open
}

// candidates returns the rules that may match the interaction.
func (x *ruleIndex) candidates(interaction []any) candidates {
	var c candidates
	key := x.key(interaction)
	for mask := range 1 << len(key) {
		k, distinct := key, true
		for i := range k {
			if mask>>i&1 == 0 {
				continue
			}
			distinct = distinct && k[i] != 0 // otherwise it is the bucket without this bit
			k[i] = 0
		}
		if bucket := x.buckets[k]; distinct && len(bucket) > 0 {
			c.buckets[c.count] = bucket
			c.count++
		}
	}
	return c
}

// key returns the numbers of the interaction's strings at the indexed positions.
func (x *ruleIndex) key(interaction []any) (key ruleKey) {
	for i := range indexed {
		if text, ok := indexed[i].textIn(interaction); ok {
			key[i] = x.names[i][text]
		}
	}
	return key
}

// candidates merges the positions in several buckets in ascending order.
type candidates struct {
	buckets [8][]int
	count   int
}

// next returns the next position, -1 after the last.
func (c *candidates) next() int {
	if c.count == 0 {
		return -1
	}
	first := 0
	for i := 1; i < c.count; i++ {
		if c.buckets[i][0] < c.buckets[first][0] {
			first = i
		}
	}
	position := c.buckets[first][0]
	c.buckets[first] = c.buckets[first][1:]
	if len(c.buckets[first]) == 0 {
		c.count--
		c.buckets[first] = c.buckets[c.count]
	}
	return position
}
