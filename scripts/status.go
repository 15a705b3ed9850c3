package scripts

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/sandbox"
)

// Status is how a place's scripts are doing. What counts goes on over reloads, but for
// Errors.
type Status struct {
	Generation int // in force: 1 for what the place opened with
	Files      int
	Components int
	Reloads    uint64         // that worked
	Failed     uint64         // that did not, so that the old scripts run on
	Failure    *ReloadFailure // of the newest reload, nil if it worked
	Handlers   []HandlerStatus
	Errors     []ErrorStatus // of this generation, the newest first, 100 at most
	Resting    []RestStatus  // handlers that rest because of what they cost, 100 at most
	Refused    uint64        // requests of agents that had scripts do too much
	Waiting    int           // what waits for a heartbeat that it fits into
}

// RestStatus is a handler that rests: it was cut off, or took ever more memory.
type RestStatus struct {
	Handler string
	At      string  // the function: "lib/doors.lua:3"
	For     string  // the agent that it rests for, "" for what the place does itself, "everybody"
	Since   float64 // when it first was cut off, on the place's clock, in seconds
	Until   float64 // when it is tried again
	Times   int     // it was cut off in a row
	Why     string
}

// ReloadFailure is what is wrong with scripts that were not put in force.
type ReloadFailure struct {
	Error string
	File  string // "" if it is about none
	Line  int
	At    time.Time
}

// HandlerStatus is what handlers of a kind have cost: "event", "guard", "verb",
// "hears", "timer", "task", "subscription", and those of components: "validate",
// "added", "changed", "removed" and "tick". What one sets off and waits for is in its
// time.
type HandlerStatus struct {
	Kind         string
	Calls        uint64
	Errors       uint64
	CutOffs      uint64 // of these, calls over their budget
	Time         time.Duration
	Instructions uint64
}

// ErrorStatus is an error that handlers make at one spot.
type ErrorStatus struct {
	File    string // "" where unknown, or where there are too many spots to tell apart
	Line    int
	Handler string
	Message string // of the newest
	Count   int
	At      float64 // when it last happened, on the place's clock, in seconds
}

// maxErrors is how many spots Status tells of.
const maxErrors = 100

// Status tells how the scripts are doing, on the place's turn.
func (r *Runtime) Status(*engine.Turn) Status {
	s := Status{Reloads: r.reloads.Load(), Failed: r.failures.Load(), Failure: r.failure.Load()}
	for kind, h := range r.sched.Spent {
		s.Handlers = append(s.Handlers, HandlerStatus{sched.Kinds[kind], h.Calls, h.Errors, h.CutOffs, h.Time, h.Instructions})
	}
	s.Refused = r.sched.Refused
	g := r.gen
	if g == nil {
		return s
	}
	s.Resting, s.Waiting = r.resting(g), r.sched.Waiting()
	s.Generation, s.Files, s.Components = g.n, len(g.sources.Paths()), len(g.Components.Names())
	for _, e := range g.Calls.ErrorsSoFar() {
		s.Errors = append(s.Errors, ErrorStatus(e))
	}
	slices.SortFunc(s.Errors, func(a, b ErrorStatus) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Handler, b.Handler))
	})
	s.Errors = s.Errors[:min(len(s.Errors), maxErrors)]
	return s
}

// resting are the handlers that rest, the longest first.
func (r *Runtime) resting(g *generation) (all []RestStatus) {
	now := r.turn.Time()
	for _, rest := range g.Calls.Rests() {
		all = append(all, RestStatus(rest))
	}
	for spot, until := range r.sched.Growth.Resting() {
		if until > now {
			all = append(all, RestStatus{"function", spot, "everybody", until - replaceEvery, until, 1, "takes ever more memory"})
		}
	}
	slices.SortFunc(all, func(a, b RestStatus) int {
		return cmp.Or(cmp.Compare(b.Until, a.Until), cmp.Compare(a.At, b.At), cmp.Compare(a.For, b.For))
	})
	return all[:min(len(all), maxErrors)]
}

// Broken is why no handler runs any more, or why the scripts let nobody in, nil while
// neither is so. A state that broke, and could not be made again yet, is the former. It
// may be called from any goroutine.
func (r *Runtime) Broken() error {
	if err := r.broken.Load(); err != nil {
		return *err
	}
	if place := r.place.Load(); place != nil {
		return r.entrance.closed(place.Time())
	}
	return nil
}

// reloaded notes what came of a reload.
func (r *Runtime) reloaded(err error) {
	switch {
	case errors.Is(err, engine.ErrClosed):
	case err == nil:
		r.reloads.Add(1)
		r.failure.Store(nil)
	default:
		file, line := spotOf(err)
		r.failures.Add(1)
		r.failure.Store(&ReloadFailure{Error: err.Error(), File: file, Line: line, At: time.Now()})
	}
}

// spotOf is where in the scripts the mistake is, if it is in them.
func spotOf(err error) (file string, line int) {
	if e, ok := errors.AsType[*sandbox.Error](err); ok && e.File != "" {
		file, line = e.File, e.Line
	}
	if e, ok := errors.AsType[*acl.Error](err); ok {
		file, line = e.File, e.Line
	}
	return file, line
}
