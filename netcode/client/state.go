package client

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/loci-place/loci/netcode"
)

// StateHeader describes a state packet, without its contents.
type StateHeader struct {
	Style          netcode.PatchStyle
	From, Revision uint64 // as in State
	Bytes          int    // the packet's size
	// Held reports whether the client has the revision From; in FullDocument mode, whether
	// it has it when the packet arrives.
	Held bool
}

// receivedState handles a state on the transport's goroutine.
func (c *Client) receivedState(data []byte) {
	h, err := c.parseStateHeader(data)
	if err != nil {
		c.refuseState(err)
		return
	}
	only := c.cfg.Mode == AcknowledgeOnly
	c.mu.Lock()
	c.stats.count(&h)
	if only {
		if _, h.Held = c.states.base(h.Style, h.From); h.Held {
			c.states.push(netcode.Document{Revision: h.Revision})
		}
		c.settleState(h.Held)
	} else {
		h.Held = c.states.holds(h.Style, h.From)
	}
	c.mu.Unlock()
	if c.cfg.Observe != nil {
		c.cfg.Observe(h)
	}
	if !only {
		c.enqueue(message{kind: netcode.KindState, data: bytes.Clone(data)})
	}
}

// applyState applies a state on the client's goroutine.
func (c *Client) applyState(data []byte) {
	d, err := c.nextDocument(data)
	if err != nil {
		c.refuseState(err)
		return
	}
	c.mu.Lock()
	c.states.push(d)
	c.settleState(true)
	c.mu.Unlock()
	if c.cfg.OnState != nil {
		c.cfg.OnState(&d)
	}
}

// nextDocument returns the document that a state leads to.
func (c *Client) nextDocument(data []byte) (netcode.Document, error) {
	base := func(style netcode.PatchStyle, from uint64) netcode.Document {
		c.mu.Lock()
		defer c.mu.Unlock()
		d, _ := c.states.base(style, from) // without one it cannot be applied
		return d
	}
	if c.dialect.Compact {
		s, err := netcode.ParseCompactState(data)
		if err != nil {
			return netcode.Document{}, err
		}
		d := base(s.Style, s.From)
		return d, d.ApplyCompact(&s)
	}
	s, err := netcode.ParseState(data)
	if err != nil {
		return netcode.Document{}, err
	}
	d := base(s.Style, s.From)
	return d, d.Apply(&s)
}

// refuseState makes the place send a snapshot (netcode/PROTOCOL.md, "State").
func (c *Client) refuseState(err error) {
	c.mu.Lock()
	c.settleState(false)
	c.mu.Unlock()
	if errors.Is(err, netcode.ErrBase) {
		c.log.Debug("state starts from a revision not held", "error", err)
	} else {
		c.log.Warn("state not applied", "error", err)
	}
}

// settleState records whether the newest state was usable. It is called with the lock held.
func (c *Client) settleState(used bool) {
	if !used {
		c.stats.UnusableStates++
		c.ack = 0
		return
	}
	c.ack = c.states.newest().Revision
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// View calls f with the client's document, which must not be changed but may be kept: later
// states create new ones.
func (c *Client) View(f func(d *netcode.Document)) {
	c.mu.Lock()
	d := c.states.newest()
	c.mu.Unlock()
	f(&d)
}

// WaitFor waits until wanted returns true for the document. The error is that of ctx or of the
// connection. It calls wanted immediately, and again after states were applied, but not
// necessarily after each.
func (c *Client) WaitFor(ctx context.Context, wanted func(d *netcode.Document) bool) error {
	for {
		c.mu.Lock()
		d := c.states.newest()
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		if wanted(&d) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.done:
			return c.Err()
		}
	}
}

// parseStateHeader parses the header of a state. If the keys are in the usual order, it reads
// only the first and last few bytes; otherwise it parses the whole state.
func (c *Client) parseStateHeader(data []byte) (StateHeader, error) {
	if c.dialect.Compact {
		s, err := netcode.ParseCompactHeader(data)
		return StateHeader{Style: s.Style, From: s.From, Revision: s.Revision, Bytes: len(data)}, err
	}
	if h, ok := quickStateHeader(data); ok {
		return h, nil
	}
	s, err := netcode.ParseState(data)
	return StateHeader{Style: s.Style, From: s.From, Revision: s.Revision, Bytes: len(data)}, err
}

var (
	mergePrefix    = []byte(`{"patch_style":"merge","patch_from":`)
	setPrefix      = []byte(`{"patch_style":"set",`)
	revisionSuffix = []byte(`,"revision":`)
)

func quickStateHeader(data []byte) (h StateHeader, ok bool) {
	h.Bytes = len(data)
	rest, isMerge := bytes.CutPrefix(data, mergePrefix)
	switch {
	case isMerge:
		end := bytes.IndexByte(rest[:min(len(rest), 20)], ',')
		if end < 0 {
			return h, false
		}
		h.Style = netcode.StyleMerge
		if h.From, ok = parseRevision(rest[:end]); !ok {
			return h, false
		}
	case bytes.HasPrefix(data, setPrefix):
		h.Style = netcode.StyleSet
	default:
		return h, false
	}
	// The last brace closes the message, so a key right before it belongs to the message.
	tail, ok := bytes.CutSuffix(bytes.TrimRight(data[max(0, len(data)-64):], "\n"), []byte{'}'})
	at := bytes.LastIndex(tail, revisionSuffix)
	if !ok || at < 0 {
		return h, false
	}
	h.Revision, ok = parseRevision(tail[at+len(revisionSuffix):])
	return h, ok && h.Revision > 0
}

func parseRevision(digits []byte) (uint64, bool) {
	n, err := strconv.ParseUint(string(digits), 10, 53)
	return n, err == nil
}
