package scripts

import (
	"errors"
	"fmt"
	"runtime"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
)

// memory is what is known of how much the process takes. What scripts keep cannot be
// counted: it goes with their state, which is made anew where the process takes too much.
// If that helps, but not for long, the function that made most of it rests.
type memory struct {
	looked   float64 // when, in seconds of the place's clock
	renewed  float64 // when the state was last made anew for that; 0: never
	mended   float64 // the same, because it was broken
	helped   bool    // whether the process was below the limit once it was made anew
	resting  bool    // it is being made anew: nothing of the scripts runs meanwhile
	weighing bool    // half the limit is taken: calls are weighed
	depth    int     // of calls within calls
	grown    map[*lua.FunctionProto]int64
	off      map[string]float64 // functions that rest, by where they begin, and until when
}

// replaceEvery is how often at most a state is made anew for the same reason, in seconds,
// unless somebody is to blame.
const replaceEvery = 60

// lately tells whether the state was made anew so short ago that it is not again.
func lately(last, now float64) bool { return last != 0 && now-last < replaceEvery }

// watchMemory looks once a second.
func (r *Runtime) watchMemory() {
	m, now := &r.memory, r.turn.Time()
	if now-m.looked < 1 {
		return
	}
	m.looked = now
	limit, heap := r.config.Limits.Heap, r.heap(r.turn.Place())
	m.weigh(heap > limit/2)
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

// weigh has calls weighed from now on, or not.
func (m *memory) weigh(on bool) {
	if on != m.weighing {
		m.weighing, m.grown = on, map[*lua.FunctionProto]int64{}
	}
}

// begin notes the heap before a call; end what it has grown by, garbage included.
func (m *memory) begin() (heap int64) {
	m.depth++
	if !m.weighing || m.depth > 1 {
		return -1
	}
	return sandbox.HeapBytes()
}

func (m *memory) end(h *handler, heap int64) {
	m.depth--
	if heap < 0 {
		return
	}
	if grown := sandbox.HeapBytes() - heap; grown > 0 {
		m.grown[h.fn.Proto] += grown
	}
}

// forget is for a new generation: of functions that are no more, and, where they have been
// changed, of those that rest.
func (m *memory) forget(changed bool) {
	m.grown = map[*lua.FunctionProto]int64{}
	if changed {
		m.off = nil
	}
}

// blame has the function rest in whose calls the heap grew most, if that was more than in
// all others together, for as long as a state lasts at least. The state may then be made
// anew at once.
func (r *Runtime) blame() {
	var worst *lua.FunctionProto
	var most, all int64
	for p, grown := range r.memory.grown {
		all += grown
		if grown > most {
			worst, most = p, grown
		}
	}
	if 2*most <= all {
		return
	}
	if r.memory.off == nil {
		r.memory.off = map[string]float64{}
	}
	spot := spotOfFunction(worst)
	r.memory.off[spot] = r.turn.Time() + replaceEvery
	r.memory.renewed = 0
	why := fmt.Sprintf("the function at %s takes ever more memory, %d MiB of late", spot, most>>20)
	if r.gen.letsIn(worst) {
		r.entrance.shut(why, r.memory.off[spot])
	}
	r.log.Error("a function rests: it takes ever more memory", "function", spot, "MiB", most>>20, "seconds", replaceEvery)
}

// rests is how long a handler still rests for what memory it took, in seconds.
func (m *memory) rests(h *handler, now float64) float64 {
	if len(m.off) == 0 {
		return 0
	}
	return max(0, m.off[spotOfFunction(h.fn.Proto)]-now)
}

// spotOfFunction is where a function begins: "lib/doors.lua:3".
func spotOfFunction(p *lua.FunctionProto) string {
	return fmt.Sprintf("%s:%d", p.SourceName, p.LineDefined)
}

// replace loads the scripts anew after their state broke or grew too large, and notes when
// that was in last: one does not count for the other. The place goes on meanwhile, but the
// scripts rest: what they would keep by then would be taken for what the process takes
// without them.
func (r *Runtime) replace(g *generation, last *float64, why error) {
	m, now := &r.memory, r.turn.Time()
	if g != r.gen || m.resting || lately(*last, now) {
		return
	}
	*last, m.resting, m.helped = now, true, false
	r.refill()
	r.log.Error("the scripts' state is made anew", "because", why)
	place := r.turn.Place()
	r.watching.Go(func() {
		err, heap := r.reload(place, nil, nil), int64(0)
		r.reloaded(err)
		switch {
		case err == nil:
			runtime.GC() // what they kept goes now, not when there is twice as much
			heap = r.heap(place)
			r.log.Info("the scripts' state was made anew", "MiB", heap>>20)
		case !errors.Is(err, engine.ErrClosed):
			r.log.Error("the scripts' state cannot be made anew", "error", err)
		}
		_ = place.Do(func(*engine.Turn) error {
			m.resting, m.helped = false, err == nil && heap <= r.config.Limits.Heap
			r.refill()
			return nil
		})
	})
}

// refill gives the scripts what they may run until the next heartbeat.
func (r *Runtime) refill() {
	limits := &r.config.Limits
	r.quotas.refill(limits.Heartbeat, limits.Agents)
	if r.memory.resting {
		r.quotas.refill(0, 0)
	}
}
