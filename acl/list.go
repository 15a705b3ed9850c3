package acl

// List is an ordered list of rules with a default, an access control list. It
// never changes: to change the rules, make another and put it in the place of the
// first at once (an atomic.Pointer does). The zero List denies everything.
type List struct {
	rules   []listed
	verdict Verdict
	index   ruleIndex
}

// listed is a rule and what to look at before it is tried.
type listed struct {
	rule *Rule
	open []requirement
}

// NewList makes a list of rules in the order in which they are tried. Verdict is
// for interactions that none of them matches.
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

// Decide gives what the first rule says that matches the interaction:
// ["interaction", type, from, to, request id, body] (netcode/PROTOCOL.md, "Interactions"),
// of the forms that [Pattern.Match] takes. In a deny rule an error in a guard counts as a
// match: else one could slip past the rule by sending a number where it expects a string. A
// rule that fails denies, whatever its verdict. Any number of goroutines may decide at
// once, if env may be asked by them.
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
