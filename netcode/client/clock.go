package client

import (
	"math"
	"time"

	"github.com/loci-place/loci/netcode"
)

// clockInterval is how often a client asks for the time (netcode/PROTOCOL.md, "Clock").
const clockInterval = time.Second

// clockSamples is how many exchanges of clocks the estimate looks back on: long
// enough to hold a quick one, short enough that the clocks drift by nothing.
const clockSamples = 16

// clockEstimate is the difference between the place's clock and the client's,
// from the exchange with the shortest round trip: the less time it took, the
// less it can be wrong.
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

// ServerTime is what the place's clock shows now, in seconds, and false until
// the place has been heard of it. It is good to half of RTT, and may step back by
// as much when a better measurement comes.
func (c *Client) ServerTime() (seconds float64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.start).Seconds() + c.clock.best().offset, c.clock.count > 0
}

// RTT is the shortest of the latest round trips to the place and back, measured
// with the clock messages once a second; 0 until there is one.
func (c *Client) RTT() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.clock.best().rtt * float64(time.Second))
}
