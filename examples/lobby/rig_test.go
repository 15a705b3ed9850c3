package lobby_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/scripts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lobby is this directory's place, in which time passes only when told.
type lobby struct {
	*testing.T
	*engine.Driver
	place  *engine.Place
	direct *direct.Transport
	rt     *scripts.Runtime
}

// opened opens the lobby. An error that a script makes fails the test.
func opened(t *testing.T) *lobby {
	t.Helper()
	l := &lobby{T: t, direct: direct.New(), rt: runtime(t)}
	var err error
	if l.place, err = engine.New(engine.Config{Transports: []netcode.Transport{l.direct}, Behaviour: l.rt, Logger: quiet()}); err != nil {
		t.Fatal(err)
	}
	if l.Driver, err = l.place.Drive(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		l.rt.Wait()
	})
	return l
}

func runtime(t *testing.T) *scripts.Runtime {
	t.Helper()
	rt, err := scripts.New(scripts.Config{
		Dir: ".", NoReload: true, Logger: slog.New(slog.NewTextHandler(complaints{t}, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// complaints is where warnings and errors of scripts go.
type complaints struct{ t *testing.T }

func (c complaints) Write(line []byte) (int, error) {
	c.t.Errorf("the scripts complain: %s", line)
	return len(line), nil
}

// component gives one of an entity, nil if it has none.
func (l *lobby) component(id, name string) (c map[string]any) {
	l.Helper()
	if err := l.place.Do(func(t *engine.Turn) error { c, _ = t.Component(id, name); return nil }); err != nil {
		l.Fatal(err)
	}
	return c
}

// equal compares values as JSON has them.
func (l *lobby) equal(got any, want string) {
	l.Helper()
	var v any
	if err := json.Unmarshal([]byte(want), &v); err != nil {
		l.Fatal(err)
	}
	if !reflect.DeepEqual(got, v) {
		text, _ := json.Marshal(got)
		l.Errorf("got %s, want %s", text, want)
	}
}

// visitor is somebody in the lobby.
type visitor struct {
	*lobby
	peer   *direct.Peer
	avatar string
	asked  int
	heard  []netcode.Interaction
	spoken int // media packets that came
	code   uint32
}

// knock connects somebody who has not announced itself.
func (l *lobby) knock() *visitor {
	v := &visitor{lobby: l}
	v.peer = l.direct.Connect(direct.Config{
		Received: func(channel uint8, data []byte) {
			switch channel {
			case netcode.CommandChannel:
				i, err := netcode.ParseInteraction(data)
				if err != nil {
					l.Errorf("%v: %s", err, data)
				}
				v.heard = append(v.heard, i)
			case 0: // audio, of version 4
				v.spoken++
			}
		},
		Disconnected: func(code uint32) { v.code = code },
	})
	return v
}

// announce asks to be let in, with an avatar that has a head.
func (v *visitor) announce(identity string) []any {
	v.Helper()
	return v.ask("place", `["announce","version",4,"identity",%s,"spawn_avatar",
		{"visor":{},"children":[{"intent":{"actuate_pose":"head"}}]}]`, identity)
}

func (l *lobby) join(name string) *visitor {
	l.Helper()
	v := l.knock()
	answer := v.announce(fmt.Sprintf(`{"display_name":%q}`, name))
	if len(answer) != 3 || answer[1] == "error" {
		l.Fatalf("announce answered %v", answer)
	}
	v.avatar = answer[1].(string)
	return v
}

// ask asks, and gives the answer's body, nil if it has not come.
func (v *visitor) ask(to, body string, args ...any) []any {
	v.Helper()
	v.asked++
	id := fmt.Sprint("r", v.asked)
	v.peer.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction","request",%q,%q,%q,%s]`, v.avatar, to, id, fmt.Sprintf(body, args...)))
	v.Settle()
	for i, heard := range v.heard {
		if heard.Type != netcode.TypeResponse || heard.RequestID != id {
			continue
		}
		v.heard = append(v.heard[:i:i], v.heard[i+1:]...)
		var answer []any
		if err := json.Unmarshal(heard.Body, &answer); err != nil {
			v.Fatal(err)
		}
		return answer
	}
	return nil
}

// take gives what else was heard, one a line.
func (v *visitor) take() string {
	var lines []string
	for _, i := range v.heard {
		lines = append(lines, i.From+" "+i.Type+" "+string(i.Body))
	}
	v.heard = nil
	return strings.Join(lines, "\n")
}

// stand moves a visitor's avatar, and lets the place notice.
func (v *visitor) stand(x, z float64) {
	v.Helper()
	v.equal(v.ask("place", `["change_components",%q,"add_or_change",{"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,%g,0,%g,1]}}]`, v.avatar, x, z),
		`["change_components","ok"]`)
	v.Advance(time.Second)
}
