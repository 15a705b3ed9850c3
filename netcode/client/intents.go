package client

import (
	"errors"
	"time"

	"github.com/loci-place/loci/netcode"
)

var errNotFinite = errors.New("netcode: intent has a number that is not finite")

// SetIntent sets how the agent wants to move. The intent is sent with each packet until it is
// replaced. SetIntent refuses numbers that are not finite, as places do.
func (c *Client) SetIntent(intent netcode.Intent) error {
	if !finite(&intent) {
		return errNotFinite
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.intent = intent
	return nil
}

// finite reports whether all numbers of an intent are finite.
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

// sendIntents is the goroutine that sends intents, with the newest acknowledgement, and clock
// requests.
func (c *Client) sendIntents() {
	r := rhythm{interval: time.Second / time.Duration(c.cfg.IntentRate), due: time.Now()}
	timer := time.NewTimer(r.interval)
	defer timer.Stop()
	var p sender
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

// awaitTurn waits until the next intent is due, and reports whether it can be sent. state is
// closed when there is a new state to acknowledge.
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

// rhythm decides when to send intents: each right after a state, so that the place gets the
// acknowledgement before its next heartbeat, but at the configured rate or up to a fifth more.
//
// An intent is due one interval after the previous one was due, or was sent if that was sooner.
// So the intents synchronize with undelayed states. An intent waits for a late state for up to
// half an interval; the next one is then due as if this one had been in time, so that without
// states the rate is the configured one. A state that arrives too soon after an intent is
// acknowledged as soon as the rate allows, which synchronizes the intents within a few states.
type rhythm struct {
	interval time.Duration
	due      time.Time // the next intent
	last     time.Time // the latest intent
}

// sent records that an intent was sent. Intents missed by more than an interval are not caught
// up.
func (r *rhythm) sent(now time.Time) {
	r.last = now
	if now.Before(r.due) || now.Sub(r.due) > r.interval {
		r.due = now
	}
	r.due = r.due.Add(r.interval)
}

// soonest returns when the next intent may be sent if there is a state to acknowledge.
func (r *rhythm) soonest() time.Time { return r.last.Add(r.interval * 5 / 6) }

// latest returns when it is sent in any case.
func (r *rhythm) latest() time.Time {
	latest := r.due.Add(r.interval / 2)
	if soonest := r.soonest(); latest.Before(soonest) {
		return soonest
	}
	return latest
}

// sender keeps the buffers of sendIntents.
type sender struct {
	message netcode.IntentMessage
	buffer  []byte
	asked   time.Time // of the last clock request
}

// send sends an intent. The returned channel is closed when there is a state that the intent
// does not acknowledge yet.
func (p *sender) send(c *Client) (state <-chan struct{}) {
	c.mu.Lock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	state = c.changed
	p.message.Intents = append(p.message.Intents[:0], c.intent)
	p.message.Ack, p.message.HasAck = c.ack, true
	c.stats.Intents++
	c.mu.Unlock()
	if c.dialect.Compact {
		compact := p.message.Compact()
		p.buffer = compact.Append(p.buffer[:0])
	} else {
		p.buffer = p.message.Append(p.buffer[:0])
	}
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
