package client

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

// fakePlace is just enough of a place to test clients against: it lets everyone
// in, tells the time, and does what the test scripts otherwise.
type fakePlace struct {
	t         *testing.T
	transport netcode.Transport
	start     time.Time

	mu     sync.Mutex
	agents map[netcode.Conn]*fakeAgent
	joined []*fakeAgent

	// Scripted by the test before anyone joins.
	refuse   func(a *fakeAgent) string                       // body of the answer to an announce, "" to let it in, or silence
	interact func(a *fakeAgent, i netcode.Interaction)       // anything but announces
	intent   func(a *fakeAgent, m *netcode.IntentMessage)    // each intent message, after it was noted
	packet   func(a *fakeAgent, k netcode.Kind, data []byte) // media and assets
	left     func(a *fakeAgent, code uint32)
}

const silence = "silence"

// fakeAgent is one connection as the place sees it.
type fakeAgent struct {
	place    *fakePlace
	conn     netcode.Conn
	dialect  *netcode.Dialect // nil until announced
	announce netcode.Announce
	envelope bool
	avatar   string

	// Guarded by the place's lock.
	intents []timedIntent
	acks    []uint64
	early   []uint8 // channels of what came before the announce
	gone    bool
	code    uint32
}

type timedIntent struct {
	at     time.Duration
	intent netcode.Intent
}

// startPlace serves a fake place on a listening end of a network.
func startPlace(t *testing.T, n *pipe.Network, script func(p *fakePlace)) (p *fakePlace, url string) {
	end := n.Listen()
	return servePlace(t, end, script), "alloplace://" + end.Addr().String()
}

func servePlace(t *testing.T, transport netcode.Transport, script func(p *fakePlace)) *fakePlace {
	p := &fakePlace{t: t, transport: transport, start: time.Now(), agents: make(map[netcode.Conn]*fakeAgent)}
	if script != nil {
		script(p)
	}
	go transport.Serve(p)
	return p
}

func (p *fakePlace) close() { p.transport.Close(netcode.CodePlaceClosed) }

func (p *fakePlace) clock() float64 { return 1000 + time.Since(p.start).Seconds() }

