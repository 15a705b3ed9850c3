package netcode

import (
	"errors"
	"math"
	"time"
)

// clockInterval is how often the client asks for the time (protocol section 8).
const clockInterval = time.Second

var errNotFinite = errors.New("netcode: intent has a number that is not finite")

// SetIntent sets how the agent wants to move from now on. It goes out with the
// next packet, and then with each until it is replaced. An intent with a number
// that is not finite is refused, as no place takes one.
func (c *Client) SetIntent(intent Intent) error {
	if !intent.finite() {
		return errNotFinite
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.intent = intent
	return nil
}

func (in *Intent) finite() bool {
	none := in.ZMovement*0 + in.XMovement*0 + in.Yaw*0 + in.Pitch*0
	for _, m := range [...]*Matrix{
		&in.Root.Matrix, &in.Head.Matrix, &in.Torso.Matrix, &in.LeftHand.Matrix, &in.RightHand.Matrix,
		&in.LeftHand.Grab.Transform, &in.RightHand.Grab.Transform,
	} {
		for _, v := range m {
			none += v * 0
		}
	}
	return none == 0 // and not NaN
}

// pace is the goroutine that sends intents, with the newest acknowledgement,
// and asks for the time.
func (c *Client) pace() {
	ticker := time.NewTicker(time.Second / time.Duration(c.cfg.IntentRate))
	defer ticker.Stop()
	var p pacer
	for {
		p.send(c)
		select {
		case <-ticker.C:
		case <-c.done:
			return
		}
	}
}

// pacer keeps the buffers of pace.
type pacer struct {
	message IntentMessage
	buffer  []byte
	asked   time.Time // when it last asked for the time
}

func (p *pacer) send(c *Client) {
	c.mu.Lock()
	p.message.Intents = append(p.message.Intents[:0], c.intent)
	p.message.Ack, p.message.HasAck = c.ack, true
	c.stats.Intents++
	c.mu.Unlock()
	p.buffer = p.message.Append(p.buffer[:0])
	if err := c.send(c.dialect.State, false, p.buffer); err != nil {
		c.log.Warn("intent not sent", "error", err)
	}
	if now := time.Now(); now.Sub(p.asked) >= clockInterval {
		p.asked = now
		p.buffer = AppendClockRequest(p.buffer[:0], now.Sub(c.start).Seconds())
		if err := c.send(c.dialect.Clock, false, p.buffer); err != nil {
			c.log.Warn("clock request not sent", "error", err)
		}
	}
}

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
	reply, err := ParseClockReply(data)
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
