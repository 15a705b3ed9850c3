package acl

import (
	"slices"
	"sync"
)

// Pattern is a compiled pattern. It never changes and may be used by any number
// of goroutines at once.
type Pattern struct {
	rule      *rule
	text      string   // canonical
	variables []string // in order of appearance
	root      matcher
	names     []string // of variables by slot; the first kept ones are read
	kept      int
	reads     []read // what guards read
	guards    guards
	frames    sync.Pool // of *frame
}

// read is a variable that a guard reads: its slot, and its name in expr.
type read struct {
	slot int
	name string
}

// Option says something about the source of a pattern.
type Option func(*source)

// At says where the pattern stands, for errors: the name of a file, which may be
// empty, and the number of the pattern's first line in it, 1 if it is left out.
func At(file string, line int) Option {
	return func(s *source) { s.file, s.line = file, line }
}

// Compile makes a pattern of its source. An error is an [*Error].
func Compile(text string, options ...Option) (*Pattern, error) {
	s := source{text: text, line: 1}
	for _, option := range options {
		option(&s)
	}
	r, variables, err := parse(&s)
	if err != nil {
		return nil, err
	}
	p := &Pattern{rule: r, text: r.String(), variables: variables}
	p.root, p.names, p.kept = matcherOf(r, variables)
	read := p.readByGuards()
	if p.guards, err = compileGuards(r.guards, read); err != nil {
		return nil, s.errorAt(0, "%s", err)
	}
	return p, nil
}

// readByGuards returns the names of the variables that guards read, and notes
// their slots.
func (p *Pattern) readByGuards() []string {
	var names []string
	for _, guard := range p.rule.guards {
		names = variableNames(guard, names)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	slots := map[string]int{}
	for slot, name := range p.names {
		slots[name] = slot
	}
	for _, name := range names {
		p.reads = append(p.reads, read{slots[name], "v_" + name})
	}
	return names
}

// String returns the pattern in its canonical form, which compiles to the same.
func (p *Pattern) String() string { return p.text }

// Variables returns the names that the pattern binds, in order of appearance.
func (p *Pattern) Variables() []string { return slices.Clone(p.variables) }

// GuardSource returns the guards as they are compiled to expr, one on a line, and
// below them the constants they use. It is empty without a guard.
func (p *Pattern) GuardSource() string { return p.guards.String() }

// Result is what came of a match.
type Result struct {
	// Matched is true if the pattern fits and there is no guard, or one that is
	// exactly true.
	Matched bool
	// GuardError is the first error in a guard, a [*GuardError]. It makes that
	// guard false; Matched may still be true by another one. One who denies by
	// this pattern must take it for a match.
	GuardError error
	// Failure is an error of ours, not of the pattern or message: the [Env] could
	// not answer, or something panicked, or the match was given up (see
	// [MaxSteps]). Matched is false then and says nothing; one who decides by it
	// must deny.
	Failure error
	// Steps is how much work the match was, see [MaxSteps].
	Steps int

	pattern *Pattern
	message any
}

// Match matches a message, of the forms that JSON decodes to: map[string]any,
// []any, string, float64, bool and nil. Anything else in it matches variables and _
// only. Env may be nil
// if no guard asks about the place. The message is not changed, and must not be
// while the result is in use.
func (p *Pattern) Match(message any, env Env) Result {
	r := p.match(message, env, MaxSteps)
	r.pattern, r.message = p, message
	return r
}

// MatchWithin is Match with another bound than [MaxSteps], if it is lower.
func (p *Pattern) MatchWithin(message any, env Env, steps int) Result {
	r := p.match(message, env, min(steps, MaxSteps))
	r.pattern, r.message = p, message
	return r
}

// match is Match without bindings.
func (p *Pattern) match(message any, env Env, steps int) Result {
	limit := work(steps)
	if p.kept == 0 {
		m := matching{work: limit}
		return p.conclude(&m, m.match(&p.root, message), env, limit)
	}
	var few [8]any // on the stack
	m := matching{work: limit, slots: few[:]}
	if p.kept > len(few) {
		m.slots = make([]any, p.kept)
	}
	return p.conclude(&m, m.match(&p.root, message), env, limit)
}

// matchItems is Match for a list that is not a value yet, without bindings.
func (p *Pattern) matchItems(items []any, env Env) Result {
	var few [8]any
	m := matching{work: MaxSteps, slots: few[:]}
	if p.kept > len(few) {
		m.slots = make([]any, p.kept)
	}
	return p.conclude(&m, m.tail(&p.root, items), env, MaxSteps)
}

// conclude runs the guards of a pattern that fits.
func (p *Pattern) conclude(m *matching, fits bool, env Env, limit work) Result {
	switch {
	case m.work < 0:
		return Result{Failure: ErrTooMuchWork, Steps: int(limit)}
	case !fits || len(p.guards.all) == 0:
		return Result{Matched: fits, Steps: int(limit - m.work)}
	}
	f, ok := p.frames.Get().(*frame)
	if !ok {
		f = newFrame(&p.guards)
	}
	for _, r := range p.reads {
		f.names[r.name] = m.slots[r.slot]
	}
	f.env, f.work = env, m.work
	r := f.tryAll(p.guards.all)
	r.Steps = int(limit - max(f.work, 0))
	if r.Failure == nil { // after a panic nothing is known of a frame
		p.frames.Put(f)
	}
	return r
}

// tryAll runs guards up to the first that passes. An error in one does not stop
// the next.
func (f *frame) tryAll(all []guard) (r Result) {
	for i := range all {
		passed := f.run(&all[i])
		if f.failure != nil {
			return Result{Failure: f.failure}
		}
		if f.err != nil && r.GuardError == nil {
			r.GuardError = f.err
		}
		if passed {
			r.Matched = true
			return r
		}
	}
	return r
}

// Bindings returns the values of the pattern's variables, which are parts of the
// message, or nil if it did not match.
func (r Result) Bindings() map[string]any {
	if !r.Matched || r.pattern == nil {
		return nil
	}
	return r.pattern.bindings(r.message)
}

// bindings matches the message, which fits, once more to see what is bound.
func (p *Pattern) bindings(message any) map[string]any {
	m := matching{work: MaxSteps, all: true, slots: make([]any, len(p.names))}
	m.match(&p.root, message)
	bound := make(map[string]any, len(p.names))
	for slot, name := range p.names {
		bound[name] = m.slots[slot]
	}
	return bound
}
