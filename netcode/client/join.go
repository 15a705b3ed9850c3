package client

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/loci-place/loci/netcode"
)

// announceID is the request id of the announce. Request never uses it: an answer in the envelope
// of version 0 is recognized by its verb alone.
const announceID = "announce"

// announce sends the announce and waits for the answer. The agent's intents and its first clock
// request follow immediately. resume is the avatar it wants back, "" for none.
func (c *Client) announce(ctx context.Context, resume string) error {
	l := c.link.Load()
	select {
	case <-l.connected:
	case <-l.lost:
		return c.whyLost()
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
	met, err := c.acquaint(resume)
	if err != nil {
		return err
	}
	a := netcode.Announce{Version: c.cfg.Version, Identity: c.identity(met.auth), Avatar: c.cfg.Avatar}
	announced := a.Append(nil)
	answered := c.askToJoin(announced, met)
	err = c.sendInteraction(netcode.Interaction{Type: netcode.TypeRequest, To: "place", RequestID: announceID, Body: announced})
	if err != nil {
		return err
	}
	c.begin()
	body, err := c.await(ctx, announceID, answered)
	if err != nil {
		return err
	}
	if err := announceRefusal(body); err != nil {
		return err
	}
	return c.parted()
}

// hearAnnounceAnswer takes the avatar from a positive answer, on the transport's goroutine, so
// that the agent is complete when later packets arrive.
func (c *Client) hearAnnounceAnswer(body []any) {
	if len(body) < 2 || announceRefusal(body) != nil {
		return
	}
	avatar, _ := body[1].(string)
	if c.lost != nil {
		c.back(avatar == c.avatar)
	}
	c.avatar = avatar
	if len(body) > 2 {
		c.place, _ = body[2].(string)
	}
}

// announceRefusal returns the error for an answer other than ["announce",avatar,name].
func announceRefusal(body []any) error {
	verb, _ := netcode.BodyItem(body, 0).(string)
	second, ok := netcode.BodyItem(body, 1).(string)
	switch {
	case verb == "announce" && ok && second != "error":
		return nil
	case verb == "announce" && ok:
		return &AnnounceError{Code: announceCode(netcode.BodyItem(body, 2)), Reason: text(netcode.BodyItem(body, 3))}
	case verb == "interaction_denied":
		return &AnnounceError{Code: int(netcode.CodeDenied), Reason: text(netcode.BodyItem(body, 2))}
	default:
		return &AnnounceError{Reason: fmt.Sprintf("an answer that makes no sense, %s", netcode.AppendValue(nil, body))}
	}
}

func announceCode(v any) int {
	code, ok := v.(float64)
	if !ok || code != math.Trunc(code) || math.Abs(code) > math.MaxInt32 {
		return 0
	}
	return int(code)
}

// text returns a value for people: text unchanged, anything else as JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return string(netcode.AppendValue(nil, v))
}

// acquaintance is what an agent and a place have to prove to each other for one announce.
type acquaintance struct {
	auth  netcode.Auth
	known ed25519.PublicKey // the known key of the place, nil if there is none
	// announced is the body of the announce that waits for its answer, nil once the agent
	// has sent its proof.
	announced []byte
	shown     ed25519.PublicKey // the key that the place has proven
	ephemeral bool              // the place does not store it
}

// errPlaceProof means that the place's proof is invalid.
var errPlaceProof = errors.New("netcode: the place has not proven the key that it shows")

// acquaint prepares the keys of an announce. It may block.
func (c *Client) acquaint(resume string) (a acquaintance, err error) {
	if c.cfg.Key == nil && c.cfg.KnownPlaces == nil {
		return a, nil
	}
	if c.cfg.Key != nil {
		a.auth.Resume = resume
		a.auth.Key, _ = c.cfg.Key.Public().(ed25519.PublicKey)
	}
	if a.auth.Dialed, err = netcode.DialedName(c.url); err != nil {
		return a, fmt.Errorf("netcode: %w", err)
	}
	a.auth.Nonce = netcode.NewNonce()
	a.known, err = c.places.PlaceKey(a.auth.Dialed)
	return a, err
}

// identity returns the identity to announce, with takes_fragments and auth.
func (c *Client) identity(auth netcode.Auth) map[string]any {
	identity := maps.Clone(c.cfg.Identity)
	identity[netcode.TakesFragments] = true
	if object := auth.Object(); len(object) > 0 {
		identity["auth"] = object
	}
	return identity
}

// askToJoin registers the request of an announce.
func (c *Client) askToJoin(body []byte, a acquaintance) <-chan answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan answer, 1)
	if c.err != nil {
		ch <- answer{err: c.err}
		return ch
	}
	a.announced = body
	c.met = a
	c.requests[announceID] = ch
	return ch
}

// prove answers the challenge to an announce, on the transport's goroutine.
func (c *Client) prove(body []byte) {
	ch, err := netcode.ParseChallenge(body)
	if err != nil {
		c.unusable("malformed challenge", err)
		return
	}
	c.mu.Lock()
	announced, waits := c.met.announced, c.requests[announceID]
	c.met.announced = nil // one proof per announce
	if waits == nil || announced == nil {
		c.mu.Unlock()
		return
	}
	err = c.meet(&ch, announced)
	if err != nil {
		delete(c.requests, announceID)
		waits <- answer{err: err}
	}
	c.mu.Unlock()
	if err != nil || c.cfg.Key == nil {
		return
	}
	proof := ch.Prove(c.cfg.Key, announced)
	if err := c.sendInteraction(netcode.Interaction{Type: netcode.TypeOneway, To: "place", Body: proof.Append(nil)}); err != nil {
		c.log.Warn("proof not sent", "error", err)
	}
}

// meet returns why a place gets no proof. It is called with the lock held.
func (c *Client) meet(ch *netcode.Challenge, announced []byte) error {
	a := &c.met
	ch.Dialed = a.auth.Dialed
	switch {
	case c.cfg.PlaceName != "" && ch.Place != c.cfg.PlaceName:
		return fmt.Errorf("netcode: the place calls itself %.100q, not %.100q: it gets no proof", ch.Place, c.cfg.PlaceName)
	case ch.Key != nil && !ch.IsSigned(a.auth, announced):
		return errPlaceProof
	}
	a.shown, a.ephemeral = ch.Key, ch.Ephemeral
	return a.recognize()
}

// recognize returns an error if the place is known and has not proven its known key.
func (a *acquaintance) recognize() error {
	if a.known != nil && !a.known.Equal(a.shown) {
		return &netcode.PlaceKeyError{Dialed: a.auth.Dialed, Known: a.known, Shown: a.shown}
	}
	return nil
}

// parted stores the place's key after an announce has been answered, and returns an error if the
// place has accepted the agent without the necessary proof. It may block.
func (c *Client) parted() error {
	c.mu.Lock()
	a := c.met
	c.mu.Unlock()
	if err := a.recognize(); err != nil {
		return err
	}
	if a.shown == nil || a.ephemeral || a.known != nil {
		return nil
	}
	c.log.Info("remembering the place's key from now on", "place", a.auth.Dialed, "key", netcode.KeyText(a.shown))
	return c.places.RememberPlace(a.auth.Dialed, a.shown)
}
