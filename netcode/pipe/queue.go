package pipe

import (
	"container/heap"
	"time"
)

// pipeEvent is something that happens on a [Network] at a given time.
type pipeEvent struct {
	at    time.Time
	order uint64
	run   func(now time.Time)
}

// pipeQueue is a heap of events, the next one first; of several at the same
// time the one scheduled first.
type pipeQueue []pipeEvent

var _ heap.Interface = (*pipeQueue)(nil)

func (q pipeQueue) Len() int { return len(q) }

func (q pipeQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].order < q[j].order
	}
	return q[i].at.Before(q[j].at)
}

func (q pipeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is for container/heap alone.
func (q *pipeQueue) Push(event any) { *q = append(*q, event.(pipeEvent)) }

// Pop is for container/heap alone.
func (q *pipeQueue) Pop() any {
	last := len(*q) - 1
	event := (*q)[last]
	(*q)[last] = pipeEvent{}
	*q = (*q)[:last]
	return event
}
