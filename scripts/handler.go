package scripts

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/sandbox"
)

// handler is a function of a script's, and what it is there for: `event "join"`.
type handler struct {
	fn   *lua.LFunction
	what string
	kind int // index into handlerKinds
}

func newHandler(fn *lua.LFunction, what string) *handler {
	return &handler{fn, what, handlerKind(what)}
}

// errOff is what a handler that is switched off answers.
var errOff = errors.New("switched off until the next reload")

// offender is a function that was cut off lately.
type offender struct {
	at  []float64 // when, in seconds of the place's clock, the oldest first
	off bool
}

// handler takes the function that is argument n.
func (g *generation) handler(L *lua.LState, n int, what string) *handler {
	fn := L.CheckFunction(n)
	if fn.IsG {
		L.ArgError(n, "a function written in Lua expected")
	}
	return newHandler(fn, what)
}

// where is the place in a script that calls: "lib/doors.lua:3".
func where(L *lua.LState) string { return strings.TrimSuffix(L.Where(1), ":") }

// call runs a handler within its budget. About is the entity, agent or verb at hand, for
// the log. An error has been logged when it returns, but for
// [sandbox.ErrHeartbeatBudget] where the call did not start: see started.
func (g *generation) call(h *handler, about string, args ...lua.LValue) ([]lua.LValue, error) {
	if g.isOff(h.fn.Proto) {
		return nil, errOff
	}
	if !g.live { // beside a place that runs, of which nothing may be touched
		return g.s.Call(g.budget(), h.fn, args...)
	}
	before := g.r.pool.Left()
	values, err := g.weighed(h, args)
	g.spend(h, before, err)
	if err != nil {
		g.failed(h, about, err)
	}
	return values, err
}

// weighed runs a handler, and notes what the heap grew by meanwhile, if that is asked for.
func (g *generation) weighed(h *handler, args []lua.LValue) ([]lua.LValue, error) {
	heap := g.r.memory.begin()
	defer g.r.memory.end(h, heap) // whatever it ends with: what is deeper is not weighed
	return g.s.Call(g.budget(), h.fn, args...)
}

// budget is what one call may take. While scripts are loaded there is no heartbeat to
// share.
func (g *generation) budget() sandbox.Budget {
	b := sandbox.Budget{Time: g.r.config.Limits.Call}
	if g.live {
		b.Pool = &g.r.pool
	}
	return b
}

// started tells whether a call that gave an error ever began. One that did not may be
// tried again in the next heartbeat.
func started(err error) bool { return err != sandbox.ErrHeartbeatBudget }

// failed logs what a handler failed with, once for each spot, and switches off who is
// cut off too often.
func (g *generation) failed(h *handler, about string, err error) {
	if !started(err) {
		return
	}
	if errors.Is(err, sandbox.ErrBroken) {
		g.r.broken.Store(&err)
		g.r.replace(g, &g.r.memory.mended, err)
		return
	}
	g.report(h.what, about, err)
	if !errors.Is(err, sandbox.ErrCallBudget) && !errors.Is(err, sandbox.ErrMemory) {
		return
	}
	if g.offends(h.fn.Proto) {
		g.log.Error("a handler is switched off until the next reload: it was cut off too often",
			"handler", h.what, "times", g.r.config.Limits.Offences, "within", g.r.config.Limits.OffenceWindow)
	}
}

// offends notes that a function was cut off, and tells whether that was once too often.
func (g *generation) offends(p *lua.FunctionProto) bool {
	o := g.offences[p]
	if o == nil {
		o = &offender{}
		g.offences[p] = o
	}
	limits := &g.r.config.Limits
	now := g.r.turn.Time()
	for len(o.at) > 0 && o.at[0] < now-limits.OffenceWindow.Seconds() {
		o.at = o.at[1:]
	}
	o.at = append(o.at, now)
	if o.off || len(o.at) < limits.Offences {
		return false
	}
	o.off = true
	return true
}

// maxSpots is how many different errors are told apart; beyond, all count as one.
const maxSpots = 1000

// report logs an error in full the first time it happens at a spot, and from then on
// that it does, ever more rarely: at the 2nd, 4th, 8th… time.
func (g *generation) report(what, about string, err error) {
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
	switch {
	case count == 1:
		args = append(args, "error", e.Error(), "function", e.Function, "traceback", e.Traceback)
		g.log.Error("error in a script", args...)
	case bits.OnesCount(uint(count)) == 1:
		g.log.Error("error in a script, again", append(args, "error", e.Error(), "times", count)...)
	}
	g.r.errors++
}
