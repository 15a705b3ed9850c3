package lib

import (
	"container/heap"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"

	lua "github.com/yuin/gopher-lua"
)

// timer is something to be done at a time, once or again and again.
type timer struct {
	by     *sched.Quota
	script bool    // a script's, which counts
	waits  bool    // with its quota, to be done
	at     float64 // seconds of the place's clock; of the top level: after it is in force
	every  float64 // 0 = once
	number int     // timers of one time run in the order they were made
	index  int     // in the heap, -1 = it is not in it
	do     func() (again bool)
}

// String is what people are told it is.
func (t *timer) String() string { return "timer" }

// Timers are place.after and place.every, and whatever else waits for a time.
type Timers struct {
	*Env
	calls *sched.Calls
	meta  *lua.LTable
	heap  timerHeap // the next first
	made  int
}

func newTimers(env *Env, calls *sched.Calls) *Timers {
	ts := &Timers{Env: env, calls: calls}
	ts.meta = ts.Metatable("timer", nil)
	ts.meta.RawSetString("__index", ts.Table(ts.Class()))
	return ts
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

func (ts *Timers) add(t *timer) *timer {
	ts.made++
	t.number = ts.made
	heap.Push(&ts.heap, t)
	return t
}

func (ts *Timers) remove(t *timer) bool {
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
		t.by.Kept.Timers--
	}
}

// Start counts the timers of the top level from now on.
func (ts *Timers) Start(now float64) {
	for _, t := range ts.heap {
		t.at += now // all by the same, which leaves the order
	}
}

// Clear drops all timers.
func (ts *Timers) Clear() { ts.heap = nil }

// Len returns how many things wait for a time.
func (ts *Timers) Len() int { return len(ts.heap) }

// Run does what is due, each once at most. What does not fit is done first in the
// next heartbeat; of what the place may run, a quarter is left for ticks.
func (ts *Timers) Run() {
	now, last := ts.Now(), ts.made
	for len(ts.heap) > 0 && ts.heap[0].at <= now && ts.calls.LeftToPlace(0.25) {
		t := ts.heap[0]
		if t.number > last {
			return // made meanwhile
		}
		heap.Pop(&ts.heap)
		t.waits = true
		ts.calls.DoOrHold(sched.Work{By: t.by, Must: true, Run: func() { ts.fire(t) }})
	}
}

// fire does what is due, unless it was canceled meanwhile.
func (ts *Timers) fire(t *timer) {
	if !t.waits || ts.Over() {
		return
	}
	t.waits = false
	if t.do() && t.every > 0 && !ts.Over() {
		// What was missed is not made up for.
		t.at = max(t.at+t.every, ts.Now())
		ts.add(t)
		return
	}
	t.gone()
}

// Class describes a timer.
func (ts *Timers) Class() api.Class {
	return api.Class{
		Name: "loci.Timer", Method: true,
		Doc: "A timer that place.after or place.every made. It ends with a reload.",
		Functions: []api.Function{
			{Name: "cancel", Signature: "(): boolean", Doc: "Ends the timer. False if it had ended.", Call: ts.cancel},
		},
	}
}

func (ts *Timers) cancel(L *lua.LState) int {
	t := bind.Argument[*timer](L, 1, "a timer (called with a colon)")
	canceled := ts.remove(t) || t.every > 0
	t.every = 0
	L.Push(lua.LBool(canceled))
	return 1
}

func (ts *Timers) functions() []api.Function {
	return []api.Function{
		{Name: "after", Signature: "(seconds: number, handler: fun()): loci.Timer", Doc: "Calls a function once, after some time.", Call: ts.after, Price: 30},
		{Name: "every", Signature: "(seconds: number, handler: fun()): loci.Timer", Doc: "Calls a function again and again, at most once a heartbeat.", Call: ts.every, Price: 30},
	}
}

func (ts *Timers) after(L *lua.LState) int { return ts.newTimer(L, "place.after", false) }
func (ts *Timers) every(L *lua.LState) int { return ts.newTimer(L, "place.every", true) }

func (ts *Timers) newTimer(L *lua.LState, what string, again bool) int {
	period := float64(L.CheckNumber(1))
	if !(period >= 0) || again && period == 0 || period > 1e9 {
		L.ArgError(1, "a number of seconds expected")
	}
	h := sched.HandlerArg(L, 2, "timer of "+bind.Where(L))
	by := ts.calls.Payer()
	if ts.calls.Crowds(by, by.Kept.Timers, len(ts.heap), ts.Limits.Timers) {
		L.RaiseError("%s: there are %d timers already", what, len(ts.heap))
	}
	by.Kept.Timers++
	t := &timer{by: by, script: true, at: ts.Now() + period}
	if again {
		t.every = period
	}
	t.do = func() bool {
		_, _ = ts.calls.Call(h, "")
		return true
	}
	L.Push(ts.Userdata(ts.add(t), ts.meta))
	return 1
}
