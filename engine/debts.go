package engine

import (
	"net/netip"
	"sync"
	"time"
)

// debts are what those connections had spent that ended lately, by the address they came
// from: who comes from there next begins with that, so that nobody gains by coming anew.
type debts struct {
	last time.Duration // until one is forgiven: what the slowest bucket takes to fill

	mu    sync.Mutex
	kept  *sync.Cond // a debt has been kept, or a connection has ended
	swept time.Time
	by    map[netip.Addr][]debt
	due   map[netip.Addr]int // of connections that are gone, and what they asked is still being done
}

// debtsLast is how many times [Limits].Burst a debt is known: some things are lent, where a
// bucket is full, beyond what it holds.
const debtsLast = 4

type debt struct {
	share
	since time.Time
}

func newDebts(last time.Duration) *debts {
	d := &debts{last: last, by: map[netip.Addr][]debt{}, due: map[netip.Addr]int{}}
	d.kept = sync.NewCond(&d.mu)
	return d
}

// expect ends a connection, whose share will be kept when its reader has ended.
func (d *debts) expect(from netip.Addr, end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.due[from]++
	end() // not before, else it may have been kept before it was expected
	d.kept.Broadcast()
}

// keep keeps the share of a connection that has ended.
func (d *debts) keep(from netip.Addr, s share, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.swept) >= d.last {
		d.sweep(now)
	}
	d.by[from] = append(d.by[from], debt{s, now})
	if d.due[from]--; d.due[from] <= 0 {
		delete(d.due, from)
	}
	d.kept.Broadcast()
}

func (d *debts) sweep(now time.Time) {
	d.swept = now
	for addr, list := range d.by {
		if now.Sub(list[len(list)-1].since) >= d.last {
			delete(d.by, addr)
		}
	}
}

// take gives the share of the connection from an address that ended last, or a full one.
// If one is still expected it waits for that, unless its own connection is gone.
func (d *debts) take(from netip.Addr, now time.Time, gone <-chan struct{}) share {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.due[from] > 0 && !closed(gone) {
		d.kept.Wait()
	}
	list := d.by[from]
	if len(list) == 0 {
		return share{}
	}
	newest := list[len(list)-1]
	if list = list[:len(list)-1]; len(list) == 0 || now.Sub(newest.since) >= d.last {
		delete(d.by, from)
	} else {
		d.by[from] = list
	}
	return newest.share
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
