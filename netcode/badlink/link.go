package badlink

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Link says how datagrams are treated, in each direction. The zero value passes
// everything on at once and in order. Shares are from 0 to 1.
type Link struct {
	Delay     time.Duration // one way
	Jitter    time.Duration // up to this much more, drawn for each datagram
	Loss      float64       // share of datagrams that get lost; 1 is a blackout
	Duplicate float64       // share of datagrams that arrive twice
	Reorder   float64       // share of datagrams late enough for one sent 50 ms later to overtake them

	// Rate is how many bytes a second each client can send, and receive, not
	// counting IP and UDP headers; 0 means no limit. Datagrams queue for it, and
	// those that get lost take their share, as they were sent.
	Rate int
	// RateQueue is how long a datagram may wait for Rate; one that would wait
	// longer is lost. 0 means 200 ms.
	RateQueue time.Duration
}

const (
	defaultRateQueue = 200 * time.Millisecond // about what routers at home hold
	overtaking       = 60 * time.Millisecond  // more than a heartbeat of 20 Hz, so that the next state is faster
)

// check names the first field whose value cannot be meant.
func (l *Link) check() error {
	for _, share := range []struct {
		name  string
		value float64
	}{
		{"Loss", l.Loss},
		{"Duplicate", l.Duplicate},
		{"Reorder", l.Reorder},
	} {
		if !(share.value >= 0 && share.value <= 1) {
			return fmt.Errorf("Link.%s: %v is not within 0 to 1", share.name, share.value)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"Delay", l.Delay},
		{"Jitter", l.Jitter},
		{"RateQueue", l.RateQueue},
	} {
		if d.value < 0 {
			return fmt.Errorf("Link.%s: %v is negative", d.name, d.value)
		}
	}
	if l.Rate < 0 {
		return fmt.Errorf("Link.Rate: %d is negative", l.Rate)
	}
	return nil
}

func (l *Link) rateQueue() time.Duration {
	if l.RateQueue == 0 {
		return defaultRateQueue
	}
	return l.RateQueue
}

// lane is one direction of one client's link.
type lane struct {
	fate   *rand.Rand
	free   time.Time // when all that was let in will have been sent at Link.Rate
	counts *Counts   // shared by all lanes of the direction
}

// newLane makes a lane with random numbers of its own.
func newLane(seed, number uint64, counts *Counts) lane {
	return lane{fate: rand.New(rand.NewPCG(seed, number)), counts: counts}
}

// admit decides the fate of a datagram of so many bytes: when it is due at the
// other end, and in how many copies, 0 if it is lost. It draws as many numbers
// whatever the settings, so that one of them can change alone.
func (l *lane) admit(link *Link, size int, now time.Time) (due time.Time, copies int) {
	lost := l.fate.Float64() < link.Loss
	jitter := time.Duration(l.fate.Float64() * float64(link.Jitter))
	late, twice := l.fate.Float64() < link.Reorder, l.fate.Float64() < link.Duplicate

	l.counts.Received++
	l.counts.ReceivedBytes += uint64(size)
	sent, fits := l.transmit(link, size, now)
	switch {
	case !fits:
		l.counts.Overflowed++
		return time.Time{}, 0
	case lost:
		l.counts.Lost++
		return time.Time{}, 0
	}
	due, copies = sent.Add(link.Delay+jitter), 1
	if late {
		l.counts.Reordered++
		due = due.Add(2*(link.Delay+link.Jitter) + overtaking)
	}
	if twice {
		l.counts.Duplicated++
		copies = 2
	}
	return due, copies
}

// transmit returns when a datagram has got through the rate limit, unless it
// does not fit into the queue for it.
func (l *lane) transmit(link *Link, size int, now time.Time) (sent time.Time, fits bool) {
	if link.Rate == 0 {
		return now, true
	}
	begin := now
	if l.free.After(now) {
		begin = l.free
	}
	if begin.Sub(now) > link.rateQueue() {
		return time.Time{}, false
	}
	l.free = begin.Add(time.Duration(size) * time.Second / time.Duration(link.Rate))
	return l.free, true
}
