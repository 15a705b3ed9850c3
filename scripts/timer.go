package scripts

import (
	"container/heap"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"
)

// timer is something to be done at a time, once or again and again.
type timer struct {
	by     *quota
	script bool    // a script's, which counts
	waits  bool    // with its quota, to be done
	at     float64 // seconds of the place's clock; of the top level: after it is in force
	every  float64 // 0 = once
	number int     // timers of one time run in the order they were made
	index  int     // in the heap, -1 = it is not in it
	do     func(g *generation) (again bool)
}

// String is what people are told it is.
func (t *timer) String() string { return "timer" }

// timers are what is to be done, the next first.
type timers struct {
	heap timerHeap
	made int
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].number < h[j].number
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

func (ts *timers) add(t *timer) *timer {
	ts.made++
	t.number = ts.made
	heap.Push(&ts.heap, t)
	return t
}

func (ts *timers) remove(t *timer) bool {
	switch {
	case t == nil:
		return false
	case t.waits:
		t.waits = false
	case t.index >= 0:
		heap.Remove(&ts.heap, t.index)
	default:
		return false
	}
	t.gone()
	return true
}

// gone notes that the timer is there no more.
func (t *timer) gone() {
	if t.script {
		t.script = false
		t.by.kept.timers--
	}
}

// start counts the timers of the top level from now on.
func (ts *timers) start(now float64) {
	for _, t := range ts.heap {
		t.at += now // all by the same, which leaves the order
	}
}

// now is the place's time, 0 at the top level: timers made there are counted from when
// they come into force.
func (g *generation) now() float64 {
	if !g.live {
		return 0
	}
	return g.turn().Time()
}

// runTimers does what is due, each once at most. What does not fit is done first in the
// next heartbeat; of what the place may run, a quarter is left for ticks.
func (g *generation) runTimers() {
	ts, now, last, q := &g.timers, g.now(), g.timers.made, &g.r.quotas
	for len(ts.heap) > 0 && ts.heap[0].at <= now && q.place.left > q.limits.Heartbeat/4 {
		t := ts.heap[0]
		if t.number > last {
			return // made meanwhile
		}
		heap.Pop(&ts.heap)
		t.waits = true
		w := work{by: t.by, must: true, run: func(*generation) { t.fire(g) }}
		if q.fits(t.by) {
			g.r.do(w)
		} else {
			q.hold(w)
		}
	}
}

// fire does what is due, unless it was canceled meanwhile.
func (t *timer) fire(g *generation) {
	if !t.waits || g.over {
		return
	}
	t.waits = false
	if t.do(g) && t.every > 0 && !g.over {
		// What was missed is not made up for.
		t.at = max(t.at+t.every, g.now())
		g.timers.add(t)
		return
	}
	t.gone()
}

func (g *generation) timerClass() api.Class {
	return api.Class{
		Name: "loci.Timer", Method: true,
		Doc: "A timer that place.after or place.every made. It ends with a reload.",
		Functions: []api.Function{
			{Name: "cancel", Signature: "(): boolean", Doc: "Ends the timer. False if it had ended.", Call: g.timerCancel},
		},
	}
}

func (g *generation) openTimer() {
	g.meta.timer = g.Metatable("timer", nil)
	g.meta.timer.RawSetString("__index", g.Table(g.timerClass()))
}

func (g *generation) timerCancel(L *lua.LState) int {
	t := bind.Argument[*timer](L, 1, "a timer (called with a colon)")
	canceled := g.timers.remove(t) || t.every > 0
	t.every = 0
	L.Push(lua.LBool(canceled))
	return 1
}

func (g *generation) placeAfter(L *lua.LState) int {
	return g.newTimer(L, "place.after", false)
}

func (g *generation) placeEvery(L *lua.LState) int {
	return g.newTimer(L, "place.every", true)
}

func (g *generation) newTimer(L *lua.LState, what string, again bool) int {
	period := float64(L.CheckNumber(1))
	if !(period >= 0) || again && period == 0 || period > 1e9 {
		L.ArgError(1, "a number of seconds expected")
	}
	h := g.handler(L, 2, "timer of "+bind.Where(L))
	by := g.payer()
	if g.r.quotas.crowds(by, by.kept.timers, len(g.timers.heap), g.r.config.Limits.Timers) {
		L.RaiseError("%s: there are %d timers already", what, len(g.timers.heap))
	}
	by.kept.timers++
	t := &timer{by: by, script: true, at: g.now() + period}
	if again {
		t.every = period
	}
	t.do = func(g *generation) bool {
		_, _ = g.call(h, "")
		return true
	}
	L.Push(g.Userdata(g.timers.add(t), g.meta.timer))
	return 1
}
