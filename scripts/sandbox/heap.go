package sandbox

import "runtime/metrics"

// heapEvery is how many instructions run between two looks at the heap, which
// takes a microsecond, and heapAfter how many before the first: most calls are
// over by then.
const (
	heapEvery = 8192
	heapAfter = 2048
)

// The runtime's counts of the heap's objects.
const (
	heapObjects = "/memory/classes/heap/objects:bytes"
	heapLive    = "/gc/heap/live:bytes"
)

// HeapBytes is what the objects on the heap of the whole process take, in
// bytes, garbage included that was not collected yet. It takes about a
// microsecond and may be called by any goroutine.
func HeapBytes() int64 { return readHeap(heapObjects) }

// HeapLive is what of the heap was in use when the process last collected its
// garbage, in bytes. Scripts keep memory over many calls, which nobody counts:
// a host whose HeapLive stays above what it can give replaces its states. It
// costs as much as [HeapBytes].
func HeapLive() int64 { return readHeap(heapLive) }

func readHeap(name string) int64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// heapWatch compares the heap with the least that it was since a call began.
type heapWatch struct {
	limit int64 // negative: none
	least int64 // -1: not looked yet
	next  int64 // the count of instructions at which to look
}

// begin starts the watch.
func (w *heapWatch) begin(limit int64) {
	*w = heapWatch{limit: limit, least: -1, next: heapAfter}
}

// over reports whether the heap has grown too much, when it is time to look.
func (w *heapWatch) over(count int64) bool {
	if w.limit < 0 || count < w.next {
		return false
	}
	w.next = count + heapEvery
	now := HeapBytes()
	// A collection takes garbage that was there before, and what the script
	// keeps must not hide in its place.
	if w.least < 0 || now < w.least {
		w.least = now
	}
	return now-w.least > w.limit
}
