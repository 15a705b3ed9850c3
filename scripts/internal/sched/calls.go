package sched

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/sandbox"
)

// Calls are the calls of handlers of one load of the scripts.
type Calls struct {
	*Scheduler
	scope    *Scope
	state    *bind.State
	log      *slog.Logger
	broke    func(error) // called when the Lua state broke
	backoffs backoffs
	spots    map[string]*ErrorAt // errors so far, by where they happened
}

// NewCalls returns the calls of scripts that run in a state. Broke is called on the turn with
// what the state broke with.
func (s *Scheduler) NewCalls(scope *Scope, state *bind.State, log *slog.Logger, broke func(error)) *Calls {
	return &Calls{
		Scheduler: s, scope: scope, state: state, log: log, broke: broke,
		backoffs: backoffs{most: s.limits.Backoff}, spots: map[string]*ErrorAt{},
	}
}

// Forget drops rests that have long passed.
func (c *Calls) Forget() { c.backoffs.forget(c.turn.Time()) }

// Call runs a handler within its budget, on the account of its cause. About is
// the entity, agent or verb at hand, for the log. An error has been logged when it
// returns, but where the call did not start: ErrBusy, or [RestingError].
func (c *Calls) Call(h *Handler, about string, args ...lua.LValue) ([]lua.LValue, error) {
	run := func(b sandbox.Budget) ([]lua.LValue, error) { return c.state.Call(b, h.Fn, args...) }
	if !c.scope.Live() { // beside a place that runs, of which nothing may be touched
		return run(c.limits.CallBudget())
	}
	return c.Account(h, about, run)
}

// Account runs a handler, and charges for it. What it calls itself is part of it.
func (c *Calls) Account(h *Handler, about string, run func(b sandbox.Budget) ([]lua.LValue, error)) ([]lua.LValue, error) {
	by, nested := c.Cause(), c.state.Running()
	b, err := c.allowed(h, by, nested)
	if err != nil {
		return nil, err
	}
	defer func(before *Quota) { c.acting = before }(c.acting)
	c.acting = by
	began := time.Now()
	values, err := c.weighed(h, func() ([]lua.LValue, error) { return run(b) })
	s := &c.Spent[h.kind]
	s.Calls++
	if !nested {
		used := c.state.Used() + handlerPrice
		if err != nil {
			used += failurePrice
		}
		c.charge(by, used)
		s.Time += time.Since(began)
		s.Instructions += uint64(c.state.Used())
	}
	if err != nil {
		s.Errors++
		c.failed(h, by, about, err, nested)
	} else if !nested {
		c.backoffs.finished(h, by.who)
	}
	return values, err
}

// weighed runs a handler, and notes what the heap grew by meanwhile, if that is asked for.
func (c *Calls) weighed(h *Handler, run func() ([]lua.LValue, error)) ([]lua.LValue, error) {
	heap := c.Growth.begin()
	defer c.Growth.end(h, heap) // whatever it ends with: what is deeper is not weighed
	return run()
}

// allowed is the budget of a handler that is to run, or why it does not.
func (c *Calls) allowed(h *Handler, by *Quota, nested bool) (b sandbox.Budget, err error) {
	now := c.turn.Time()
	if rest := max(c.Growth.rests(h, now), c.backoffs.rests(h, by.who, now)); rest > 0 {
		return b, RestingError{rest}
	}
	b = c.limits.CallBudget()
	switch {
	case nested: // spends the outer one's
	case c.Resting:
		return b, ErrBusy
	case c.Opening:
		b = c.limits.LoadBudget()
	case h.urgent && !c.Open(by):
		b.Instructions = min(b.Instructions, c.limits.Reserve)
	}
	return b, nil
}

// ErrBusy is what a call fails with that did not start, because the scripts' state is
// being made again.
var ErrBusy = errors.New("the place is too busy, please try again")

// IsCutOff reports whether a call failed because it took too much.
func IsCutOff(err error) bool {
	return errors.Is(err, sandbox.ErrCallBudget) || errors.Is(err, sandbox.ErrMemory)
}

// failed logs what a handler failed with, and has it rest if it was cut off.
func (c *Calls) failed(h *Handler, by *Quota, about string, err error, nested bool) {
	if errors.Is(err, sandbox.ErrBroken) {
		c.broke(err)
		return
	}
	loud := c.Report(h.What, about, err)
	if !IsCutOff(err) || nested { // the outermost has used the budget up
		return
	}
	c.Spent[h.kind].CutOffs++
	if h.guard {
		return
	}
	rest := c.backoffs.cutOff(h, by.who, err.Error(), c.turn.Time())
	if loud {
		args := []any{"handler", h.What, "at", h.Spot(), "seconds", rest.until - c.turn.Time(), "times", rest.times}
		if by != c.Place {
			args = append(args, "for", by.who)
		}
		c.log.Warn("a handler rests: it was cut off; place.task and place.wait spread work over heartbeats", args...)
	}
}

