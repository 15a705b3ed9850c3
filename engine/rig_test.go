package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

// rig is an open place on a network in memory, in a bubble where waiting takes
// no time.
type rig struct {
	*testing.T
	place *Place
	pipe  *pipe.Network
	addr  netip.AddrPort
	logs  *logBook
}

// inPlace runs f beside an open place, then closes the place.
func inPlace(t *testing.T, cfg Config, f func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{T: t, pipe: pipe.New(pipe.Config{Delay: time.Millisecond}), logs: &logBook{}}
		end := r.pipe.Listen()
		r.addr = end.Addr()
		cfg.Transports = []netcode.Transport{end}
		cfg.Logger = slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		place, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		opened := time.Now()
		place.cpu = func() time.Duration { return time.Since(opened) } // what sleeps is said to compute
		r.place = place
		served := make(chan error, 1)
		go func() { served <- place.Serve(context.Background()) }()
		f(r)
		if err := place.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if bug := r.logs.find("bug in the place"); bug != "" {
			t.Error(bug)
		}
	})
}

// logBook keeps what the place logs.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

var _ io.Writer = (*logBook)(nil)

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// take is find, after which it is forgotten with all the rest.
func (l *logBook) take(part string) string {
	line := l.find(part)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
	return line
}

func (l *logBook) find(part string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// peer is one connection to the place, of which the test says every byte.
type peer struct {
	*rig
	transport *pipe.End
	conn      netcode.Conn
	avatar    string
	ids       int      // used so far
	denied    []string // messages that told of it, to versions 1 and 2

	mu       sync.Mutex
	received map[uint8][]string // by channel
	code     uint32             // that it was disconnected with
	gone     bool
}

// dial connects without announcing.
func (r *rig) dial() *peer {
	r.Helper()
	p := &peer{rig: r, transport: r.pipe.Host(), received: map[uint8][]string{}}
	go func() { _ = p.transport.Serve(p) }()
	conn, err := p.transport.Dial(r.addr, 6)
	if err != nil {
		r.Fatal(err)
	}
	p.conn = conn
	r.Cleanup(p.close)
	p.wait()
	return p
}

// join connects and announces as the given version.
func (r *rig) join(version int, spec string) *peer {
	r.Helper()
	p := r.dial()
	p.announce(version, spec)
	return p
}

func (p *peer) announce(version int, spec string) {
	p.Helper()
	p.command(fmt.Sprintf(
		`["interaction","request","","place","ann",["announce","version",%d,"identity",{"display_name":"peer"},"spawn_avatar",%s]]`,
		version, spec))
	body := p.answer("ann")
	if len(body) != 3 || body[1] == "error" {
		p.Fatalf("announce answered %v", body)
	}
	p.avatar = body[1].(string)
}

// again leaves and joins over a new connection from the same address.
func (p *peer) again() {
	p.Helper()
	p.transport.Disconnect(p.conn, netcode.CodeClientLeft)
	p.wait()
	conn, err := p.transport.Dial(p.addr, 6)
	if err != nil {
		p.Fatal(err)
	}
	p.conn = conn
	p.wait()
	p.announce(4, `{}`)
}

func (p *peer) Connected(netcode.Conn, netip.AddrPort) {}

func (p *peer) Received(_ netcode.Conn, channel uint8, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received[channel] = append(p.received[channel], string(data))
}

func (p *peer) Disconnected(_ netcode.Conn, code uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code, p.gone = code, true
}

func (p *peer) close() { _ = p.transport.Close(netcode.CodeClientLeft) }

// wait lets a little time pass: enough for a packet there and back, too little
// for a heartbeat to be missed.
func (p *peer) wait() { time.Sleep(5 * time.Millisecond) }

func (p *peer) send(channel uint8, reliable bool, data string) {
	p.Helper()
	err := p.transport.Send(netcode.Packet{Channel: channel, Reliable: reliable, Data: []byte(data)}, p.conn)
	if err != nil {
		p.Fatal(err)
	}
}

// command sends an interaction and waits for what comes of it.
func (p *peer) command(data string) {
	p.Helper()
	p.send(netcode.CommandChannel, true, data)
	p.wait()
}

// take gives what has come on a channel since the last take.
func (p *peer) take(channel uint8) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.received[channel]
	p.received[channel] = nil
	return got
}

// interactions returns the interactions that have come since the last time.
func (p *peer) interactions() []netcode.Interaction {
	p.Helper()
	var all []netcode.Interaction
	for _, data := range p.take(netcode.CommandChannel) {
		if strings.HasPrefix(data, `["interaction_denied",`) {
			p.denied = append(p.denied, strings.TrimSuffix(data, "\n"))
			continue
		}
		i, err := netcode.ParseInteraction([]byte(data))
		if err != nil {
			p.Fatalf("%v: %s", err, data)
		}
		all = append(all, i)
	}
	return all
}

// answer returns the body of the only interaction that has come: a response of the
// place's to the given request.
func (p *peer) answer(requestID string) []any {
	p.Helper()
	v, err := netcode.ParseValue([]byte(p.raw(requestID)))
	if err != nil {
		p.Fatal(err)
	}
	return v.([]any)
}

// raw is answer as it came.
func (p *peer) raw(requestID string) string {
	p.Helper()
	all := p.interactions()
	if len(all) != 1 {
		p.Fatalf("%d interactions came, want one response: %+v", len(all), all)
	}
	i := all[0]
	if i.Type != netcode.TypeResponse || i.From != PlaceID || i.RequestID != requestID {
		p.Fatalf("got %s %s from %q, want the place's response to %q", i.Type, i.RequestID, i.From, requestID)
	}
	return string(i.Body)
}

// disconnected reports whether the place has ended the connection, and the code.
func (p *peer) disconnected() (uint32, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code, p.gone
}

// follow acknowledges each state for a while, as an agent of a version does, and returns the
// document that they make.
func (p *peer) follow(version int, howLong time.Duration) *netcode.Document {
	p.Helper()
	doc := &netcode.Document{}
	for end := time.Now().Add(howLong); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, data := range p.take(stateChannel(version)) {
			if err := applyState(doc, version, []byte(data)); err != nil && !errors.Is(err, netcode.ErrBase) {
				p.Fatalf("%v: %q", err, data)
			} // a base that is not held: it was on its way before the acknowledgement came
		}
		p.send(stateChannel(version), false, intentOf(version, doc.Revision))
	}
	return doc
}

// applyState applies a state as an agent of a version does.
func applyState(doc *netcode.Document, version int, data []byte) error {
	if d, _ := netcode.DialectOf(version); d.Compact {
		s, err := netcode.ParseCompactState(data)
		if err != nil {
			return err
		}
		return doc.ApplyCompact(&s)
	}
	s, err := netcode.ParseState(data)
	if err != nil {
		return err
	}
	return doc.Apply(&s)
}

// intentOf is an intent of an agent that stands still.
func intentOf(version int, ack uint64) string {
	m := netcode.IntentMessage{Ack: ack, HasAck: true, Intents: []netcode.Intent{{}}}
	if d, _ := netcode.DialectOf(version); d.Compact {
		compact := m.Compact()
		return string(compact.Append(nil))
	}
	return string(m.Append(nil))
}

func stateChannel(version int) uint8 {
	d, _ := netcode.DialectOf(version)
	return d.State
}
