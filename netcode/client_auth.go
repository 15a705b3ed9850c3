package netcode

import (
	"crypto/ed25519"
	"fmt"
	"maps"
)

// identity is who the agent says it is, with the key that it will prove to have.
func (c *Client) identity(resume string) map[string]any {
	if c.cfg.Key == nil {
		return c.cfg.Identity
	}
	public, _ := c.cfg.Key.Public().(ed25519.PublicKey)
	identity := maps.Clone(c.cfg.Identity)
	identity["auth"] = Auth{Key: public, Resume: resume}.Object()
	return identity
}

// askToJoin opens the request of an announce.
func (c *Client) askToJoin(body []byte) <-chan answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan answer, 1)
	if c.err != nil {
		ch <- answer{err: c.err}
		return ch
	}
	c.announced = body
	c.requests[announceID] = ch
	return ch
}

// prove answers the challenge to an announce, on the transport's goroutine.
func (c *Client) prove(body []byte) {
	ch, err := ParseChallenge(body)
	if err != nil {
		c.unusable("malformed challenge", err)
		return
	}
	c.mu.Lock()
	announced, waits := c.announced, c.requests[announceID]
	if waits != nil && c.cfg.PlaceName != "" && ch.Place != c.cfg.PlaceName {
		delete(c.requests, announceID)
		waits <- answer{err: fmt.Errorf("netcode: the place calls itself %q, not %q: it gets no proof", ch.Place, c.cfg.PlaceName)}
		waits = nil
	}
	c.announced = nil // a proof each
	c.mu.Unlock()
	if waits == nil || announced == nil {
		return
	}
	proof := ch.Prove(c.cfg.Key, announced)
	if err := c.sendInteraction(Interaction{Type: TypeOneway, To: "place", Body: proof.Append(nil)}); err != nil {
		c.log.Warn("proof not sent", "error", err)
	}
}
