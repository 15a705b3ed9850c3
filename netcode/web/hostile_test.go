package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/transporttest"
)

// place is a transport that a bystander is on, who is sent a packet 20 times a second.
type place struct {
	*Transport
	t      *testing.T
	url    string
	ended  chan uint32 // codes of all that end
	open   atomic.Int64
	heap   uint64
	served chan error

	mu    sync.Mutex
	conns map[netcode.Conn]bool
}

// Connected implements [netcode.Handler].
func (p *place) Connected(c netcode.Conn, _ netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
	p.open.Add(1)
}

// Received implements [netcode.Handler].
func (p *place) Received(netcode.Conn, uint8, []byte) {}

// Disconnected implements [netcode.Handler].
func (p *place) Disconnected(c netcode.Conn, code uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	p.open.Add(-1)
	p.ended <- code
}

// besideBystander runs an attack on a place, and sees to it that a bystander is sent on and that the heap
// grows by no more than so many bytes.
func besideBystander(t *testing.T, cfg Config, grows uint64, attack func(p *place)) {
	cfg.UDP = "127.0.0.1:0"
	cfg.Logger = slog.New(slog.DiscardHandler)
	transport, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(transport)
	server.Config.ReadHeaderTimeout = 5 * time.Second
	server.Config.ReadTimeout = 5 * time.Second
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.Start()
	p := &place{Transport: transport, t: t, url: server.URL, ended: make(chan uint32, 1<<16), served: make(chan error, 1), conns: map[netcode.Conn]bool{}}
	go func() { p.served <- transport.Serve(p) }()
	t.Cleanup(func() {
		if err := transport.Close(netcode.CodePlaceClosed); err != nil {
			t.Error(err)
		}
		if err := await.Next(t, p.served, "Serve to return"); err != nil {
			t.Error(err)
		}
		browsers.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
	})
	var received atomic.Int64
	by := dialRTC(t, server.URL, transporttest.Agent{
		Received:     func(uint8, []byte) { received.Add(1) },
		Disconnected: func(code uint32) { t.Logf("the bystander is disconnected with %d", code) },
	})
	await.Until(t, "the bystander is connected", func() bool { return p.open.Load() == 1 })
	var conn netcode.Conn
	for c := range p.conns {
		conn = c
	}
	runtime.GC()
	p.heap = heap()
	stop, stopped := make(chan struct{}), make(chan int64)
	go func() {
		sent := int64(0)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				sent++
				_ = transport.Send(netcode.Packet{Channel: 2, Data: make([]byte, 1000)}, conn)
			case <-stop:
				stopped <- sent
				return
			}
		}
	}()
	began := time.Now()
	attack(p)
	runtime.GC()
	if grown := int64(heap()) - int64(p.heap); grown > int64(grows) {
		t.Errorf("the heap has grown by %d KiB, more than %d", grown>>10, grows>>10)
	} else {
		t.Logf("the heap has grown by %d KiB", grown>>10)
	}
	await.Until(t, "the bystander has had a second", func() bool { return time.Since(began) > time.Second })
	close(stop)
	sent := <-stopped
	await.Until(t, "the bystander hears the rest", func() bool { return received.Load() >= sent*95/100 })
	t.Logf("the bystander has heard %d of %d, at %.1f Hz", received.Load(), sent, float64(received.Load())/time.Since(began).Seconds())
	if by.gone.Err() != nil {
		t.Error("the bystander is gone")
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// attackers has several goroutines do something so often in all.
func attackers(n, times int, do func(i int)) {
	var group sync.WaitGroup
	var next atomic.Int64
	for range n {
		group.Go(func() {
			for i := next.Add(1); i <= int64(times); i = next.Add(1) {
				do(int(i))
			}
		})
	}
	group.Wait()
}

func TestTenThousandOffersHarmNobody(t *testing.T) {
	besideBystander(t, Config{Limits: Limits{HalfOpenTimeout: 500 * time.Millisecond, JoinRate: 10, JoinBurst: 100}}, 32<<20, func(p *place) {
		pc := newClient(t)
		if _, err := pc.CreateDataChannel(liveLabel, nil); err != nil {
			t.Fatal(err)
		}
		offer := createOffer(t, pc)
		var answered, refused atomic.Int64
		attackers(8, 10_000, func(int) {
			switch status, body := post(t, p.url, offer); status {
			case http.StatusOK:
				answered.Add(1)
			case http.StatusTooManyRequests:
				refused.Add(1)
			default:
				t.Errorf("%d %s", status, body)
			}
		})
		t.Logf("%d answered, %d refused", answered.Load(), refused.Load())
		if answered.Load() < 10 || refused.Load() < 5000 {
			t.Errorf("%d answered, %d refused", answered.Load(), refused.Load())
		}
		// Nobody follows them up.
		await.Until(t, "all are forgotten", func() bool {
			p.Transport.mu.RLock()
			defer p.Transport.mu.RUnlock()
			return len(p.offers) == 0
		})
	})
}

func TestLargeOffersAreNotRead(t *testing.T) {
	besideBystander(t, Config{}, 16<<20, func(p *place) {
		megabyte := "v=0\r\n" + strings.Repeat("a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n", 1<<20/45)
		attackers(4, 100, func(int) {
			r, err := http.Post(p.url, "application/sdp", strings.NewReader(megabyte))
			if err != nil {
				return // the server may close while it is sent
			}
			defer r.Body.Close()
			if r.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("an offer of 1 MB: %s", r.Status)
			}
		})
	})
}

