package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

// The variables of a process that is an attacker.
const (
	attackVariable = "LOCI_ABUSE"
	urlVariable    = "LOCI_ABUSE_URL"
	forVariable    = "LOCI_ABUSE_FOR"
	manyVariable   = "LOCI_ABUSE_HOARDERS"
	slowVariable   = "LOCI_ABUSE_SLOWEST"
)

// attackerProcess is an attacker as the one who started it sees it.
type attackerProcess struct {
	ended      chan struct{}
	said, harm []string
}

// startAttacker attacks a place from a process of its own, which has what the others leave of
// the machine: what an attack costs the attacker is not what it costs the others.
func startAttacker(ctx context.Context, name, url string, lasts time.Duration, hoarders int, slowest time.Duration) (*attackerProcess, error) {
	cmd := exec.CommandContext(ctx, "nice", "-n", "10", os.Args[0])
	cmd.Env = append(os.Environ(), attackVariable+"="+name, urlVariable+"="+url, forVariable+"="+lasts.String(), fmt.Sprint(manyVariable, "=", hoarders), slowVariable+"="+slowest.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &attackerProcess{ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		p.hear(out)
		if err := cmd.Wait(); err != nil {
			p.harm = append(p.harm, fmt.Sprintf("the attacker failed: %v", err))
		}
	}()
	return p, nil
}

const harmPrefix = "harm: "

func (p *attackerProcess) hear(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if what, ok := strings.CutPrefix(lines.Text(), harmPrefix); ok {
			p.harm = append(p.harm, what)
		} else {
			p.said = append(p.said, lines.Text())
		}
	}
}

// result returns what the attacker said, and what harm it saw itself do, once it has ended.
func (p *attackerProcess) result() (said, harm []string) {
	<-p.ended
	return p.said, p.harm
}

// attackerMain is the main function of an attacker's process.
func attackerMain(name string) int {
	chosen, err := choose([]string{name}, true)
	lasts, badTime := time.ParseDuration(os.Getenv(forVariable))
	hoarders, badNumber := strconv.Atoi(os.Getenv(manyVariable))
	slowest, badSlowest := time.ParseDuration(os.Getenv(slowVariable))
	if err := errors.Join(err, badTime, badNumber, badSlowest); err != nil {
		fmt.Fprintln(os.Stderr, "abuse:", err)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), lasts)
	defer cancel()
	a := &attacker{ctx: ctx, url: os.Getenv(urlVariable), hoarders: hoarders, slowest: slowest, seen: map[string]int{}}
	chosen[0].run(a)
	a.close()
	return 0
}

// attacker attacks a place until its context ends.
type attacker struct {
	ctx      context.Context
	url      string
	hoarders int
	slowest  time.Duration // that a victim's publication may be; 0 is any

	mu     sync.Mutex
	closes []func()
	seen   map[string]int // what was said how often
}

// say writes a line on what came of the attack, each once.
func (a *attacker) say(format string, args ...any) {
	line := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen[line]++; a.seen[line] == 1 {
		fmt.Printf("%.300s\n", line)
	}
}

// harm says that somebody else was harmed.
func (a *attacker) harm(format string, args ...any) { a.say(harmPrefix+format, args...) }

func (a *attacker) atEnd(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closes = append(a.closes, f)
}

func (a *attacker) close() {
	for i := len(a.closes) - 1; i >= 0; i-- {
		a.closes[i]()
	}
}

