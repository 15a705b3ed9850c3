package web

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/transporttest"
)

// narrow relays connections to a server, back from it no more than so many bytes each 50 ms.
func narrow(t *testing.T, server string, each int) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		from, err := l.Accept()
		if err != nil {
			return
		}
		defer from.Close()
		to, err := net.Dial("tcp", strings.TrimPrefix(server, "http://"))
		if err != nil {
			t.Error(err)
			return
		}
		defer to.Close()
		if err := errors.Join(to.(*net.TCPConn).SetReadBuffer(4<<10), from.(*net.TCPConn).SetWriteBuffer(4<<10)); err != nil {
			t.Error(err)
		}
		go func() { _, _ = io.Copy(to, from) }()
		for {
			if _, err := io.CopyN(from, to, int64(each)); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond) // it is a slow line
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

// listener is a handler that passes connections on.
type listener struct {
	quiet
	connected chan netcode.Conn
}

// Connected implements [netcode.Handler].
func (l *listener) Connected(c netcode.Conn, _ netip.AddrPort) { l.connected <- c }

// TestLiveIsDroppedOnSlowLines sends five times as much as a line carries. What arrives is what was
// sent lately, and what is reliable arrives all the same.
func TestLiveIsDroppedOnSlowLines(t *testing.T) {
	const size, each = 10_000, 2_000 // bytes of a packet, and what the line carries in the time of one
	place, server := begin(t, Config{})
	served := make(chan error, 1)
	h := &listener{connected: make(chan netcode.Conn, 1)}
	go func() { served <- place.Serve(h) }()
	defer func() {
		if err := errors.Join(place.Close(netcode.CodePlaceClosed), await.Next(t, served, "Serve to return")); err != nil {
			t.Error(err)
		}
	}()
	type arrival struct {
		n  int
		at time.Time
	}
	arrived, commands := make(chan arrival, 1000), make(chan int, 1000)
	dial(t, narrow(t, server.URL, each), transporttest.Agent{
		Received: func(channel uint8, data []byte) {
			n := int(binary.BigEndian.Uint32(data))
			if channel == 2 {
				arrived <- arrival{n, time.Now()}
			} else {
				commands <- n
			}
		},
		Disconnected: func(uint32) {},
	})
	conn := await.Next(t, h.connected, "the connection")
	const packets = 100
	sent := make([]time.Time, packets)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := range packets {
		data := make([]byte, size)
		binary.BigEndian.PutUint32(data, uint32(n))
		sent[n] = time.Now()
		if err := place.Send(netcode.Packet{Channel: 2, Data: data}, conn); err != nil {
			t.Fatal(err)
		}
		if n%10 == 0 {
			if err := place.Send(netcode.Packet{Channel: 1, Reliable: true, Data: data[:100]}, conn); err != nil {
				t.Fatal(err)
			}
		}
		await.Next(t, tick.C, "the next tick")
	}
	for n := 0; n < packets; n += 10 {
		if got := await.Next(t, commands, "a command"); got != n {
			t.Errorf("command %d came, want %d", got, n)
		}
	}
	s, _ := place.Stats(conn)
	if s.RTT == 0 {
		t.Error("the round trip is not known")
	}
	count, worst := len(arrived), time.Duration(0)
	for range count {
		a := <-arrived
		worst = max(worst, a.at.Sub(sent[a.n]))
	}
	dropped := int(place.drops.live.Load())
	t.Logf("%d of %d arrived, %d dropped, the oldest after %v; round trip %v", count, packets, dropped, worst, s.RTT)
	if dropped < packets/2 || count < packets/20 {
		t.Errorf("%d of %d arrived, %d dropped", count, packets, dropped)
	}
	// The line itself holds some 100 KB on loopback, whatever is asked for.
	if worst > packets*50*time.Millisecond/2 {
		t.Errorf("the oldest arrived after %v", worst)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	place, server := begin(t, Config{Limits: Limits{JoinBurst: 4, JoinRate: 1, OfferTimeout: 50 * time.Millisecond}})
	get := func(method string) (int, string, http.Header) {
		r, err := http.NewRequestWithContext(await.Context(t), method, server.URL, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := browsers.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body), answer.Header
	}
	if status, body, h := get(http.MethodPost); status != http.StatusServiceUnavailable || h.Get("Retry-After") != "1" {
		t.Errorf("before it is open: %d %s", status, body)
	}
	served := make(chan error, 1)
	go func() { served <- place.Serve(quiet{}) }()
	await.Next(t, place.opened, "the place to open")
	for method, want := range map[string]int{
		http.MethodGet: http.StatusUpgradeRequired, http.MethodPut: http.StatusMethodNotAllowed, http.MethodDelete: http.StatusMethodNotAllowed,
		http.MethodPost: http.StatusNotImplemented, http.MethodOptions: http.StatusNoContent,
	} {
		if status, body, _ := get(method); status != want || body != "" && strings.Count(body, "\n") != 1 {
			t.Errorf("%s: %d %q, want %d and one line", method, status, body, want)
		}
	}
	for range 5 {
		get(http.MethodPost)
	}
	if status, body, h := get(http.MethodPost); status != http.StatusTooManyRequests || h.Get("Retry-After") == "" {
		t.Errorf("too often: %d %s", status, body)
	}
	if err := errors.Join(place.Close(netcode.CodePlaceClosed), await.Next(t, served, "Serve to return")); err != nil {
		t.Error(err)
	}
	if status, body, _ := get(http.MethodPost); status != http.StatusServiceUnavailable {
		t.Errorf("when it is closed: %d %s", status, body)
	}
}