func TestOffersThatLieAreRefused(t *testing.T) {
	place, server := begin(t, Config{UDP: "127.0.0.1:0"})
	served := make(chan error, 1)
	go func() { served <- place.Serve(&quiet{}) }()
	defer func() {
		if err := errors.Join(place.Close(netcode.CodePlaceClosed), await.Next(t, served, "Serve to return")); err != nil {
			t.Error(err)
		}
	}()
	await.Next(t, place.opened, "the place to open")
	pc := newClient(t)
	if _, err := pc.CreateDataChannel(liveLabel, nil); err != nil {
		t.Fatal(err)
	}
	good := createOffer(t, pc)
	line := func(begins string) string {
		for _, l := range strings.Split(good, "\r\n") {
			if strings.HasPrefix(l, begins) {
				return l
			}
		}
		t.Fatalf("the offer has no %s:\n%s", begins, good)
		return ""
	}
	media := good[strings.Index(good, "m=application"):]
	for name, c := range map[string]struct{ offer, says string }{
		"nothing":             {"", "SDP"},
		"JSON":                {`{"type":"offer"}`, "SDP"},
		"two sections":        {good + media, "one section"},
		"a thousand sections": {good + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", 1000), "one section"},
		"no section":          {strings.Replace(good, media, "", 1), "one section"},
		"a video":             {strings.Replace(good, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=video 9 UDP/TLS/RTP/SAVPF 96", 1), "one section"},
		"no fingerprint":      {strings.ReplaceAll(good, line("a=fingerprint"), "a=x"), "fingerprint"},
		"a short fingerprint": {strings.ReplaceAll(good, line("a=fingerprint"), "a=fingerprint:sha-256 00:11"), "fingerprint"},
		"an old hash":         {strings.ReplaceAll(good, line("a=fingerprint"), "a=fingerprint:md5 00112233445566778899aabbccddeeff"), "fingerprint"},
		"no ufrag":            {strings.ReplaceAll(good, line("a=ice-ufrag"), "a=x"), "ice-ufrag"},
		"a long ufrag":        {strings.ReplaceAll(good, line("a=ice-ufrag"), "a=ice-ufrag:"+strings.Repeat("u", 300)), "ice-ufrag"},
		"a strange ufrag":     {strings.ReplaceAll(good, line("a=ice-ufrag"), "a=ice-ufrag:a:b:c"), "ice-ufrag"},
		"a short password":    {strings.ReplaceAll(good, line("a=ice-pwd"), "a=ice-pwd:short"), "ice-pwd"},
		"the passive side":    {strings.ReplaceAll(good, line("a=setup"), "a=setup:passive"), "setup"},
		"another port":        {strings.ReplaceAll(good, line("a=sctp-port"), "a=sctp-port:1"), "sctp-port"},
		"tiny messages":       {strings.Replace(good, line("a=sctp-port"), "a=sctp-port:5000\r\na=max-message-size:100", 1), "max-message-size"},
		"huge numbers":        {strings.Replace(good, line("a=sctp-port"), "a=sctp-port:5000\r\na=max-message-size:99999999999999999999", 1), "max-message-size"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, body := post(t, server.URL, c.offer); status != http.StatusBadRequest || !strings.Contains(body, c.says) || strings.Count(body, "\n") != 1 {
				t.Errorf("%d %q, want 400 with %q", status, body, c.says)
			}
		})
	}
	flooded := strings.Replace(good, line("a=sctp-port"), line("a=sctp-port")+strings.Repeat("\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host", 500), 1)
	if status, body := post(t, server.URL, flooded); status != http.StatusOK {
		t.Errorf("with candidates, which are ignored: %d %s", status, body)
	}
}

// quiet is a handler that does nothing.
type quiet struct{}

func (quiet) Connected(netcode.Conn, netip.AddrPort)   {}
func (quiet) Received(netcode.Conn, uint8, []byte)     {}
func (quiet) Disconnected(c netcode.Conn, code uint32) {}

func TestMoreChannelsEndTheConnection(t *testing.T) {
	besideBystander(t, Config{}, 16<<20, func(p *place) {
		a := dialRTC(t, p.url, transporttest.Agent{Received: func(uint8, []byte) {}, Disconnected: func(uint32) {}})
		await.Until(t, "it is connected", func() bool { return p.open.Load() == 2 })
		for range 1000 {
			if _, err := a.pc.CreateDataChannel("another", nil); err != nil {
				break // it is closed already
			}
		}
		if code := await.Next(t, p.ended, "its end"); code != netcode.CodeOverload {
			t.Errorf("it ends with %d", code)
		}
		if err := a.pc.GracefulClose(); err != nil { // its own thousand channels are not the place's
			t.Error(err)
		}
	})
}

func TestTheFirstChannelMustBeOneOfTheTwo(t *testing.T) {
	besideBystander(t, Config{}, 16<<20, func(p *place) {
		half := uint16(5)
		for name, create := range map[string]func(pc *webrtc.PeerConnection) (*webrtc.DataChannel, error){
			"another": func(pc *webrtc.PeerConnection) (*webrtc.DataChannel, error) { return pc.CreateDataChannel("chat", nil) },
			"live that is resent": func(pc *webrtc.PeerConnection) (*webrtc.DataChannel, error) {
				return pc.CreateDataChannel(liveLabel, nil)
			},
			"reliable that is not": func(pc *webrtc.PeerConnection) (*webrtc.DataChannel, error) {
				return pc.CreateDataChannel(reliableLabel, &webrtc.DataChannelInit{MaxRetransmits: &half})
			},
		} {
			pc := newClient(t)
			closed := make(chan struct{})
			pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
				if s == webrtc.PeerConnectionStateClosed {
					close(closed)
				}
			})
			if _, err := create(pc); err != nil {
				t.Fatal(err)
			}
			joinWith(t, pc, p.url)
			await.Next(t, closed, name+" to be closed")
		}
		if n := p.open.Load(); n != 1 {
			t.Errorf("%d are connected", n)
		}
	})
}

