package assets_test

import (
	"net/netip"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

// raw is a connection of a version 4 agent's that may send any bytes as asset frames.
type raw struct {
	*rig
	end  *pipe.End
	conn netcode.Conn

	mu     sync.Mutex
	frames []netcode.AssetFrame
	gone   bool
}

func (r *rig) raw() *raw {
	r.Helper()
	c := &raw{rig: r, end: r.network.Host()}
	go func() { _ = c.end.Serve(c) }()
	r.Cleanup(func() { _ = c.end.Close(netcode.CodeClientLeft) })
	conn, err := c.end.Dial(r.addr, 6)
	if err != nil {
		r.Fatal(err)
	}
	c.conn = conn
	time.Sleep(10 * time.Millisecond)
	c.sendOn(netcode.CommandChannel,
		`["interaction","request","","place","1",["announce","version",4,"identity",{},"spawn_avatar",{}]]`)
	time.Sleep(10 * time.Millisecond)
	return c
}

func (c *raw) send(data string) {
	d, _ := netcode.DialectOf(4)
	c.sendOn(d.Assets, data)
}

func (c *raw) sendOn(channel uint8, data string) {
	if err := c.end.Send(netcode.Packet{Channel: channel, Reliable: true, Data: []byte(data)}, c.conn); err != nil {
		c.Error(err)
	}
}

func (c *raw) take() []netcode.AssetFrame {
	c.mu.Lock()
	defer c.mu.Unlock()
	frames := c.frames
	c.frames = nil
	return frames
}

func (c *raw) Connected(netcode.Conn, netip.AddrPort) {}

func (c *raw) Received(_ netcode.Conn, channel uint8, data []byte) {
	if d, _ := netcode.DialectOf(4); channel != d.Assets {
		return
	}
	f, err := netcode.ParseAsset(data)
	if err != nil {
		c.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, f)
}

func (c *raw) Disconnected(netcode.Conn, uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
}

func (c *raw) left() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone
}
