package client

import (
	"bytes"

	"github.com/loci-place/loci/netcode"
)

// received takes a packet from the place, on the transport's goroutine. What
// the client answers or measures by itself is done at once, so that Request
// works within callbacks; the rest goes to the inbox.
func (c *Client) received(channel uint8, data []byte) {
	switch c.dialect.Kind(channel) {
	case netcode.KindState:
		c.receivedState(data)
	case netcode.KindCommand:
		c.receivedCommand(data)
	case netcode.KindClock:
		c.receivedClock(data)
	case netcode.KindMedia:
		if c.cfg.OnMedia != nil {
			c.enqueue(message{kind: netcode.KindMedia, data: bytes.Clone(data)})
		}
	case netcode.KindAsset:
		c.receivedAsset(data)
	default:
		c.unusable("packet on an unknown channel", nil)
	}
}

func (c *Client) receivedCommand(data []byte) {
	i, err := netcode.ParseInteraction(data)
	switch {
	case err != nil:
		if !c.receivedDenial(data) {
			c.unusable("malformed interaction", err)
		}
	case i.Type == netcode.TypeResponse:
		c.receivedResponse(i.RequestID, i.Body)
	case i.Envelope && i.From == "place" && netcode.BodyVerb(i.Body) == "announce":
		c.receivedResponse(announceID, i.Body)
	case (c.cfg.Key != nil || c.cfg.KnownPlaces != nil) && i.From == "place" && i.To == "" && i.IsOneway() && netcode.BodyVerb(i.Body) == "challenge":
		c.prove(i.Body)
	default:
		c.enqueue(message{kind: netcode.KindCommand, interaction: i})
	}
}

func (c *Client) receivedResponse(id string, body []byte) {
	value, err := netcode.ParseValue(body)
	list, ok := value.([]any)
	if err != nil || !ok {
		list = []any{value} // one who asked is owed an answer all the same
	}
	if !c.settle(id, list) {
		c.log.Debug("response to no request", "id", id)
	}
}

// receivedDenial takes ["interaction_denied", interaction, rule], with which
// places tell versions 1 and 2 of a rule (netcode/PROTOCOL.md, "Interactions"). It reports
// whether data is one.
func (c *Client) receivedDenial(data []byte) bool {
	if netcode.BodyVerb(data) != "interaction_denied" {
		return false
	}
	value, _ := netcode.ParseValue(data)
	denial, _ := value.([]any)
	original, _ := netcode.BodyItem(denial, 1).([]any)
	id, _ := netcode.BodyItem(original, 4).(string)
	if kind, _ := netcode.BodyItem(original, 1).(string); kind == netcode.TypeRequest && c.settle(id, denial) {
		return true
	}
	c.log.Warn("interaction denied", "interaction", text(netcode.BodyItem(denial, 1)), "rule", text(netcode.BodyItem(denial, 2)))
	return true
}

// unusable counts a packet that makes no sense.
func (c *Client) unusable(what string, err error) {
	c.mu.Lock()
	c.stats.Unusable++
	c.mu.Unlock()
	c.log.Warn(what, "error", err)
}