func TestFramesForNoChannelEndTheConnection(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		code uint32
	}{
		"a channel that there is not": {"\x20x", netcode.CodeViolations},
		"nothing":                     {"", netcode.CodeViolations},
		"half a goodbye":              {"\x7fx", netcode.CodeViolations},
		"a packet too large":          {"\x81" + strings.Repeat("x", 200_000), netcode.CodeOverload},
		"a message too large":         {"\x01" + strings.Repeat("x", messageBytes+1), netcode.CodeOverload},
	} {
		t.Run(name, func(t *testing.T) {
			besideBystander(t, Config{Limits: Limits{MaxPacket: 1 << 20}}, 16<<20, func(p *place) {
				a := dial(t, p.url, transporttest.Agent{Received: func(uint8, []byte) {}, Disconnected: func(uint32) {}})
				for range 64 {
					if a.ws.Write(context.Background(), websocket.MessageBinary, []byte(c.data)) != nil {
						break
					}
				}
				if code := await.Next(t, p.ended, "its end"); code != c.code {
					t.Errorf("it ends with %d, want %d", code, c.code)
				}
			})
		})
	}
}

func TestOtherOriginsCannotJoin(t *testing.T) {
	place, server := begin(t, Config{AllowOrigins: []string{"https://friend.example"}, UDP: "127.0.0.1:0"})
	served := make(chan error, 1)
	go func() { served <- place.Serve(&quiet{}) }()
	defer func() {
		if err := errors.Join(place.Close(netcode.CodePlaceClosed), await.Next(t, served, "Serve to return")); err != nil {
			t.Error(err)
		}
	}()
	await.Next(t, place.opened, "the place to open")
	for origin, want := range map[string]bool{
		"": true, server.URL: true, "https://friend.example": true, "HTTPS://FRIEND.example": true,
		"https://evil.example": false, "http://friend.example": false, "https://friend.example.evil.example": false, "null": false, "nonsense": false,
	} {
		for _, method := range []string{http.MethodPost, http.MethodOptions} {
			r, err := http.NewRequestWithContext(await.Context(t), method, server.URL, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if got := answer.StatusCode != http.StatusForbidden; got != want {
				t.Errorf("%s from %q: %s", method, origin, answer.Status)
			}
			if cors := answer.Header.Get("Access-Control-Allow-Origin"); cors != "" && !want {
				t.Errorf("%s from %q is allowed %q", method, origin, cors)
			}
		}
		ws, _, err := websocket.Dial(await.Context(t), strings.Replace(server.URL, "http", "ws", 1), &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}})
		if (err == nil) != want {
			t.Errorf("a WebSocket from %q: %v", origin, err)
		}
		if err == nil {
			_ = ws.CloseNow()
		}
	}
}

