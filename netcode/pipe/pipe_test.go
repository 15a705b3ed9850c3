package pipe

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

// recorder is a Handler that keeps what it hears.
type recorder struct {
	mu       sync.Mutex
	start    time.Time
	conns    []netcode.Conn
	heard    []heard
	onPacket func(c netcode.Conn, channel uint8, data []byte)
}

type heard struct {
	at   time.Duration // since the recorder was made
	conn netcode.Conn
	what string // "connected", "1:text" for text on channel 1, "disconnected 1000"
}

func (r *recorder) add(c netcode.Conn, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, heard{time.Since(r.start), c, what})
}

func (r *recorder) Connected(c netcode.Conn, _ netip.AddrPort) {
	r.add(c, "connected")
	r.mu.Lock()
	r.conns = append(r.conns, c)
	r.mu.Unlock()
}

func (r *recorder) Received(c netcode.Conn, channel uint8, data []byte) {
	r.add(c, fmt.Sprintf("%d:%s", channel, data))
	if r.onPacket != nil {
		r.onPacket(c, channel, data)
	}
}

func (r *recorder) Disconnected(c netcode.Conn, code uint32) {
	r.add(c, fmt.Sprintf("disconnected %d", code))
}

// take returns what was heard since the last take.
func (r *recorder) take() []heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.heard
	r.heard = nil
	return taken
}

func whats(all []heard) []string {
	var texts []string
	for _, h := range all {
		texts = append(texts, h.what)
	}
	return texts
}

// serveEnd runs an end until the test closes it.
func serveEnd(t *testing.T, e *End) *recorder {
	r := &recorder{start: time.Now()}
	go func() {
		if err := e.Serve(r); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}()
	return r
}

// pipePair is a connection between a dialling end a and a listening end b.
type pipePair struct {
	net    *Network
	a, b   *End
	ra, rb *recorder
	ca, cb netcode.Conn
}

// connectPair connects two ends over a network and forgets what was heard so far.
func connectPair(t *testing.T, cfg Config) *pipePair {
	t.Helper()
	n := New(cfg)
	p := &pipePair{net: n, a: n.Host(), b: n.Listen()}
	p.ra, p.rb = serveEnd(t, p.a), serveEnd(t, p.b)
	var err error
	if p.ca, err = p.a.Dial(p.b.Addr(), 5); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		synctest.Wait()
		if len(p.ra.take()) > 0 {
			p.cb = p.rb.conns[0]
			p.rb.take()
			return p
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("never connected")
	return nil
}

func (p *pipePair) close() {
	p.a.Close(0)
	p.b.Close(0)
}

func (p *pipePair) send(channel uint8, reliable bool, text string) {
	p.a.Send(netcode.Packet{Channel: channel, Reliable: reliable, Data: []byte(text)}, p.ca)
}

// after lets d pass and everything due by then happen.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func wantHeard(t *testing.T, r *recorder, want ...string) {
	t.Helper()
	if got := whats(r.take()); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func TestPipeDeliversAtOnceByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.send(0, false, "a")
		p.send(1, true, "b")
		p.b.Send(netcode.Packet{Channel: 2, Data: []byte("c")}, p.cb)
		synctest.Wait()
		wantHeard(t, p.rb, "0:a", "1:b")
		wantHeard(t, p.ra, "2:c")
	})
}

func TestPipeDelaysPacketsAndHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: 30 * time.Millisecond})
		a, b := n.Host(), n.Listen()
		ra, rb := serveEnd(t, a), serveEnd(t, b)
		defer b.Close(0)
		defer a.Close(0)
		c, _ := a.Dial(b.Addr(), 1)
		after(time.Second)
		if got := ra.take(); len(got) != 1 || got[0].what != "connected" || got[0].at != 60*time.Millisecond || got[0].conn != c {
			t.Errorf("dialler heard %v", got)
		}
		if got := rb.take(); len(got) != 1 || got[0].what != "connected" || got[0].at != 30*time.Millisecond {
			t.Errorf("listener heard %v", got)
		}
		a.Send(netcode.Packet{Data: []byte("x")}, c)
		after(time.Second)
		if got := rb.take(); len(got) != 1 || got[0].at != 1030*time.Millisecond {
			t.Errorf("listener heard %v, want x at 1.03 s", got)
		}
		if s, ok := a.Stats(c); !ok || s.RTT != 60*time.Millisecond {
			t.Errorf("round trip %v, want 60ms", s.RTT)
		}
	})
}

func TestPipeDeliversReliablePacketsOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 20 * time.Millisecond, Jitter: 40 * time.Millisecond, Loss: 0.3, Duplicate: 0.3, Reorder: 0.3, Seed: 1})
		defer p.close()
		var want []string
		for i := range 500 {
			p.send(1, true, fmt.Sprint(i))
			want = append(want, fmt.Sprintf("1:%d", i))
			time.Sleep(time.Millisecond)
		}
		after(9 * time.Second)
		wantHeard(t, p.rb, want...)
		if s, _ := p.a.Stats(p.ca); s.Loss < 0.1 || s.Loss > 0.6 {
			t.Errorf("measured a loss of %v", s.Loss)
		}
	})
}

func TestPipeDropsUnreliablePacketsThatComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.net.SetConfig(Config{Delay: 50 * time.Millisecond})
		p.send(0, false, "slow")
		p.send(2, false, "other channel")
		p.net.SetConfig(Config{})
		p.send(0, false, "fast")
		after(time.Second)
		wantHeard(t, p.rb, "0:fast", "2:other channel")
	})
}

func TestPipeHoldsUnreliableBehindReliable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.net.SetConfig(Config{Delay: 50 * time.Millisecond})
		p.send(0, true, "slow")
		p.net.SetConfig(Config{})
		p.send(0, false, "1")
		p.send(0, false, "2")
		p.send(1, false, "other channel")
		after(time.Second)
		wantHeard(t, p.rb, "1:other channel", "0:slow", "0:1", "0:2")
	})
}

func TestPipeDropsUnreliableOvertakenByReliable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.net.SetConfig(Config{Delay: 50 * time.Millisecond})
		p.send(0, false, "slow")
		p.net.SetConfig(Config{})
		p.send(0, true, "fast")
		after(time.Second)
		wantHeard(t, p.rb, "0:fast")
	})
}

func TestPipeDiscardsDuplicatesAfterTheyTravelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Duplicate: 1})
		defer p.close()
		before, _ := p.b.Stats(p.cb)
		p.send(0, false, "a")
		p.send(0, false, "b")
		synctest.Wait()
		wantHeard(t, p.rb, "0:a", "0:b")
		if s, _ := p.b.Stats(p.cb); s.RecvPackets-before.RecvPackets != 4 {
			t.Errorf("%d packets came, want 4", s.RecvPackets-before.RecvPackets)
		}
	})
}

// TestPipeLosesAndReordersTheShareAskedFor sends a stream at 20 Hz: what is
// overtaken by its successor is dropped on arrival.
func TestPipeLosesAndReordersTheShareAskedFor(t *testing.T) {
	cases := map[string]struct {
		cfg  Config
		want float64 // share heard
	}{
		"loss":           {Config{Loss: 0.2}, 0.8},
		"reorder":        {Config{Reorder: 0.2}, 0.84},              // a fifth is late, unless the next is as well
		"both":           {Config{Loss: 0.5, Reorder: 0.5}, 0.4375}, // a late one is heard unless the next (a quarter) overtakes it
		"only blackout":  {Config{Loss: 1}, 0},
		"nothing at all": {Config{}, 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connectPair(t, Config{Seed: 3})
				defer p.close()
				c.cfg.Timeout = time.Hour
				p.net.SetConfig(c.cfg)
				const sent = 4000
				for range sent {
					p.send(0, false, "x")
					after(50 * time.Millisecond)
				}
				share := float64(len(p.rb.take())) / sent
				if share < c.want-0.03 || share > c.want+0.03 {
					t.Errorf("heard %.3f of the packets, want %.3f", share, c.want)
				}
			})
		})
	}
}

func TestPipeLosesBothSidesInALongBlackout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 10 * time.Millisecond})
		defer p.close()
		p.net.SetConfig(Config{Loss: 1})
		after(9 * time.Second)
		wantHeard(t, p.ra)
		after(3 * time.Second)
		wantHeard(t, p.ra, "disconnected 1000")
		wantHeard(t, p.rb, "disconnected 1000")
		if _, ok := p.a.Stats(p.ca); ok {
			t.Error("a lost connection has statistics")
		}
	})
}

func TestPipeSurvivesAShortBlackout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 10 * time.Millisecond})
		defer p.close()
		p.net.SetConfig(Config{Loss: 1})
		p.send(1, true, "reliable")
		p.send(0, false, "unreliable")
		after(3 * time.Second)
		wantHeard(t, p.rb)
		p.net.SetConfig(Config{Delay: 10 * time.Millisecond})
		after(4 * time.Second)
		wantHeard(t, p.rb, "1:reliable")
		wantHeard(t, p.ra)
	})
}

func TestPipeEndCanHaveSettingsOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		other := p.net.Host()
		ro := serveEnd(t, other)
		defer other.Close(0)
		co, _ := other.Dial(p.b.Addr(), 1)
		synctest.Wait()
		ro.take()
		p.rb.take()
		p.a.SetConfig(Config{Loss: 1, Timeout: 2 * time.Second})
		p.send(0, false, "lost")
		other.Send(netcode.Packet{Data: []byte("heard")}, co)
		p.b.Send(netcode.Packet{Data: []byte("lost too")}, p.cb)
		synctest.Wait()
		wantHeard(t, p.rb, "0:heard")
		after(5 * time.Second)
		wantHeard(t, p.ra, "disconnected 1000")
		wantHeard(t, p.rb, "disconnected 1000")
		wantHeard(t, ro)
	})
}

func TestPipeDialToNobodyTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{})
		a, deaf := n.Host(), n.Host()
		ra, rd := serveEnd(t, a), serveEnd(t, deaf)
		defer a.Close(0)
		defer deaf.Close(0)
		nowhere, _ := a.Dial(netip.MustParseAddrPort("10.9.9.9:21337"), 5)
		toHost, _ := a.Dial(deaf.Addr(), 5)
		after(11 * time.Second)
		got := ra.take()
		if len(got) != 2 || got[0] != (heard{10 * time.Second, nowhere, "disconnected 1000"}) || got[1].conn != toHost {
			t.Errorf("heard %v", got)
		}
		wantHeard(t, rd)
	})
}

func TestPipeDisconnectDeliversWhatWasSentBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 10 * time.Millisecond, Jitter: 50 * time.Millisecond, Loss: 0.4, Seed: 9})
		defer p.close()
		for i := range 20 {
			p.send(1, true, fmt.Sprint(i))
		}
		p.a.Disconnect(p.ca, 1001)
		p.send(1, true, "too late")
		p.a.Disconnect(p.ca, 1002)
		after(9 * time.Second)
		got := whats(p.rb.take())
		if len(got) != 21 || got[19] != "1:19" || got[20] != "disconnected 1001" {
			t.Errorf("heard %q", got)
		}
		wantHeard(t, p.ra, "disconnected 1001")
	})
}

func TestPipeBothSidesMayDisconnectAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 10 * time.Millisecond})
		defer p.close()
		p.a.Disconnect(p.ca, 1)
		p.b.Disconnect(p.cb, 2)
		after(time.Minute)
		wantHeard(t, p.ra, "disconnected 1")
		wantHeard(t, p.rb, "disconnected 2")
	})
}

func TestPipeDisconnectBeforeTheHandshakeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: 10 * time.Millisecond})
		a, b := n.Host(), n.Listen()
		ra, rb := serveEnd(t, a), serveEnd(t, b)
		defer b.Close(0)
		defer a.Close(0)
		c, _ := a.Dial(b.Addr(), 5)
		a.Disconnect(c, 7)
		synctest.Wait()
		wantHeard(t, ra, "disconnected 7")
		after(time.Second)
		wantHeard(t, ra)
		wantHeard(t, rb, "connected", "disconnected 7")
	})
}

func TestPipeDropsWhatComesFromAPeerSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 10 * time.Millisecond})
		defer p.close()
		p.send(1, true, "under way")
		p.b.Disconnect(p.cb, 1005)
		after(time.Second)
		wantHeard(t, p.rb, "disconnected 1005")
		wantHeard(t, p.ra, "disconnected 1005")
	})
}

func TestPipeNeverReusesAConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		seen := map[netcode.Conn]bool{0: true, p.ca: true, p.cb: true}
		for range 10 {
			c, _ := p.a.Dial(p.b.Addr(), 5)
			synctest.Wait()
			for _, id := range []netcode.Conn{c, p.rb.conns[len(p.rb.conns)-1]} {
				if seen[id] {
					t.Fatalf("conn %d came twice", id)
				}
				seen[id] = true
			}
			p.a.Disconnect(c, 0)
			synctest.Wait()
		}
	})
}

