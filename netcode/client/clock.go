package client

import (
	"math"
	"time"

	"github.com/loci-place/loci/netcode"
)

// clockInterval is the time between clock requests (netcode/PROTOCOL.md, "Clock").
const clockInterval = time.Second

// clockSamples is the number of exchanges that the estimate uses: enough to include a quick
// one, and few enough that the drift of the clocks does not matter.
const clockSamples = 16

// clockEstimate is the difference between the place's clock and the client's, from the exchange
// with the shortest round trip, which has the smallest error.
type clockEstimate struct {
	samples [clockSamples]clockSample
	count   int
}

type clockSample struct {
	rtt, offset float64 // seconds
}

func (e *clockEstimate) add(s clockSample) {
	e.samples[e.count%clockSamples] = s
	e.count++
}

func (e *clockEstimate) best() clockSample {
	best := e.samples[0]
	for _, s := range e.samples[1:min(max(e.count, 1), clockSamples)] {
		if s.rtt < best.rtt {
			best = s
		}
	}
	return best
}

func (c *Client) receivedClock(data []byte) {
	now := time.Since(c.start).Seconds()
	reply, err := netcode.ParseClockReply(data)
	if err != nil {
		c.unusable("malformed clock reply", err)
		return
	}
	// The clock is written in microseconds, so a reply may seem to come before
	// its request, but not by more than one.
	rtt := math.Max(now-reply.Client, 0)
	if reply.Client < 0 || reply.Client > now+1e-6 {
		c.unusable("clock reply to no request", nil)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.add(clockSample{rtt: rtt, offset: reply.Server + rtt/2 - now})
}

// ServerTime returns the current time of the place's clock, in seconds, and false before the
// first clock reply. Its error is at most half of RTT, and it may step back by as much after a
// better measurement.
func (c *Client) ServerTime() (seconds float64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.start).Seconds() + c.clock.best().offset, c.clock.count > 0
}

// RTT returns the shortest of the latest round trips to the place, measured once a second with
// clock messages; 0 before the first.
func (c *Client) RTT() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.clock.best().rtt * float64(time.Second))
}
