package netcode

import (
	"errors"
	"time"
)

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
