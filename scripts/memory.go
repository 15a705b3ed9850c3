package scripts

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/sandbox"
)

// memory is what is known of how much the process takes. What scripts keep cannot be
// counted: it goes with their state, which is made again where the process takes too much.
// If that helps, but not for long, the function that made most of it rests.
type memory struct {
	looked  float64 // when, in seconds of the place's clock
	renewed float64 // when the state was last made again for that; 0: never
	mended  float64 // the same, because it was broken
	helped  bool    // whether the process was below the limit once it was made again
}

// replaceEvery is how often at most a state is made again for the same reason, in seconds,
// unless somebody is to blame.
const replaceEvery = 60

// lately reports whether the state was made again so short ago that it is not again.
func lately(last, now float64) bool { return last != 0 && now-last < replaceEvery }

// watchMemory looks once a second.
func (r *Runtime) watchMemory() {
	m, now := &r.memory, r.turn.Time()
	if now-m.looked < 1 {
		return
	}
	m.looked = now
	limit, heap := r.config.Limits.Heap, r.heap(r.turn.Place())
	r.sched.Growth.Weigh(heap > limit/2)
	if heap <= limit {
		return
	}
	if lately(m.renewed, now) && m.helped {
		r.blame()
	}
	r.replace(r.gen, &m.renewed, fmt.Errorf("without what agents hold the process takes %d MiB, more than the %d that scripts may let it grow to", heap>>20, limit>>20))
}

// heap is what the process takes, without what agents make the place hold: that is bounded by
// itself ([engine.Limits].Memory), and no fault of the scripts.
func (r *Runtime) heap(place *engine.Place) int64 {
	return max(0, sandbox.HeapLive()-place.Memory().Held)
}

// blame lets the function rest in whose calls the heap grew most, if that was more than in
// all others together, for as long as a state lasts at least. The state may then be replaced
// at once.
func (r *Runtime) blame() {
	worst, grown, ok := r.sched.Growth.Worst()
	if !ok {
		return
	}
	spot, until := sched.SpotOf(worst), r.turn.Time()+replaceEvery
	r.sched.Growth.Rest(worst, until)
	r.memory.renewed = 0
	why := fmt.Sprintf("the function at %s takes ever more memory, %d MiB of late", spot, grown>>20)
	if r.gen.Requests.LetsIn(worst) {
		r.entrance.shut(why, until)
	}
	r.log.Error("a function rests: it takes ever more memory", "function", spot, "MiB", grown>>20, "seconds", replaceEvery)
}

// broke replaces a state that broke.
func (r *Runtime) broke(g *generation, err error) {
	r.broken.Store(&err)
	r.replace(g, &r.memory.mended, err)
}

// replace loads the scripts again after their state broke or grew too large, and notes when
// that was in last: one does not count for the other. The place goes on meanwhile, but the
// scripts rest: what they would keep by then would be taken for what the process takes
// without them.
func (r *Runtime) replace(g *generation, last *float64, why error) {
	m, now := &r.memory, r.turn.Time()
	if g != r.gen || r.sched.Resting || lately(*last, now) {
		return
	}
	*last, r.sched.Resting, m.helped = now, true, false
	r.sched.Refill()
	r.log.Error("restarting the scripts' interpreter", "because", why)
	place := r.turn.Place()
	r.watching.Go(func() {
		err, heap := r.reload(place, nil, nil), int64(0)
		r.reloaded(err)
		switch {
		case err == nil:
			runtime.GC() // what they kept goes now, not when there is twice as much
			heap = r.heap(place)
			r.log.Info("restarted the scripts' interpreter", "MiB", heap>>20)
		case !errors.Is(err, engine.ErrClosed):
			r.log.Error("cannot restart the scripts' interpreter", "error", err)
		}
		_ = place.Do(func(*engine.Turn) error {
			r.sched.Resting, m.helped = false, err == nil && heap <= r.config.Limits.Heap
			r.sched.Refill()
			return nil
		})
	})
}
