package engine

import (
	"container/heap"
	"sync"
)

// turns is what waits for the place's turn. It is fair: of the agents that wait, the one
// goes first that would have had least of the turn with what it asks (fair queueing, with the
// virtual time at which what is being done was begun). So a short command of an agent that
// asks little waits for one command, however much others ask and however many they are. What
// the place has to do itself goes before all of them.
type turns struct {
	ready chan struct{} // full while something waits

	mu      sync.Mutex
	waiting turnHeap
	pushed  uint64
	now     float64 // virtual time: seconds of the turn that an agent which always asks has had
}

// fairFlow is an agent's place among those that wait. The zero fairFlow is a newcomer's.
type fairFlow struct{ had float64 } // in virtual time

type waitingTurn struct {
	begin, end float64 // in virtual time
	n          uint64
	do         func()
}

func newTurns() *turns { return &turns{ready: make(chan struct{}, 1)} }

// join puts a newcomer behind those who have had less of the turn than so many seconds.
func (t *turns) join(f *fairFlow, seconds float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.had = t.now + seconds
}

// push adds something of the place's own.
func (t *turns) push(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(waitingTurn{begin: t.now, end: -1, do: do})
}

// pushOf adds something that an agent asks, and what it is going to take, in seconds.
func (t *turns) pushOf(f *fairFlow, seconds float64, do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	begin := max(f.had, t.now)
	f.had = begin + seconds
	t.add(waitingTurn{begin: begin, end: f.had, do: do})
}

func (t *turns) add(w waitingTurn) {
	t.pushed++
	w.n = t.pushed
	heap.Push(&t.waiting, w)
	select {
	case t.ready <- struct{}{}:
	default:
	}
}

// used corrects what an agent has had by what it took more, or, below 0, less.
func (t *turns) used(f *fairFlow, seconds float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.had += seconds
}

// take returns what is to be done next, nil if nothing waits.
func (t *turns) take() func() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		return nil
	}
	next := heap.Pop(&t.waiting).(waitingTurn)
	t.now = max(t.now, next.begin)
	if len(t.waiting) > 0 {
		select {
		case t.ready <- struct{}{}:
		default:
		}
	}
	return next.do
}

// turnHeap has the least at its head; of equal ones the one that came first.
type turnHeap []waitingTurn

var _ heap.Interface = (*turnHeap)(nil)

func (h turnHeap) Len() int { return len(h) }

func (h turnHeap) Less(i, j int) bool {
	if h[i].end != h[j].end {
		return h[i].end < h[j].end
	}
	return h[i].n < h[j].n
}

func (h turnHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *turnHeap) Push(x any) { *h = append(*h, x.(waitingTurn)) }

func (h *turnHeap) Pop() any {
	old := *h
	last := len(old) - 1
	x := old[last]
	old[last] = waitingTurn{}
	*h = old[:last]
	return x
}
