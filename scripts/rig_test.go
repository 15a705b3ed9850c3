package scripts

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// rig is a place that runs scripts, driven by hand.
type rig struct {
	testing.TB
	*engine.Driver
	place  *engine.Place
	direct *direct.Transport
	deaf   atomic.Bool // see unread
	rt     *Runtime
	logs   *logBook
}

// logBook keeps what is logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// take gives what was logged since the last time.
func (l *logBook) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	l.text.Reset()
	return text
}

// unread is a transport whose agents take nothing of what is sent to them while deaf is set.
type unread struct {
	*direct.Transport
	deaf *atomic.Bool
}

func (u unread) Stats(c netcode.Conn) (netcode.Stats, bool) {
	stats, ok := u.Transport.Stats(c)
	if u.deaf.Load() {
		stats.Queued = math.MaxInt
	}
	return stats, ok
}

// lua makes the sources of a place of its place.lua alone.
func lua1(source string) files { return files{"place.lua": source} }

// opened opens a place with scripts.
func opened(t testing.TB, sources files, configs ...func(*Config)) *rig {
	t.Helper()
	r, err := open(t, sources, configs...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, sources files, configs ...func(*Config)) (*rig, error) {
	t.Helper()
	r := &rig{TB: t, direct: direct.New(), logs: &logBook{}}
	log := slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	config := Config{Sources: sources, Logger: log}
	for _, change := range configs {
		change(&config)
	}
	var err error
	if r.rt, err = New(config); err != nil {
		return nil, err
	}
	if r.place, err = engine.New(engine.Config{
		Transports: []netcode.Transport{unread{r.direct, &r.deaf}}, Behaviour: r.rt, Logger: log, Assets: assets.Options{Folder: r.rt.AssetFolder()},
	}); err != nil {
		return nil, err
	}
	if r.Driver, err = r.place.Drive(); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		r.rt.Wait()
		if strings.Contains(r.logs.take(), "bug in the place") {
			t.Error("bug in the place")
		}
	})
	return r, nil
}

// reload puts other sources in force.
func (r *rig) reload(sources files) error { return r.rt.reload(r.place, sources, sources.Paths()) }

// want checks what scripts have logged since the last time: the lines of print and
// place.log, in order.
func (r *rig) want(lines ...string) {
	r.Helper()
	var got []string
	for line := range strings.Lines(r.logs.take()) {
		_, text, _ := strings.Cut(line, "msg=")
		text, _, said := strings.Cut(text, " from=script")
		if !said {
			if strings.Contains(line, "level=ERROR") {
				got = append(got, strings.TrimSpace(line))
			}
			continue
		}
		text, _, _ = strings.Cut(text, " at=")
		got = append(got, unquoted(text))
	}
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		r.Errorf("scripts said\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(lines, "\n  "))
	}
}

// unquoted takes the quotes of a logged text away.
func unquoted(text string) string {
	if strings.HasPrefix(text, `"`) {
		return strings.TrimSuffix(text[1:], `"`)
	}
	return text
}

// do runs f on the place's turn.
func (r *rig) do(f func(t *engine.Turn)) {
	r.Helper()
	if err := r.place.Do(func(t *engine.Turn) error { f(t); return nil }); err != nil {
		r.Fatal(err)
	}
}

// component gives one as JSON.
func (r *rig) component(id, name string) (text string) {
	r.do(func(t *engine.Turn) {
		if c, ok := t.Component(id, name); ok {
			text = string(netcode.AppendValue(nil, c))
		}
	})
	return text
}

// actor is an agent in a rig.
type actor struct {
	*rig
	peer   *direct.Peer
	avatar string
	ids    int
	heard  []netcode.Interaction
	code   uint32
	mu     sync.Mutex
	asset  string // the last frame of one
}

func (r *rig) connect() *actor {
	a := &actor{rig: r}
	a.peer = r.direct.Connect(direct.Config{
		Received: func(channel uint8, data []byte) {
			if channel == 3 {
				a.mu.Lock()
				defer a.mu.Unlock()
				a.asset = string(data)
			}
			if channel != netcode.CommandChannel {
				return
			}
			i, err := netcode.ParseInteraction(data)
			if err != nil {
				r.Errorf("%v: %s", err, data)
			}
			a.heard = append(a.heard, i)
		},
		Disconnected: func(code uint32) { a.code = code },
	})
	return a
}

// join lets an agent in.
func (r *rig) join(name string) *actor {
	return r.joinAs(name, fmt.Sprintf(`{"visor":{"display_name":%q}}`, name))
}

// joinAs is join with an avatar that is described.
func (r *rig) joinAs(name, avatar string) *actor {
	r.Helper()
	a := r.connect()
	answer := a.request("place", fmt.Sprintf(`["announce","version",4,"identity",{"display_name":%q},"spawn_avatar",%s]`, name, avatar))
	if !strings.HasPrefix(answer, `["announce","`) || strings.Contains(answer, `"error"`) {
		r.Fatalf("announce answered %s", answer)
	}
	a.avatar = strings.Split(answer, `"`)[3]
	return a
}

// send sends an interaction and lets the place handle it.
func (a *actor) send(kind, to, id, body string) {
	a.peer.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction",%q,%q,%q,%q,%s]`, kind, a.avatar, to, id, body))
	a.Settle()
}

// request asks, and gives the answer's body if it has come.
func (a *actor) request(to, body string) string {
	a.ids++
	id := fmt.Sprint("r", a.ids)
	a.send("request", to, id, body)
	return a.response(id)
}

// response takes the answer to a request from what was heard.
func (a *actor) response(id string) string {
	for i, heard := range a.heard {
		if heard.Type == netcode.TypeResponse && heard.RequestID == id {
			a.heard = append(a.heard[:i:i], a.heard[i+1:]...)
			return string(heard.Body)
		}
	}
	return ""
}

// frame is the last asset frame that has come.
func (a *actor) frame() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asset
}

// take gives what else was heard, one a line.
func (a *actor) take() string {
	var lines []string
	for _, i := range a.heard {
		lines = append(lines, fmt.Sprintf("%s %s", i.Type, i.Body))
	}
	a.heard = nil
	return strings.Join(lines, "\n")
}

func (r *rig) equal(got, want string) {
	r.Helper()
	if got != want {
		r.Errorf("got %s, want %s", got, want)
	}
}
