package client

import (
	"bytes"
	"sync"

	"github.com/loci-place/loci/netcode"
)

// received handles a packet of the place, on the transport's goroutine. What the client answers
// or measures by itself is done immediately, so that Request works within callbacks; the rest
// goes to the inbox.
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
		list = []any{value} // the requester still needs an answer
	}
	if !c.settle(id, list) {
		c.log.Debug("response to no request", "id", id)
	}
}

// receivedDenial handles ["interaction_denied", interaction, rule], which places send in
// versions 1 and 2 (netcode/PROTOCOL.md, "Interactions"). It reports whether data is one.
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

// unusable counts an invalid packet.
func (c *Client) unusable(what string, err error) {
	c.mu.Lock()
	c.stats.Unusable++
	c.mu.Unlock()
	c.log.Warn(what, "error", err)
}

// Limits of the inbox. If the client's goroutine falls behind, unreliable messages are dropped
// first, as a network would: a lost state only costs time. The backlog of commands, which are
// never lost, may grow further.
const (
	inboxUnreliable = 256
	inboxReliable   = 65536
)

// message is a message for the client's goroutine.
type message struct {
	kind        netcode.Kind
	data        []byte
	interaction netcode.Interaction // of KindCommand
	asset       netcode.AssetFrame  // of KindAsset
	resumed     bool                // of kindBack
}

func (m *message) reliable() bool {
	return m.kind == netcode.KindCommand || m.kind == netcode.KindAsset || m.kind == kindBack
}

// kindBack is the message that the client has reconnected, see Config.Reconnect.
const kindBack = netcode.KindUnknown

// inbox is a queue between the transport's goroutine and the client's.
type inbox struct {
	signal chan struct{} // full when the queue is not empty

	mu       sync.Mutex
	messages []message
}

// put adds a message and reports whether there was room.
func (b *inbox) put(m message) bool {
	limit := inboxUnreliable
	if m.reliable() {
		limit = inboxReliable
	}
	b.mu.Lock()
	room := len(b.messages) < limit
	if room {
		b.messages = append(b.messages, m)
	}
	b.mu.Unlock()
	select {
	case b.signal <- struct{}{}:
	default:
	}
	return room
}

// take moves all messages to the end of batch.
func (b *inbox) take(batch []message) []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	batch = append(batch, b.messages...)
	clear(b.messages)
	b.messages = b.messages[:0]
	return batch
}

func (c *Client) enqueue(m message) {
	if c.inbox.put(m) {
		return
	}
	c.mu.Lock()
	c.stats.Dropped++
	c.mu.Unlock()
	if m.reliable() {
		c.log.Error("reliable message dropped: callbacks are too slow", "waiting", inboxReliable)
	}
}

// work is the goroutine that applies states and calls back.
func (c *Client) work() {
	var batch []message
	for ended := false; !ended; {
		select {
		case <-c.inbox.signal:
		case <-c.done:
			ended = true // earlier messages are still handled
		}
		batch = c.inbox.take(batch[:0])
		for i := range batch {
			if c.beginCallback() {
				c.handle(&batch[i])
				c.endCallback()
			}
		}
		clear(batch)
	}
	if c.cfg.OnDisconnect != nil && c.Avatar() != "" && c.beginCallback() {
		c.cfg.OnDisconnect(c.Err())
		c.endCallback()
	}
}

// beginCallback reports whether a callback may start: not after Close.
func (c *Client) beginCallback() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = !c.closed
	return c.busy
}

func (c *Client) endCallback() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
}

func (c *Client) handle(m *message) {
	switch m.kind {
	case kindBack:
		if c.cfg.OnReconnect != nil {
			c.cfg.OnReconnect(c, m.resumed)
		}
	case netcode.KindState:
		c.applyState(m.data)
	case netcode.KindCommand:
		c.handleInteraction(m.interaction)
	case netcode.KindMedia:
		f, err := netcode.ParseMedia(m.data, c.dialect.MediaTrailer)
		if err != nil {
			c.unusable("malformed media packet", err)
			return
		}
		c.cfg.OnMedia(f.Track, f.Payload)
	case netcode.KindAsset:
		c.cfg.OnAsset(c, m.asset)
	}
}

// handleInteraction calls Handle. Without it, it answers requests with an error
// (netcode/PROTOCOL.md, "Interactions").
func (c *Client) handleInteraction(i netcode.Interaction) {
	if c.cfg.Handle != nil {
		c.cfg.Handle(c, i)
		return
	}
	if i.Type == netcode.TypeRequest && !i.Envelope {
		c.Respond(i, netcode.BodyVerb(i.Body), "error", "this agent takes no requests")
	}
}

// SendMedia sends audio on a track that was allocated to the agent (netcode/PROTOCOL.md,
// "Media"). The packet may get lost.
func (c *Client) SendMedia(track uint32, payload []byte) error {
	return c.sendMedia(c.dialect.Audio, track, payload)
}

// SendVideo is SendMedia for video.
func (c *Client) SendVideo(track uint32, payload []byte) error {
	return c.sendMedia(c.dialect.Video, track, payload)
}

func (c *Client) sendMedia(channel uint8, track uint32, payload []byte) error {
	if err := c.Err(); err != nil {
		return err
	}
	return c.send(channel, false, netcode.MediaFrame{Track: track, Payload: payload}.Append(nil, c.dialect.MediaTrailer))
}

// SendAsset sends an asset frame: a request for a range of an asset, or the answer to a request
// that OnAsset was called with.
func (c *Client) SendAsset(f netcode.AssetFrame) error {
	if err := c.Err(); err != nil {
		return err
	}
	return c.send(c.dialect.Assets, true, f.Append(nil))
}
