package scripts

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/loci-place/loci/engine"
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
	Kind   string
	Calls  uint64
	Errors uint64
	Time   time.Duration
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
	for kind := range r.spent {
		h := r.spent[kind]
		h.Kind = handlerKinds[kind]
		s.Handlers = append(s.Handlers, h)
	}
	g := r.gen
	if g == nil {
		return s
	}
	s.Generation, s.Files, s.Components = g.n, len(g.sources.Paths()), len(g.kinds)
	for _, e := range g.spots {
		s.Errors = append(s.Errors, *e)
	}
	slices.SortFunc(s.Errors, func(a, b ErrorStatus) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Handler, b.Handler))
	})
	s.Errors = s.Errors[:min(len(s.Errors), maxErrors)]
	return s
}

// Broken tells why no handler runs any more, nil while they do: the state of the scripts
// in force is broken, and could not be made anew, yet. It may be called from any
// goroutine.
func (r *Runtime) Broken() error {
	if err := r.broken.Load(); err != nil {
		return *err
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
	if e := patternError(err); e != nil {
		file, line = e.File, e.Line
	}
	return file, line
}

// handlerKinds are the kinds that costs are told by.
var handlerKinds = [...]string{
	"event", "guard", "verb", "hears", "timer", "task", "subscription",
	"validate", "added", "changed", "removed", "tick", "other",
}

// handlerKind finds the kind in what a handler is there for: `event "join"`,
// "component door.tick".
func handlerKind(what string) int {
	word, rest, _ := strings.Cut(what, " ")
	switch word {
	case "component":
		word = rest[strings.LastIndexByte(rest, '.')+1:]
	case "place.hears":
		word = "hears"
	}
	if kind := slices.Index(handlerKinds[:], word); kind >= 0 {
		return kind
	}
	return len(handlerKinds) - 1
}

// spend notes what a call of a handler took, by what was left in the pool before it.
// Calls within calls take nothing from there by themselves.
func (g *generation) spend(h *handler, before time.Duration, err error) {
	if !g.live || err != nil && !started(err) {
		return
	}
	s := &g.r.spent[h.kind]
	s.Calls++
	s.Time += before - g.r.pool.Left()
	if err != nil {
		s.Errors++
	}
}
