package engine

import (
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/internal/transports"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/pipe"
)

type bargained struct {
	Euros uint32         `json:"euros"`
	Sizes []int          `json:"sizes"`
	Left  map[string]int `json:"left"`
}

var (
	bargain     = bargained{3, []int{1, 2}, map[string]int{"a": 1}}
	bargainJSON = `{"euros":3,"sizes":[1,2],"left":{"a":1}}`
)

func TestAgentsHearValuesAsJSONWritesThem(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		p.compare(`["subscribe","[\"news\" | _]"]`, `["subscribe","sub1"]`)
		p.interactions()
		if err := r.place.Handle("ask", func(q *Request) { q.Answer(bargain, float32(1.5)) }); err != nil {
			t.Fatal(err)
		}
		err := r.place.Do(func(turn *Turn) error {
			turn.Handle("buy", func(q *Request) { q.OK(bargain) })
			turn.Ask(PlaceID, p.avatar, []any{"sell", bargain}, func([]any, error) {})
			return errors.Join(turn.Send(PlaceID, p.avatar, "tell", bargain), turn.Publish(PlaceID, "news", bargain))
		})
		if err != nil {
			t.Fatal(err)
		}
		p.command(asked("1", `["ask"]`))
		p.command(asked("2", `["buy"]`))
		heard := map[string]string{}
		for _, i := range p.interactions() {
			heard[netcode.BodyVerb(i.Body)] = string(i.Body)
		}
		for verb, want := range map[string]string{
			"ask": `["ask",` + bargainJSON + `,1.5]`, "buy": `["buy","ok",` + bargainJSON + `]`,
			"sell": `["sell",` + bargainJSON + `]`, "tell": `["tell",` + bargainJSON + `]`, "news": `["news",` + bargainJSON + `]`,
		} {
			if heard[verb] != want {
				t.Errorf("%s: heard %s, want %s", verb, heard[verb], want)
			}
		}
	})
}

// TestHostHearsItselfAsAnAgent: what it asks of the place's own entities.
func TestHostHearsItselfAsAnAgent(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		r.join(4, `{}`)
		err := r.place.Do(func(turn *Turn) error {
			turn.Handle("ask", func(q *Request) { q.OK(q.Args[0], uint32(7)) })
			turn.Ask(PlaceID, PlaceID, []any{"ask", bargain}, func(answer []any, err error) {
				if err != nil || len(answer) != 3 || answer[2] != 7.0 {
					t.Errorf("answered %v, %v", answer, err)
					return
				}
				if got := string(netcode.AppendValue(nil, answer[1])); got != `{"euros":3,"left":{"a":1},"sizes":[1,2]}` {
					t.Errorf("asked with %s", got)
				}
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestValueThatJSONCannotWriteIsAnError(t *testing.T) {
	for name, bad := range map[string]any{"function": func() {}, "NaN": math.NaN(), "within": map[string]any{"c": make(chan int)}} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				p := r.join(4, `{}`)
				if err := r.place.Handle("ask", func(q *Request) { q.OK(bad) }); err != nil {
					t.Fatal(err)
				}
				_ = r.place.Do(func(turn *Turn) error {
					var asked error
					turn.Ask(PlaceID, p.avatar, []any{"sell", bad}, func(_ []any, err error) { asked = err })
					for what, err := range map[string]error{
						"Send": turn.Send(PlaceID, p.avatar, "tell", bad), "Publish": turn.Publish(PlaceID, "news", bad), "Ask": asked,
					} {
						if err == nil || !strings.Contains(err.Error(), "engine: Turn."+what) {
							t.Errorf("%s: %v", what, err)
						}
					}
					return nil
				})
				p.interactions()
				p.command(asked("1", `["ask"]`))
				if got := p.raw("1"); !strings.HasPrefix(got, `["ask","error","the answer cannot be written`) {
					t.Errorf("answered %s", got)
				}
				if r.logs.find("an answer cannot be written") == "" {
					t.Error("the log does not say so")
				}
			})
		})
	}
}

