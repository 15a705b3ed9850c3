package acl

import (
	"slices"
	"sync"
)

// Pattern is a compiled pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	rule      *rule
	text      string   // canonical
	variables []string // in order of appearance
	root      matcher
	names     []string // variables by slot; the first kept of them are read
	kept      int
	reads     []read // what guards read
	guards    guards
	frames    sync.Pool // of *frame
}

// read is a variable that a guard reads: its slot, and its name in the expr source.
type read struct {
	slot int
	name string
}

// Option is an option of [Compile].
type Option func(*source)

// At sets the position of the pattern for errors: the name of a file, which may be
// empty, and the number of the pattern's first line in it. The default is line 1.
func At(file string, line int) Option {
	return func(s *source) { s.file, s.line = file, line }
}

// Compile compiles a pattern. Its error is an [*Error].
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

// readByGuards returns the names of the variables that guards read, and stores
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

// GuardSource returns the expr source of the guards, one per line, followed by the
// constants they use. It is empty without guards.
func (p *Pattern) GuardSource() string { return p.guards.String() }

// Result is the result of a match.
type Result struct {
	// Matched is true if the pattern fits and there is no guard, or one that is
	// exactly true.
	Matched bool
	// GuardError is the first error in a guard, a [*GuardError]. It makes that
	// guard false; Matched may still be true by another one. A rule that denies
	// must treat it as a match.
	GuardError error
	// Failure is an error that is neither the pattern's nor the message's: the [Env]
	// could not answer, something panicked, or the match took more than [MaxSteps].
	// Matched is then false without meaning, and a rule must deny.
	Failure error
	// Steps is the number of steps the match took, see [MaxSteps].
	Steps int

	pattern *Pattern
	message any
}

// Match matches a message, which is decoded JSON: map[string]any, []any, string,
// float64, bool and nil. Anything else in it matches only variables and _. Env may
// be nil if no guard asks about the place. Match does not change the message, which
// must not change while the result is in use.
func (p *Pattern) Match(message any, env Env) Result {
	r := p.match(message, env, MaxSteps)
	r.pattern, r.message = p, message
	return r
}

// MatchWithin is Match with a lower limit than [MaxSteps].
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

// conclude runs the guards if the pattern fits.
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
	if r.Failure == nil { // after a panic the state of a frame is unknown
		p.frames.Put(f)
	}
	return r
}

// tryAll runs guards until one passes. After an error in one it tries the next.
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

// Bindings returns the values of the pattern's variables, which share memory with
// the message, or nil if it did not match.
func (r Result) Bindings() map[string]any {
	if !r.Matched || r.pattern == nil {
		return nil
	}
	return r.pattern.bindings(r.message)
}

// bindings matches a message again to find the values of all variables.
func (p *Pattern) bindings(message any) map[string]any {
	m := matching{work: MaxSteps, all: true, slots: make([]any, len(p.names))}
	m.match(&p.root, message)
	bound := make(map[string]any, len(p.names))
	for slot, name := range p.names {
		bound[name] = m.slots[slot]
	}
	return bound
}
