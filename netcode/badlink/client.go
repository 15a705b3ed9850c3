package badlink

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"time"
)

// client is somebody who sends to a [Relay]. Its lanes and lastSent are guarded
// by the relay's lock.
type client struct {
	relay    *Relay
	addr     netip.AddrPort
	upstream *net.UDPConn // what the server knows the client by
	up, down lane
	lastSent time.Time
}

// receive takes what clients send until the relay is closed.
func (r *Relay) receive() {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := r.socket.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err == nil:
			r.fromClient(from, buf[:n], time.Now())
		}
		// Any other error is about a datagram sent before.
	}
}

func (r *Relay) fromClient(from netip.AddrPort, data []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	c := r.clients[from]
	if c == nil {
		var err error
		if c, err = r.join(from); err != nil {
			r.up.Received++
			r.up.ReceivedBytes += uint64(len(data))
			r.up.Failed++
			return
		}
	}
	c.lastSent = now
	due, copies := c.up.admit(&r.link, len(data), now)
	r.enqueue(c, toServer, data, due, copies)
}

// join returns a new client its link and its socket.
func (r *Relay) join(from netip.AddrPort) (*client, error) {
	upstream, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(r.to))
	if err != nil {
		return nil, err
	}
	_ = upstream.SetReadBuffer(socketBuffer)
	c := &client{
		relay:    r,
		addr:     from,
		upstream: upstream,
		up:       newLane(r.seed, 2*r.joined, &r.up),
		down:     newLane(r.seed, 2*r.joined+1, &r.down),
	}
	r.joined++
	r.clients[from] = c
	r.running.Go(c.receive)
	return c, nil
}

// receive takes what the server sends to the client, until that has been silent
// for too long or the relay is closed.
func (c *client) receive() {
	buf := make([]byte, maxDatagram)
	left := c.relay.idle
	for left > 0 {
		_ = c.upstream.SetReadDeadline(time.Now().Add(left))
		for {
			n, err := c.upstream.Read(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err == nil { // else the system says that nobody was there for a datagram
				c.fromServer(buf[:n], time.Now())
			}
		}
		left = c.leaveIfIdle(time.Now())
	}
}

func (c *client) fromServer(data []byte, now time.Time) {
	c.relay.mu.Lock()
	defer c.relay.mu.Unlock()
	if c.relay.closed {
		return
	}
	due, copies := c.down.admit(&c.relay.link, len(data), now)
	c.relay.enqueue(c, toClient, data, due, copies)
}

// leaveIfIdle forgets the client if it has been silent for too long. It returns
// how much longer it may be.
func (c *client) leaveIfIdle(now time.Time) (left time.Duration) {
	c.relay.mu.Lock()
	defer c.relay.mu.Unlock()
	if left = c.lastSent.Add(c.relay.idle).Sub(now); left > 0 || c.relay.closed {
		return left
	}
	delete(c.relay.clients, c.addr)
	_ = c.upstream.Close()
	return 0
}