func TestWebSocketFloodIsSlowedDown(t *testing.T) {
	besideBystander(t, Config{Limits: Limits{MessageRate: 500, MessageBurst: 500}}, 16<<20, func(p *place) {
		a := dial(t, p.url, transporttest.Agent{Received: func(uint8, []byte) {}, Disconnected: func(uint32) {}})
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		for a.ws.Write(ctx, websocket.MessageBinary, bytes.Repeat([]byte{2}, 1000)) == nil {
		}
		if p.Transport.drops.slowed.Load() == 0 {
			t.Error("nothing is slowed down")
		}
	})
}

func TestSlowReaderIsDropped(t *testing.T) {
	besideBystander(t, Config{Limits: Limits{MaxOutgoing: 4 << 20, Farewell: time.Second}}, 16<<20, func(p *place) {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: place\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		await.Until(t, "it is connected", func() bool { return p.open.Load() == 2 })
		p.mu.Lock()
		var to []netcode.Conn
		for conn := range p.conns {
			to = append(to, conn)
		}
		p.mu.Unlock()
		reader := max(to[0], to[1]) // who came last, and reads nothing
		for code := uint32(0); code == 0; {
			if err := p.Send(netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, 64<<10)}, reader); err != nil {
				t.Fatal(err)
			}
			select {
			case code = <-p.ended:
				if code != netcode.CodeOverload {
					t.Errorf("it ends with %d", code)
				}
			case <-time.After(time.Millisecond):
			}
		}
	})
}

func TestSlowOffersAreGivenUp(t *testing.T) {
	besideBystander(t, Config{Limits: Limits{OfferTimeout: 300 * time.Millisecond}}, 16<<20, func(p *place) {
		attackers(50, 50, func(int) {
			c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: place\r\nContent-Length: 1000\r\n\r\nv=0\r\n")
			_ = c.SetReadDeadline(time.Now().Add(await.Rest(t)))
			answer, _ := io.ReadAll(c) // until it is closed
			if !strings.Contains(string(answer), "400 Bad Request") {
				t.Errorf("it is answered %.100q", answer)
			}
		})
	})
}