func TestHostAnimatesWithAnyNumbers(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		r.join(4, `{}`)
		err := r.place.Do(func(turn *Turn) error {
			if _, err := turn.Spawn("lamp", map[string]any{"light": map[string]any{"on": uint8(0)}}); err != nil {
				return err
			}
			_, err := turn.Animate("lamp", map[string]any{"path": "light.on", "from": 0, "to": float32(8), "start_at": 0, "duration": uint(1)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		_ = r.place.Do(func(turn *Turn) error {
			if c, _ := turn.Component("lamp", "light"); c["on"] != 8.0 {
				t.Errorf("the light is %v", c)
			}
			return nil
		})
	})
}

// TestHostRefusesAnnounceWithAnyNumber: a code of any type of Go.
func TestHostRefusesAnnounceWithAnyNumber(t *testing.T) {
	for name, code := range map[string]any{"int": 1234, "uint32": uint32(1234), "float64": 1234.0} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				if err := r.place.Handle("announce", func(q *Request) { q.Answer("error", code, "not today") }); err != nil {
					t.Fatal(err)
				}
				p := r.dial()
				p.send(netcode.CommandChannel, true, asked("ann", announce(4, `{}`)))
				p.wait()
				if got := p.raw("ann"); got != `["announce","error",1234,"not today"]` {
					t.Errorf("answered %s", got)
				}
			})
		})
	}
}

func TestLongNameOfTheHostIsRefused(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	complains := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "100000 bytes") || !strings.Contains(err.Error(), "Limits.NameBytes") || len(err.Error()) > 300 {
			t.Errorf("%s: %.400v", what, err)
		}
	}
	_, err := New(Config{Name: long})
	complains("Config.Name", err)
	inPlace(t, Config{}, func(r *rig) {
		r.join(4, `{}`)
		complains("Place.Handle", r.place.Handle(long, (*Request).Default))
		_ = r.place.Do(func(turn *Turn) error {
			complains("SetName", turn.SetName(long))
			_, err := turn.Spawn(long, map[string]any{})
			complains("Spawn", err)
			for _, handle := range []func(){
				func() { turn.Handle(long, (*Request).Default) },
				func() { turn.HandleAt(long, "poke", (*Request).Default) },
			} {
				func() {
					defer func() {
						said, _ := recover().(string)
						complains("Turn.Handle", errors.New(said))
					}()
					handle()
				}()
			}
			for what, err := range map[string]error{
				"Send": turn.Send(PlaceID, long, "tell"), "Publish": turn.Publish(long, "news"), "Change": turn.Change(long, nil),
				"Move": turn.Move(long, netcode.Identity), "PushAsset": turn.PushAsset(long, "x"),
			} {
				if err == nil || len(err.Error()) > 300 {
					t.Errorf("%s: %.400v", what, err)
				}
			}
			return nil
		})
	})
}

func TestClosedTransportIsRefused(t *testing.T) {
	enet, err := enet.New(enet.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for name, transport := range map[string]netcode.Transport{"ENet": enet, "Pipe": pipe.New(pipe.Config{}).Listen()} {
		if err := transport.Close(netcode.CodePlaceClosed); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Transports: []netcode.Transport{transport}}); err == nil || !strings.Contains(err.Error(), "Config.Transports[0] has been closed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestServeSaysThatItsTransportWasClosed(t *testing.T) {
	end := pipe.New(pipe.Config{}).Listen()
	place, err := New(Config{Transports: []netcode.Transport{end}, Logger: slog.New(slog.DiscardHandler), Opened: func(*Place) { _ = end.Close(netcode.CodePlaceClosed) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := place.Serve(t.Context()); !errors.Is(err, transports.ErrClosed) {
		t.Errorf("served until %v", err)
	}
}
