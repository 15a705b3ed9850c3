package engine

import (
	"net/netip"
	"sync"
	"time"
)

// debts are what those connections had spent that ended lately, by the address they came
// from: who comes from there next begins with that, so that nobody gains by coming anew.
type debts struct {
	last time.Duration // until all of it is forgiven: what a bucket takes to fill

	mu    sync.Mutex
	swept time.Time
	by    map[netip.Addr][]debt
}

type debt struct {
	share
	since time.Time
}

func newDebts(last time.Duration) debts { return debts{last: last, by: map[netip.Addr][]debt{}} }

// put keeps the share of a connection that has ended.
func (d *debts) put(from netip.Addr, s share, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.swept) >= d.last {
		d.swept = now
		for addr, list := range d.by {
			if now.Sub(list[len(list)-1].since) >= d.last {
				delete(d.by, addr)
			}
		}
	}
	d.by[from] = append(d.by[from], debt{s, now})
}

// take gives the share of the connection from an address that ended last, or a full one.
func (d *debts) take(from netip.Addr, now time.Time) share {
	d.mu.Lock()
	defer d.mu.Unlock()
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