// sleep waits, and reports whether the attack goes on.
func (a *attacker) sleep(d time.Duration) bool {
	select {
	case <-a.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// goOn reports whether the attack goes on.
func (a *attacker) goOn() bool { return a.ctx.Err() == nil }

func (a *attacker) addr() netip.AddrPort {
	return netip.MustParseAddrPort(strings.TrimPrefix(a.url, "alloplace://"))
}

// host is one of the attacker's transports. Agents that leave over it say goodbye as it says.
type host struct {
	netcode.Dialer
	dialer  *client.Dialer
	goodbye uint32 // what a place is told instead of "I leave", if not 0

	mu   sync.Mutex
	last netcode.Conn // that was dialled
}

func (h *host) Dial(to netip.AddrPort, channels int) (netcode.Conn, error) {
	c, err := h.Dialer.Dial(to, channels)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = c
	return c, err
}

func (h *host) Disconnect(c netcode.Conn, code uint32) {
	if h.goodbye != 0 {
		code = h.goodbye
	}
	h.Dialer.Disconnect(c, code)
}

// newHost makes a host for many connections.
func (a *attacker) newHost(goodbye uint32) *host {
	t, err := enet.New(enet.Config{Listen: attackerAddress, Peers: 1000, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	h := &host{Dialer: t, goodbye: goodbye}
	h.dialer = client.NewDialer(h)
	a.atEnd(func() { _ = h.dialer.Close() })
	return h
}

// agent is one of the attacker's connections.
type agent struct {
	*client.Client
	a    *attacker
	host *host
	conn netcode.Conn
}

// dial joins over a host, for those that dial one after the other.
func (a *attacker) dial(h *host, cfg client.Config) (*agent, error) {
	if cfg.Identity == nil {
		cfg.Identity = map[string]any{"display_name": "attacker"}
	}
	waits, cancel := context.WithTimeout(a.ctx, 10*time.Second)
	defer cancel()
	c, err := h.dialer.Dial(waits, a.url, cfg)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return &agent{c, a, h, h.last}, nil
}

// join joins over a host of its own, and gives up the attack if that fails.
func (a *attacker) join(cfg client.Config) *agent {
	x, err := a.dial(a.newHost(0), cfg)
	if err != nil {
		a.say("did not get in: %v", err)
		<-a.ctx.Done()
		a.close()
		os.Exit(0)
	}
	return x
}

// watcher is a config whose client keeps the place's state.
func watcher(name string) client.Config {
	return client.Config{Identity: map[string]any{"display_name": name}}
}

// deaf is a config whose client only acknowledges it.
func deaf(name string) client.Config {
	return client.Config{Identity: map[string]any{"display_name": name}, Mode: client.AcknowledgeOnly}
}

// crowd has n agents join, and each do the same at once until the attack ends.
func (a *attacker) crowd(n int, do func(i int, x *agent)) {
	h := a.newHost(0)
	var doing sync.WaitGroup
	for i := range n {
		x, err := a.dial(h, deaf("attacker"))
		if err != nil {
			a.say("did not get in: %v", err)
			continue
		}
		doing.Go(func() { do(i, x) })
	}
	doing.Wait()
}

// ask asks the place and returns the answer, nil where there is none. What was refused is said.
func (x *agent) ask(body ...any) []any { return x.askFrom("", body...) }

func (x *agent) askFrom(from string, body ...any) []any {
	waits, cancel := context.WithTimeout(x.a.ctx, 10*time.Second)
	defer cancel()
	answer, err := x.RequestFrom(waits, from, "place", body...)
	if err != nil {
		if x.a.goOn() {
			x.a.say("%v: %v", body[0], err)
		}
		return nil
	}
	return answer
}

// askUntil asks again and again until there is an answer.
func (x *agent) askUntil(body ...any) []any {
	for x.a.goOn() && x.Err() == nil {
		if answer := x.ask(body...); answer != nil {
			return answer
		}
		x.a.sleep(200 * time.Millisecond)
	}
	return nil
}

// id returns the second item of an answer that is text, such as an entity's id.
func id(answer []any) string {
	if len(answer) < 2 {
		return ""
	}
	s, _ := answer[1].(string)
	return s
}

// spawn spawns an entity and returns its id.
func (x *agent) spawn(components map[string]any) string { return id(x.ask("spawn_entity", components)) }

// change sets components of an entity.
func (x *agent) change(entity string, components map[string]any) []any {
	return x.ask("change_components", entity, "add_or_change", components)
}

// write sends what no well-behaved client would, as it is, on the channel of commands.
func (x *agent) write(data string) {
	_ = x.host.Send(netcode.Packet{Channel: netcode.CommandChannel, Reliable: true, Data: []byte(data)}, x.conn)
}

// at returns where an entity stands in its parent, or in the place where it has none.
func (x *agent) at(entity string) (p [3]float64, ok bool) {
	x.View(func(d *netcode.Document) {
		t, _ := d.Component(entity, "transform")
		m, _ := t["matrix"].([]any)
		for i := range p {
			if ok = len(m) == 16; ok {
				p[i], ok = m[12+i].(float64)
			}
		}
	})
	return p, ok
}

// numbers is a list of zeros that takes so many bytes as JSON.
func numbers(bytes int) json.RawMessage {
	return json.RawMessage("[" + strings.TrimSuffix(strings.Repeat("0,", bytes/2), ",") + "]")
}

// keys is an object of n keys that begin alike.
func keys(prefix string, n int) json.RawMessage {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%s%04x":0`, prefix, i)
	}
	return json.RawMessage("{" + b.String()[1:] + "}")
}
