package client

import (
	"errors"
	"time"

	"github.com/loci-place/loci/netcode"
)

var errNotFinite = errors.New("netcode: intent has a number that is not finite")

// SetIntent sets how the agent wants to move from now on. It goes out with the
// next packet, and then with each until it is replaced. An intent with a number
// that is not finite is refused, as no place takes one.
func (c *Client) SetIntent(intent netcode.Intent) error {
	if !finite(&intent) {
		return errNotFinite
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.intent = intent
	return nil
}

// finite reports whether all numbers of an intent are.
func finite(in *netcode.Intent) bool {
	none := in.ZMovement*0 + in.XMovement*0 + in.Yaw*0 + in.Pitch*0
	for _, m := range [...]*netcode.Matrix{
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
	r := rhythm{interval: time.Second / time.Duration(c.cfg.IntentRate), due: time.Now()}
	timer := time.NewTimer(r.interval)
	defer timer.Stop()
	var p pacer
	for {
		state := p.send(c)
		now := time.Now()
		r.sent(now)
		timer.Reset(r.latest().Sub(now))
		if !c.awaitTurn(&r, state, timer) {
			return
		}
	}
}

// awaitTurn waits until the next intent is to go out, and reports whether one
// can. State is closed when there is something new to acknowledge.
func (c *Client) awaitTurn(r *rhythm, state <-chan struct{}, timer *time.Timer) bool {
	for {
		select {
		case <-state:
			wait := time.Until(r.soonest())
			if wait <= 0 {
				return true
			}
			timer.Reset(wait)
			state = nil
		case <-timer.C:
			return true
		case <-c.done:
			return false
		}
	}
}

// rhythm says when intents go out: each right after a state, so that the place
// hears of it before its next heartbeat, and yet at the rate asked for, up to a
// fifth more.
//
// It keeps the time at which the next intent is due, one interval after the last
// was, or after it went out if that was sooner. So it settles on the moment at which
// states come when nothing delays them. An intent waits for a late state for up
// to half an interval, after which the next is due as if it had been in time:
// without states the rate is just what was asked for. A state that comes too soon
// after an intent is acknowledged as soon as the rate allows, which in a few turns
// brings intents that were out of step into step.
type rhythm struct {
	interval time.Duration
	due      time.Time // the next intent
	last     time.Time // the latest intent
}

// sent notes that an intent went out. What a goroutine that was held up by more
// than an interval has missed is not made up for.
func (r *rhythm) sent(now time.Time) {
	r.last = now
	if now.Before(r.due) || now.Sub(r.due) > r.interval {
		r.due = now
	}
	r.due = r.due.Add(r.interval)
}

// soonest is when the next intent may go out, given a state to acknowledge.
func (r *rhythm) soonest() time.Time { return r.last.Add(r.interval * 5 / 6) }

// latest is when it goes out in any case.
func (r *rhythm) latest() time.Time {
	latest := r.due.Add(r.interval / 2)
	if soonest := r.soonest(); latest.Before(soonest) {
		return soonest
	}
	return latest
}

// pacer keeps the buffers of pace.
type pacer struct {
	message netcode.IntentMessage
	buffer  []byte
	asked   time.Time // when it last asked for the time
}

// send sends an intent. What it returns is closed when a state has come that
// the intent does not acknowledge yet.
func (p *pacer) send(c *Client) (state <-chan struct{}) {
	c.mu.Lock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	state = c.changed
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
		p.buffer = netcode.AppendClockRequest(p.buffer[:0], now.Sub(c.start).Seconds())
		if err := c.send(c.dialect.Clock, false, p.buffer); err != nil {
			c.log.Warn("clock request not sent", "error", err)
		}
	}
	return state
}
