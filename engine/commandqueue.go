package engine

import (
	"iter"
	"slices"
	"sync"
)

// commandQueue holds the commands of one connection that wait for its reader, in the order in
// which they came. How many may wait is up to what puts them in.
type commandQueue struct {
	ready chan struct{} // signals one who waits that something was put in, or the queue closed

	mu     sync.Mutex
	data   [][]byte
	first  int // the first of them that has not been taken
	closed bool
}

func newCommandQueue() *commandQueue { return &commandQueue{ready: make(chan struct{}, 1)} }

// put adds a command, which is not nil and is kept.
func (q *commandQueue) put(data []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.data = append(q.data, data)
	q.signal()
}

// close ends the queue: what is in it can still be taken.
func (q *commandQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

// next waits for a command and takes it. It returns false when the queue is closed and empty, or
// when stop is closed.
func (q *commandQueue) next(stop <-chan struct{}) (data []byte, ok bool) {
	for {
		data, more := q.take()
		if data != nil || !more {
			return data, data != nil
		}
		select {
		case <-q.ready:
		case <-stop:
			return nil, false
		}
	}
}

// all takes the commands that are there, one after the other.
func (q *commandQueue) all() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for data, _ := q.take(); data != nil && yield(data); data, _ = q.take() {
		}
	}
}

// take returns the next command, nil if there is none; more is false if there will be none.
func (q *commandQueue) take() (data []byte, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.first == len(q.data) {
		return nil, !q.closed
	}
	data, q.data[q.first] = q.data[q.first], nil
	q.first++
	switch waiting := len(q.data) - q.first; {
	case waiting == 0 && cap(q.data) <= keptCommands:
		q.data, q.first = q.data[:0], 0
	case q.first > waiting: // half of the memory is free
		q.data, q.first = slices.Clone(q.data[q.first:]), 0
	}
	return data, true
}

// keptCommands is for how many commands an empty queue keeps its memory.
const keptCommands = 64

func (q *commandQueue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
