package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode/transporttest"
)

// begin makes a transport and a server of /join.
func begin(t testing.TB, cfg Config) (*Transport, *httptest.Server) {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	transport, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(transport)
	t.Cleanup(func() {
		browsers.CloseIdleConnections()
		server.Close()
	})
	return transport, server
}

// peer is an agent's end over a WebSocket.
type peer struct {
	t     testing.TB
	ws    *websocket.Conn
	agent transporttest.Agent
	read  chan struct{} // closed when nothing more is read

	mu sync.Mutex // held while a packet is sent, in parts
}

// dial joins by WebSocket.
func dial(t testing.TB, url string, agent transporttest.Agent) *peer {
	t.Helper()
	var ws *websocket.Conn
	await.Until(t, "the place is open", func() bool {
		c, answer, err := websocket.Dial(await.Context(t), strings.Replace(url, "http", "ws", 1), nil)
		if err != nil && (answer == nil || answer.StatusCode != http.StatusServiceUnavailable) {
			t.Fatal(err)
		}
		ws = c
		return err == nil
	})
	ws.SetReadLimit(messageBytes + 1)
	p := &peer{t: t, ws: ws, agent: agent, read: make(chan struct{})}
	go p.readAll()
	t.Cleanup(func() {
		_ = ws.CloseNow()
		<-p.read
	})
	return p
}

func (p *peer) readAll() {
	defer close(p.read)
	parts := parts{packet: 8 << 20, total: 64 << 20}
	for {
		_, data, err := p.ws.Read(context.Background())
		if err != nil {
			return
		}
		m, err := parseMessage(data)
		switch {
		case err != nil:
			p.t.Errorf("the place sends %.20q: %v", data, err)
		case m.goodbye:
			p.agent.Disconnected(m.code)
		default:
			if packet, complete, err := parts.add(m); err != nil {
				p.t.Error(err)
			} else if complete {
				p.agent.Received(m.channel, packet)
			}
		}
	}
}

// Send implements [transporttest.Peer].
func (p *peer) Send(channel uint8, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(data) > partBytes {
		p.message(message{channel: channel, part: true, payload: data[:partBytes]})
		data = data[partBytes:]
	}
	p.message(message{channel: channel, payload: data})
}

// message sends a message; not where the connection is over.
func (p *peer) message(m message) {
	_ = p.ws.Write(context.Background(), websocket.MessageBinary, m.append(nil))
}

// Close implements [transporttest.Peer].
func (p *peer) Close(code uint32) { p.message(message{goodbye: true, code: code}) }

var _ transporttest.Peer = (*peer)(nil)
