package acl

import "sync/atomic"

// Rule is one rule of a [List]. It may be in several lists, one after another:
// its counts go on. It must not be copied, nor its fields changed once it is in a
// list.
type Rule struct {
	ID      string
	Verdict Verdict
	Pattern *Pattern
	Origin  string // where it comes from: a file, an agent, the defaults

	hits        atomic.Uint64
	guardErrors atomic.Uint64
}

// Hits tells how often the rule has decided.
func (r *Rule) Hits() uint64 { return r.hits.Load() }

// GuardErrors tells how many interactions made a guard of the rule fail.
func (r *Rule) GuardErrors() uint64 { return r.guardErrors.Load() }

// Decision is what a [List] says of one interaction.
type Decision struct {
	Verdict Verdict
	// Rule has decided, or failed; nil means that none matched, and the verdict
	// is the list's default.
	Rule *Rule
	// GuardError is set where the rule denies because its guard does not work on
	// this message, a [*GuardError].
	GuardError error
	// Failure is set where the rule could not be tried, for a reason of ours; the
	// verdict is [Deny] whatever the rule's. It is worth a line in the log.
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

// Reason says in a few words why the decision is what it is.
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
