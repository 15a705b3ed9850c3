package client

import (
	"context"
	"errors"
	"time"

	"github.com/loci-place/loci/netcode"
)

// Reconnecting: the total time, the time for each attempt, and the pauses between attempts.
const (
	reconnectFor     = time.Minute
	reconnectPatient = 10 * time.Second
	reconnectPause   = 500 * time.Millisecond
)

// lose handles the end of a link, and starts to reconnect if configured.
func (c *Client) lose(l *link, code uint32) {
	err := &DisconnectError{Code: code}
	c.mu.Lock()
	if c.lost == nil && (code != netcode.CodeConnectionLost || c.avatar == "" || !c.cfg.Reconnect || c.cfg.Key == nil) {
		c.mu.Unlock()
		c.end(err)
		close(l.lost)
		return
	}
	defer c.mu.Unlock()
	first := c.lost == nil
	c.lost = err
	c.requests.fail(err)
	c.failFetches()
	close(l.lost)
	if first && c.err == nil {
		c.forgetRevisions()
		c.sending.Go(c.comeBack)
	}
}

// forgetRevisions drops the bases for patches, whose revisions mean nothing on another
// connection. The client keeps its document.
func (c *Client) forgetRevisions() {
	known := c.states.newest()
	known.Revision = 0
	c.states, c.ack, c.clock = history{}, 0, clockEstimate{}
	c.states.push(known)
}

func (c *Client) whyLost() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	return c.lost
}

// comeBack reconnects and announces the agent until it has joined, is refused, or time is up.
func (c *Client) comeBack() {
	var abandoned []netcode.Conn // local: the next loss may begin before this call has ended
	defer func() {
		for _, conn := range abandoned {
			c.dialer.transport.Disconnect(conn, netcode.CodeClientLeft)
		}
	}()
	first := c.whyLost()
	ctx, cancel := context.WithTimeout(context.Background(), reconnectFor)
	defer cancel()
	go func() {
		select {
		case <-c.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		err := c.tryAgain(ctx, &abandoned)
		if err == nil {
			return
		}
		var refused *AnnounceError
		var changed *netcode.PlaceKeyError
		if errors.As(err, &refused) || errors.As(err, &changed) || c.isBack() || c.dialer.isClosed() {
			c.end(err)
			return
		}
		c.log.Debug("not back yet", "error", err)
		select {
		case <-time.After(reconnectPause):
		case <-c.done:
			return
		case <-ctx.Done():
			c.end(first)
			return
		}
	}
}

// isBack reports whether the client has joined again.
func (c *Client) isBack() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost == nil
}

// tryAgain connects and announces once. If that fails, it ignores the connection without
// disconnecting: if the place has let the agent in after all, the agent has then not left, and
// can resume with the next attempt.
func (c *Client) tryAgain(ctx context.Context, abandoned *[]netcode.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, reconnectPatient)
	defer cancel()
	addr, err := netcode.ResolvePlaceURL(ctx, c.url)
	if err != nil {
		return err
	}
	if err := c.dialer.connect(c, addr); err != nil {
		return err
	}
	if err := c.announce(ctx, c.Avatar()); err != nil {
		conn := c.link.Load().to[0]
		c.dialer.forget(conn)
		*abandoned = append(*abandoned, conn)
		return err
	}
	return nil
}

// back records that the client has joined again. It is called with the lock held.
func (c *Client) back(resumed bool) {
	c.lost = nil
	c.inbox.put(message{kind: kindBack, resumed: resumed})
}

// failFetches ends all asset requests in flight. It is called with the lock held.
func (c *Client) failFetches() {
	for id, fetches := range c.fetches {
		for _, f := range fetches {
			if f.waits {
				f.waits = false
				f.answer <- netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{
					ID: id, ErrorCode: netcode.AssetNotAvailable, ErrorReason: "the connection was lost",
				}}
			}
		}
	}
}
