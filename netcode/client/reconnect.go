package client

import (
	"context"
	"errors"
	"time"

	"github.com/loci-place/loci/netcode"
)

// How a client comes back: for how long it tries at all and each time, and how long it
// waits before it tries again.
const (
	reconnectFor     = time.Minute
	reconnectPatient = 10 * time.Second
	reconnectPause   = 500 * time.Millisecond
)

// lose settles that a link is over. Where the client is to come back it begins to.
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
		c.pacing.Go(c.comeBack)
	}
}

// forgetRevisions has the client take no state of another connection for one of the
// lost one's; what it knows it still knows.
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

// comeBack connects and announces itself again until it is let in, refused, or too late.
func (c *Client) comeBack() {
	var abandoned []netcode.Conn // its own: the next loss may begin before this has ended
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

// isBack reports whether the place has let the client in again.
func (c *Client) isBack() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost == nil
}

// tryAgain connects and announces itself once. Where it is not let in, it hears no more of the
// connection, but says no goodbye yet: should the place have let it in after all, it has not
// left, and takes itself back with the next one.
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

// back notes, under the lock, that the place has let the client in again.
func (c *Client) back(resumed bool) {
	c.lost = nil
	c.inbox.put(message{kind: kindBack, resumed: resumed})
}

// failFetches ends the asset requests that are under way, under the lock.
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
