package client

import (
	"sync"

	"github.com/loci-place/loci/netcode"
)

// Messages that wait for the client's goroutine. When it is behind by so many,
// unreliable ones are dropped, as the network would: a state that is lost costs
// nothing but time. A backlog of commands, which the network never loses, grows
// further, until it is clear that nobody will ever work it off.
const (
	inboxUnreliable = 256
	inboxReliable   = 65536
)

// message is something for the client's goroutine.
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

// kindBack is the message that the client is back, see Config.Reconnect.
const kindBack = netcode.KindUnknown

// inbox is a queue between the transport's goroutine and the client's.
type inbox struct {
	signal chan struct{} // full when there is something in it

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
			ended = true // what came before is still worth hearing
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

// beginCallback reports whether anything may be called back: not after Close.
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

// handleInteraction passes an interaction on; a request that nobody handles
// gets its answer all the same (netcode/PROTOCOL.md, "Interactions").
func (c *Client) handleInteraction(i netcode.Interaction) {
	if c.cfg.Handle != nil {
		c.cfg.Handle(c, i)
		return
	}
	if i.Type == netcode.TypeRequest && !i.Envelope {
		c.Respond(i, netcode.BodyVerb(i.Body), "error", "this agent takes no requests")
	}
}
