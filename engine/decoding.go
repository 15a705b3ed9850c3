package engine

import (
	"bytes"
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"
)

// decoding bounds what it takes to decode commands: the memory of all that are decoded at
// once, which is many times what they have on the wire, and the processors. What is small is
// not counted, and so never waits.
type decoding struct {
	room       *semaphore.Weighted
	all        int64
	processors *semaphore.Weighted
}

func newDecoding(bytes int64) decoding {
	// The place's own goroutine and the transport's need a processor whatever agents send.
	processors := max(1, runtime.GOMAXPROCS(0)/2)
	return decoding{semaphore.NewWeighted(bytes), bytes, semaphore.NewWeighted(int64(processors))}
}

// smallDecoded is how much a message may take decoded to be decoded at any time.
const smallDecoded = 32 << 10

// weight is about how much memory a message takes decoded, 0 if that is little.
func (d decoding) weight(data []byte) int64 {
	const object, list, item = 360, 48, 40
	n := int64(len(data)) + object*int64(bytes.Count(data, []byte{'{'})) + list*int64(bytes.Count(data, []byte{'['})) +
		item*int64(bytes.Count(data, []byte{','}))
	if n <= smallDecoded {
		return 0
	}
	return min(n, d.all)
}

// begin decodes a message once there is room for it, which it takes until end is called. It
// reports false, and has done nothing, when ctx has ended.
func (d decoding) begin(ctx context.Context, weight int64, decode func()) bool {
	if weight == 0 {
		decode()
		return true
	}
	if d.room.Acquire(ctx, weight) != nil {
		return false
	}
	if d.processors.Acquire(ctx, 1) != nil {
		d.room.Release(weight)
		return false
	}
	began := time.Now()
	decode()
	// Wait as long as that took before decoding again, so that other goroutines and processes get
	// at least half of the processor.
	time.AfterFunc(time.Since(began), func() { d.processors.Release(1) })
	return true
}

func (d decoding) end(weight int64) {
	if weight > 0 {
		d.room.Release(weight)
	}
}
