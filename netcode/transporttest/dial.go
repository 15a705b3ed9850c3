package transporttest

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

// Dial connects an agent over a transport of its own that dials, for [Rig].Connect.
func Dial(t testing.TB, over netcode.Dialer, to netip.AddrPort, a Agent) Peer {
	t.Helper()
	p := &dialed{t: t, transport: over, agent: a, connected: make(chan struct{}, 1)}
	served := make(chan error, 1)
	go func() { served <- over.Serve(p) }()
	t.Cleanup(func() {
		if err := over.Close(netcode.CodeClientLeft); err != nil {
			t.Errorf("closing the agent's end: %v", err)
		}
		if err := await.Next(t, served, "the agent's Serve to return"); err != nil {
			t.Errorf("the agent's Serve: %v", err)
		}
	})
	conn, err := over.Dial(to, 6)
	if err != nil {
		t.Fatal(err)
	}
	p.conn = conn
	await.Next(t, p.connected, "the agent's end to be connected")
	return p
}

// dialed is an agent's end.
type dialed struct {
	t         testing.TB
	transport netcode.Dialer
	agent     Agent
	conn      netcode.Conn
	connected chan struct{}
}

// Connected implements [netcode.Handler].
func (p *dialed) Connected(netcode.Conn, netip.AddrPort) { p.connected <- struct{}{} }

// Received implements [netcode.Handler].
func (p *dialed) Received(_ netcode.Conn, channel uint8, data []byte) {
	p.agent.Received(channel, bytes.Clone(data))
}

// Disconnected implements [netcode.Handler].
func (p *dialed) Disconnected(_ netcode.Conn, code uint32) { p.agent.Disconnected(code) }

// Send implements [Peer].
func (p *dialed) Send(channel uint8, data []byte) {
	if err := p.transport.Send(netcode.Packet{Channel: channel, Reliable: true, Data: data}, p.conn); err != nil {
		p.t.Errorf("an agent's Send: %v", err)
	}
}

// Close implements [Peer].
func (p *dialed) Close(code uint32) { p.transport.Disconnect(p.conn, code) }