// agent waits for the nth agent that was let in.
func (p *fakePlace) agent(n int) *fakeAgent {
	p.t.Helper()
	for range 200 {
		p.mu.Lock()
		joined := p.joined
		p.mu.Unlock()
		if len(joined) > n {
			return joined[n]
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatalf("agent %d never joined", n)
	return nil
}

func (p *fakePlace) Connected(c netcode.Conn, _ netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.agents[c] = &fakeAgent{place: p, conn: c}
}

func (p *fakePlace) Disconnected(c netcode.Conn, code uint32) {
	p.mu.Lock()
	a := p.agents[c]
	a.gone, a.code = true, code
	delete(p.agents, c)
	p.mu.Unlock()
	if p.left != nil {
		p.left(a, code)
	}
}

func (p *fakePlace) Received(c netcode.Conn, channel uint8, data []byte) {
	p.mu.Lock()
	a := p.agents[c]
	p.mu.Unlock()
	if a.dialect == nil && channel != netcode.CommandChannel {
		p.mu.Lock()
		a.early = append(a.early, channel)
		p.mu.Unlock()
		return
	}
	if a.dialect == nil {
		p.receivedAnnounce(a, data)
		return
	}
	switch kind := a.dialect.Kind(channel); kind {
	case netcode.KindState:
		p.receivedIntent(a, data)
	case netcode.KindCommand:
		i, err := netcode.ParseInteraction(data)
		if err != nil {
			p.t.Errorf("interaction %s: %v", data, err)
		} else if p.interact != nil {
			p.interact(a, i)
		}
	case netcode.KindClock:
		reply, err := netcode.AppendClockReply(nil, data, p.clock())
		if err != nil {
			p.t.Errorf("clock request %s: %v", data, err)
		}
		a.send(a.dialect.Clock, false, reply)
	default:
		if p.packet == nil {
			p.t.Errorf("packet on channel %d: %q", channel, data)
		} else {
			p.packet(a, kind, bytes.Clone(data))
		}
	}
}

func (p *fakePlace) receivedAnnounce(a *fakeAgent, data []byte) {
	i, err := netcode.ParseInteraction(data)
	if err != nil || i.Type != netcode.TypeRequest || i.To != "place" {
		p.t.Errorf("first command %s: %v", data, err)
		return
	}
	announce, err := netcode.ParseAnnounce(i.Body)
	if err != nil {
		p.t.Errorf("announce %s: %v", i.Body, err)
		return
	}
	a.announce, a.envelope = announce, i.Envelope
	if p.refuse != nil {
		switch body := p.refuse(a); body {
		case "":
		case silence:
			return
		default:
			a.respond(i, body)
			return
		}
	}
	p.mu.Lock()
	a.dialect, _ = netcode.DialectOf(announce.Version)
	a.avatar = fmt.Sprintf("avatar-%d", len(p.joined))
	p.joined = append(p.joined, a)
	p.mu.Unlock()
	a.respond(i, fmt.Sprintf(`["announce",%q,"Test place"]`, a.avatar))
}

func (p *fakePlace) receivedIntent(a *fakeAgent, data []byte) {
	var m netcode.IntentMessage
	err := m.Parse(data)
	if d, ok := netcode.DialectOf(a.announce.Version); ok && d.Compact {
		var compact netcode.CompactIntentMessage
		err = compact.Parse(data)
		compact.Message(&m)
	}
	if err != nil || len(m.Intents) != 1 || !m.HasAck {
		p.t.Errorf("intent %q: %v", data, err)
		return
	}
	p.mu.Lock()
	a.intents = append(a.intents, timedIntent{time.Since(p.start), m.Intents[0]})
	a.acks = append(a.acks, m.Ack)
	p.mu.Unlock()
	if p.intent != nil {
		p.intent(a, &m)
	}
}

func (a *fakeAgent) send(channel uint8, reliable bool, data []byte) {
	if err := a.place.transport.Send(netcode.Packet{Channel: channel, Reliable: reliable, Data: data}, a.conn); err != nil {
		a.place.t.Errorf("place sends: %v", err)
	}
}

// respond answers a request with a body in JSON.
func (a *fakeAgent) respond(request netcode.Interaction, body string) {
	a.interaction(netcode.TypeResponse, request.To, request.RequestID, body)
}

// interaction sends the agent one, to the avatar.
func (a *fakeAgent) interaction(kind, from, id, body string) {
	i := netcode.Interaction{Type: kind, From: from, To: a.avatar, RequestID: id, Body: []byte(body), Envelope: a.envelope}
	a.send(netcode.CommandChannel, true, i.Append(nil))
}

func (a *fakeAgent) state(s netcode.State) { a.send(a.dialect.State, false, s.Append(nil)) }

func (a *fakeAgent) set(revision uint64, entities string) {
	a.state(netcode.State{Style: netcode.StyleSet, Revision: revision, Entities: []byte(entities)})
}

func (a *fakeAgent) merge(from, revision uint64, entities string) {
	a.state(netcode.State{Style: netcode.StyleMerge, From: from, Revision: revision, Entities: []byte(entities)})
}

// ack is the newest acknowledgement that has come.
func (a *fakeAgent) ack() uint64 {
	a.place.mu.Lock()
	defer a.place.mu.Unlock()
	if len(a.acks) == 0 {
		return 0
	}
	return a.acks[len(a.acks)-1]
}

// inPlace runs a test in a bubble with a fake place and one client in it, of version 4 if
// nothing else is wanted: what the tests have the place say is JSON.
func inPlace(t *testing.T, cfg Config, script func(p *fakePlace), test func(t *testing.T, c *Client, a *fakeAgent)) {
	t.Helper()
	if cfg.Version == 0 && !cfg.Envelope {
		cfg.Version = 4
	}
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(pipe.Config{Delay: 5 * time.Millisecond})
		p, url := startPlace(t, n, script)
		defer p.close()
		d := NewDialer(n.Host())
		defer d.Close()
		c, err := d.Dial(t.Context(), url, cfg)
		if err != nil {
			t.Fatal(err)
		}
		after(20 * time.Millisecond)
		test(t, c, p.agent(0))
	})
}

// within is a context for what should take no time.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx
}
