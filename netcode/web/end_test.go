package web

import (
	"errors"
	"testing"

	"github.com/coder/websocket"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/transporttest"
)

// endings is a handler that passes on how connections end.
type endings struct {
	quiet
	ended chan uint32
}

// Disconnected implements [netcode.Handler].
func (e *endings) Disconnected(_ netcode.Conn, code uint32) { e.ended <- code }

func TestEndsOfConnectionsAreTold(t *testing.T) {
	place, server := begin(t, Config{UDP: "127.0.0.1:0"})
	served := make(chan error, 1)
	h := &endings{ended: make(chan uint32, 1)}
	go func() { served <- place.Serve(h) }()
	defer func() {
		if err := errors.Join(place.Close(netcode.CodePlaceClosed), await.Next(t, served, "Serve to return")); err != nil {
			t.Error(err)
		}
	}()
	deaf := transporttest.Agent{Received: func(uint8, []byte) {}, Disconnected: func(uint32) {}}
	socket := func(status websocket.StatusCode) func() error {
		return func() error { return dial(t, server.URL, deaf).ws.Close(status, "") }
	}
	for _, c := range []struct {
		name string
		end  func() error
		want uint32
	}{
		{"a page is closed that joined by WebRTC", func() error { return dialRTC(t, server.URL, deaf).pc.Close() }, netcode.CodeConnectionLost},
		{"a line is cut", func() error { return dial(t, server.URL, deaf).ws.CloseNow() }, netcode.CodeConnectionLost},
		{"a page is closed that joined by WebSocket", socket(websocket.StatusGoingAway), netcode.CodeConnectionLost},
		{"closed as usual", socket(websocket.StatusNormalClosure), netcode.CodeClientLeft},
		{"closed with a code", socket(4005), netcode.CodeKicked},
		{"closed with a code that only the place may say", socket(4000), netcode.CodeClientLeft},
		{"closed with another code", socket(3001), netcode.CodeConnectionLost},
	} {
		if err := c.end(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if code := await.Next(t, h.ended, "its end"); code != c.want {
			t.Errorf("%s: it ends with %d, want %d", c.name, code, c.want)
		}
	}
}