const (
	// handlerPrice is what each call of a handler counts, in instructions.
	handlerPrice = 50
	// failurePrice is for one that fails: its traceback, and the log.
	failurePrice = 500
)

// maxSpots is how many different errors are told apart; beyond, all count as one.
const maxSpots = 1000

// Report logs an error in full the first time it happens at a spot, and from then on
// that it does, ever more rarely: at the 2nd, 4th, 8th… time. It reports whether it did.
func (c *Calls) Report(what, about string, err error) bool {
	var e *sandbox.Error
	if !errors.As(err, &e) {
		e = &sandbox.Error{Message: err.Error()}
	}
	spot := fmt.Sprintf("%s:%d %s", e.File, e.Line, what)
	if c.spots[spot] == nil && len(c.spots) >= maxSpots {
		spot = "many"
	}
	at := c.spots[spot]
	if at == nil {
		at = &ErrorAt{}
		if spot != "many" {
			at.File, at.Line = e.File, e.Line
		}
		c.spots[spot] = at
	}
	at.Count++
	at.Handler, at.Message, at.At = what, e.Message, c.turn.Time()
	count := at.Count
	args := []any{"handler", what}
	if about != "" {
		args = append(args, "about", about)
	}
	c.Errors++
	switch {
	case count == 1:
		args = append(args, "error", e.Error(), "function", e.Function, "traceback", e.Traceback)
		c.log.Error("error in a script", args...)
	case bits.OnesCount(uint(count)) == 1:
		c.log.Error("error in a script, again", append(args, "error", e.Error(), "times", count)...)
	default:
		return false
	}
	return true
}

// Look calls a handler that must not change the place.
func (c *Calls) Look(h *Handler, about string, args ...lua.LValue) (results []lua.LValue, err error) {
	c.scope.Looking(func() { results, err = c.Call(h, about, args...) })
	return results, err
}

// Payer returns the quota that pays for what scripts do now: the place's own at the top level.
func (c *Calls) Payer() *Quota {
	if c.scope.Live() {
		return c.Cause()
	}
	return c.Place
}

// What an agent is told where a script failed, or did not run. What failed is in the log.
const (
	ScriptFailed = "script error"
	TookTooLong  = "the script takes too long at this"
	OverQuota    = "you have the place's scripts do too much at once, try again in a moment"
)

// Explain returns what an agent is told of a handler's failure.
func Explain(err error) string {
	rest, rests := errors.AsType[RestingError](err)
	switch {
	case rests:
		return rest.Error()
	case err == ErrBusy:
		return err.Error()
	case IsCutOff(err):
		return TookTooLong
	}
	return ScriptFailed
}

// ErrorAt is an error that handlers make at one spot.
type ErrorAt struct {
	File    string // "" where unknown, or where there are too many spots to tell apart
	Line    int
	Handler string
	Message string // of the newest
	Count   int
	At      float64 // when it last happened, on the place's clock, in seconds
}

// ErrorsSoFar returns the errors of these scripts, in no order.
func (c *Calls) ErrorsSoFar() (all []ErrorAt) {
	for _, e := range c.spots {
		all = append(all, *e)
	}
	return all
}

// Rest is a handler that rests: it was cut off, or took ever more memory.
type Rest struct {
	Handler string
	At      string  // the function: "lib/doors.lua:3"
	For     string  // the agent that it rests for, "" for what the place does itself, "everybody"
	Since   float64 // when it first was cut off, on the place's clock, in seconds
	Until   float64 // when it is tried again
	Times   int     // it was cut off in a row
	Why     string
}

// Rests returns the handlers that rest because they were cut off, in no order.
func (c *Calls) Rests() (all []Rest) {
	now := c.turn.Time()
	for key, rest := range c.backoffs.by {
		if rest.until > now {
			all = append(all, Rest{rest.what, SpotOf(key.fn), key.who, rest.since, rest.until, rest.times, rest.why})
		}
	}
	return all
}

// CallFor calls a handler on the account of a quota.
func (c *Calls) CallFor(by *Quota, h *Handler, about string, args ...lua.LValue) ([]lua.LValue, error) {
	before := c.acting
	c.acting = by
	results, err := c.Call(h, about, args...)
	c.acting = before
	return results, err
}