func TestPipeCloseTellsEveryPeerAndEndsServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(Config{Delay: 20 * time.Millisecond})
		server, served := n.Listen(), make(chan error)
		go func() { served <- server.Serve(&recorder{start: time.Now()}) }()
		var peers []*recorder
		for range 3 {
			host := n.Host()
			defer host.Close(0)
			peers = append(peers, serveEnd(t, host))
			host.Dial(server.Addr(), 5)
		}
		after(time.Second)
		go server.Close(1100)
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		after(time.Second)
		for _, peer := range peers {
			wantHeard(t, peer, "connected", "disconnected 1100")
		}
		if err := server.Close(1); err != nil {
			t.Errorf("closed again: %v", err)
		}
		if err := server.Send(netcode.Packet{}); !errors.Is(err, netcode.ErrClosed) {
			t.Errorf("Send on a closed end: %v", err)
		}
		if _, err := server.Dial(server.Addr(), 1); !errors.Is(err, netcode.ErrClosed) {
			t.Errorf("Dial on a closed end: %v", err)
		}
		if err := server.Serve(&recorder{}); err != nil {
			t.Errorf("Serve on a closed end: %v", err)
		}
	})
}

func TestPipeCloseGivesUpOnDeafPeersAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		p.net.SetConfig(Config{Loss: 1})
		start := time.Now()
		p.a.Close(0)
		if took := time.Since(start); took != time.Second {
			t.Errorf("Close took %v", took)
		}
		p.b.Close(0)
	})
}

func TestPipeCloseFromTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 10 * time.Millisecond})
		p.rb.onPacket = func(netcode.Conn, uint8, []byte) { p.b.Close(1100) }
		p.send(1, true, "close")
		after(time.Second)
		wantHeard(t, p.ra, "disconnected 1100")
		p.a.Close(0)
	})
}

func TestPipeSendSkipsWhoCannotHear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{MaxPacket: 10})
		defer p.close()
		if err := p.a.Send(netcode.Packet{Channel: 5, Data: []byte("no such channel")[:9]}, p.ca); err != nil {
			t.Error(err)
		}
		if err := p.a.Send(netcode.Packet{Data: []byte("x")}, 0, 999, p.cb); err != nil {
			t.Error(err)
		}
		if err := p.a.Send(netcode.Packet{Data: []byte("0123456789a")}, p.ca); !errors.Is(err, netcode.ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
		synctest.Wait()
		wantHeard(t, p.ra)
		wantHeard(t, p.rb)
	})
}

func TestPipeSendsLargeUnreliableAsReliable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.net.SetConfig(Config{Delay: 10 * time.Millisecond, Loss: 0.5})
		for range 20 {
			p.send(0, false, strings.Repeat("x", 5*pipeFragment))
		}
		after(9 * time.Second)
		got := p.rb.take()
		if len(got) != 20 || got[19].at < 100*time.Millisecond {
			t.Errorf("heard %d packets, want 20, the last after a while", len(got))
		}
	})
}

func TestPipeTakesItsBytesBackAfterTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		var kept []byte
		p.rb.onPacket = func(_ netcode.Conn, _ uint8, data []byte) { kept = data }
		sent := []byte("text")
		p.a.Send(netcode.Packet{Data: sent}, p.ca)
		sent[0] = 'X'
		synctest.Wait()
		wantHeard(t, p.rb, "0:text")
		if string(kept) == "text" {
			t.Error("a handler could keep its bytes")
		}
	})
}

func TestPipeRunsAlikeWithTheSameSeed(t *testing.T) {
	run := func(seed uint64) (all []heard) {
		synctest.Test(t, func(t *testing.T) {
			p := connectPair(t, Config{Delay: 10 * time.Millisecond, Jitter: 90 * time.Millisecond, Loss: 0.2, Reorder: 0.2, Seed: seed})
			defer p.close()
			for i := range 200 {
				p.send(uint8(i%2), i%2 == 1, fmt.Sprint(i))
				after(10 * time.Millisecond)
			}
			all = p.rb.take()
		})
		return all
	}
	first := run(1)
	if len(first) < 50 {
		t.Fatalf("only %d packets came", len(first))
	}
	if !slices.Equal(first, run(1)) {
		t.Error("two runs with one seed differ")
	}
	if slices.Equal(first, run(2)) {
		t.Error("two seeds give the same run")
	}
}

func TestPipeRefusesImpossibleDials(t *testing.T) {
	end := New(Config{}).Host()
	for _, channels := range []int{0, 256} {
		if _, err := end.Dial(end.Addr(), channels); err == nil {
			t.Errorf("%d channels were accepted", channels)
		}
	}
	if _, err := end.Dial(netip.AddrPort{}, 1); err == nil {
		t.Error("no address was accepted")
	}
}

func TestPipeEndIsServedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := New(Config{}).Host()
		serveEnd(t, end)
		synctest.Wait()
		if err := end.Serve(&recorder{}); err == nil {
			t.Error("a second Serve was accepted")
		}
		end.Close(0)
	})
}
