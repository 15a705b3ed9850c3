package scripts

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/sandbox"
)

// handler is a function of a script's, and what it is there for: `event "join"`.
type handler struct {
	fn   *lua.LFunction
	what string
	kind int // index into handlerKinds
	// guard: it is asked whether something may be. One that is cut off denies that, and
	// does not rest.
	guard bool
	// urgent: it is a guard that cannot wait for the next heartbeat. Where the quota of
	// whoever caused it is used up, it has [Limits].Reserve.
	urgent bool
}

func newHandler(fn *lua.LFunction, what string) *handler {
	h := &handler{fn: fn, what: what, kind: handlerKind(what)}
	announce := strings.HasSuffix(what, ` "announce"`)
	switch handlerKinds[h.kind] {
	case "validate", "hears":
		h.guard, h.urgent = true, true
	case "guard":
		h.guard, h.urgent = true, announce
	case "verb":
		h.guard, h.urgent = announce, announce
	}
	return h
}

// handler takes the function that is argument n.
func (g *generation) handler(L *lua.LState, n int, what string) *handler {
	return newHandler(bind.Function(L, n), what)
}

// call runs a handler within its budget, on the account of whoever caused it. About is
// the entity, agent or verb at hand, for the log. An error has been logged when it
// returns, but where the call did not start: errBusy, or restingError.
func (g *generation) call(h *handler, about string, args ...lua.LValue) ([]lua.LValue, error) {
	run := func(b sandbox.Budget) ([]lua.LValue, error) { return g.Call(b, h.fn, args...) }
	if !g.live { // beside a place that runs, of which nothing may be touched
		return run(g.r.config.Limits.budget())
	}
	return g.account(h, about, run)
}

// account has a handler run, and charges for it. What it calls itself is part of it.
func (g *generation) account(h *handler, about string, run func(b sandbox.Budget) ([]lua.LValue, error)) ([]lua.LValue, error) {
	q := &g.r.quotas
	by, nested := q.cause(g.r.turn), g.Running()
	b, err := g.allowed(h, by, nested)
	if err != nil {
		return nil, err
	}
	defer func(before *quota) { q.acting = before }(q.acting)
	q.acting = by
	began := time.Now()
	values, err := g.weighed(h, func() ([]lua.LValue, error) { return run(b) })
	s := &g.r.spent[h.kind]
	s.Calls++
	if !nested {
		used := g.Used() + handlerPrice
		if err != nil {
			used += failurePrice
		}
		q.charge(by, used)
		s.Time += time.Since(began)
		s.Instructions += uint64(g.Used())
	}
	if err != nil {
		s.Errors++
		g.failed(h, by, about, err, nested)
	} else if !nested {
		g.backoffs.finished(h, by.who)
	}
	return values, err
}

// weighed runs a handler, and notes what the heap grew by meanwhile, if that is asked for.
func (g *generation) weighed(h *handler, run func() ([]lua.LValue, error)) ([]lua.LValue, error) {
	heap := g.r.memory.begin()
	defer g.r.memory.end(h, heap) // whatever it ends with: what is deeper is not weighed
	return run()
}

// allowed is the budget of a handler that is to run, or why it does not.
func (g *generation) allowed(h *handler, by *quota, nested bool) (b sandbox.Budget, err error) {
	r := g.r
	now := r.turn.Time()
	if rest := max(r.memory.rests(h, now), g.backoffs.rests(h, by.who, now)); rest > 0 {
		return b, restingError{rest}
	}
	b = r.config.Limits.budget()
	switch {
	case nested: // spends the outer one's
	case r.memory.resting:
		return b, errBusy
	case r.opening:
		b = r.config.Limits.loading()
	case h.urgent && !r.quotas.open(by):
		b.Instructions = min(b.Instructions, r.config.Limits.Reserve)
	}
	return b, nil
}

// errBusy is what a call fails with that did not start, because the scripts' state is
// being made anew.
var errBusy = errors.New("the place is too busy, please try again")

// isCutOff reports whether a call failed because it took too much.
func isCutOff(err error) bool {
	return errors.Is(err, sandbox.ErrCallBudget) || errors.Is(err, sandbox.ErrMemory)
}

// failed logs what a handler failed with, and has it rest if it was cut off.
func (g *generation) failed(h *handler, by *quota, about string, err error, nested bool) {
	r := g.r
	if errors.Is(err, sandbox.ErrBroken) {
		r.broken.Store(&err)
		r.replace(g, &r.memory.mended, err)
		return
	}
	loud := g.report(h.what, about, err)
	if !isCutOff(err) || nested { // the outermost has used the budget up
		return
	}
	r.spent[h.kind].CutOffs++
	if h.guard {
		return
	}
	rest := g.backoffs.cutOff(h, by.who, err.Error(), r.turn.Time())
	if loud {
		args := []any{"handler", h.what, "at", spotOfFunction(h.fn.Proto), "seconds", rest.until - r.turn.Time(), "times", rest.times}
		if by != r.quotas.place {
			args = append(args, "for", by.who)
		}
		g.log.Warn("a handler rests: it was cut off; place.task and place.wait spread work over heartbeats", args...)
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

// report logs an error in full the first time it happens at a spot, and from then on
// that it does, ever more rarely: at the 2nd, 4th, 8th… time. It reports whether it did.
func (g *generation) report(what, about string, err error) bool {
	var e *sandbox.Error
	if !errors.As(err, &e) {
		e = &sandbox.Error{Message: err.Error()}
	}
	spot := fmt.Sprintf("%s:%d %s", e.File, e.Line, what)
	if g.spots[spot] == nil && len(g.spots) >= maxSpots {
		spot = "many"
	}
	at := g.spots[spot]
	if at == nil {
		at = &ErrorStatus{}
		if spot != "many" {
			at.File, at.Line = e.File, e.Line
		}
		g.spots[spot] = at
	}
	at.Count++
	at.Handler, at.Message, at.At = what, e.Message, g.r.turn.Time()
	count := at.Count
	args := []any{"handler", what}
	if about != "" {
		args = append(args, "about", about)
	}
	g.r.errors++
	switch {
	case count == 1:
		args = append(args, "error", e.Error(), "function", e.Function, "traceback", e.Traceback)
		g.log.Error("error in a script", args...)
	case bits.OnesCount(uint(count)) == 1:
		g.log.Error("error in a script, again", append(args, "error", e.Error(), "times", count)...)
	default:
		return false
	}
	return true
}
