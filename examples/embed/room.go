package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

// lampID is the id of the lamp's entity.
const lampID = "lamp"

// room is the place in the shop. The lamp's state is kept there and nowhere else.
// Its methods may be called from any goroutine, save those that are handed a turn.
type room struct {
	place   *engine.Place
	url     string // where agents find it
	guests  guestBook
	stock   stock
	lookups sync.WaitGroup
}

// stock tells how many of an item there are. It may take its time, until ctx ends.
type stock func(ctx context.Context, item string) (int, error)

// openRoom opens a place with a lamp in it. Agents are let in from serve on.
func openRoom(cfg config) (*room, error) {
	r := &room{stock: cfg.stock}
	place, err := engine.New(engine.Config{
		Name: cfg.name, Listen: cfg.listen, Logger: cfg.log,
		Joined: func(_ *engine.Turn, a engine.Agent) { r.guests.write(a.DisplayName() + " came") },
		Left:   func(_ *engine.Turn, a engine.Agent, _ uint32) { r.guests.write(a.DisplayName() + " left") },
	})
	if err != nil {
		return nil, err
	}
	r.place, r.url = place, placeURL(place.Addr())
	if err := r.furnish(); err != nil {
		_ = r.place.Close()
		return nil, err
	}
	return r, nil
}

// placeURL is where agents on this machine find a place that listens on addr.
func placeURL(addr netip.AddrPort) string {
	if addr.Addr().IsUnspecified() {
		return fmt.Sprintf("alloplace://localhost:%d", addr.Port())
	}
	return "alloplace://" + addr.String()
}

// furnish puts the lamp where those who come in see it: two metres ahead of them,
// at the height of their eyes.
func (r *room) furnish() error {
	at := netcode.Identity
	at[13], at[14] = 1.6, -2
	spec := lampLooks(false)
	spec["transform"] = map[string]any{"matrix": at}
	return r.place.Do(func(t *engine.Turn) error {
		_, err := t.Spawn(lampID, spec)
		return err
	})
}

// serve lets agents in until ctx ends. It returns when all that they have asked is
// done with.
func (r *room) serve(ctx context.Context) error {
	err := r.place.Do(func(t *engine.Turn) error {
		t.Handle("switch", answerSwitch)
		t.HandleAt(lampID, "poke", answerPoke)
		t.Handle("stock", func(q *engine.Request) { r.answerStock(ctx, q) })
		return nil
	})
	if err != nil {
		return err
	}
	defer r.lookups.Wait() // the last verb has been called when Serve is back
	return r.place.Serve(ctx)
}

// answerSwitch answers ["switch"] with whether the lamp is on, and ["switch", true]
// or false once it is as told: ["switch", "ok", true].
func answerSwitch(q *engine.Request) {
	if len(q.Args) == 0 {
		q.OK(lampOn(q.Turn()))
		return
	}
	on, ok := q.Args[0].(bool)
	if !ok || len(q.Args) > 1 {
		q.Refuse("want true, false or nothing")
		return
	}
	if err := switchLamp(q.Turn(), on); err != nil {
		q.Fail(err.Error())
		return
	}
	q.OK(on)
}

// answerPoke switches the lamp over for one who presses it: visors send ["poke", true]
// to what they point at, and ["poke", false] when they let go.
func answerPoke(q *engine.Request) {
	if len(q.Args) != 1 || q.Args[0] != true {
		q.OK()
		return
	}
	if err := switchLamp(q.Turn(), !lampOn(q.Turn())); err != nil {
		q.Fail(err.Error())
		return
	}
	q.OK()
}

// answerStock answers ["stock", "bulb"] with how many there are: ["stock", "ok", 7].
// That takes time, in which the place must not stand still, so it is answered
// later. One who waits when the room closes hears of that instead.
func (r *room) answerStock(ctx context.Context, q *engine.Request) {
	if q.Type != netcode.TypeRequest {
		return // nobody waits for the answer
	}
	if len(q.Args) != 1 {
		q.Refuse("want the name of one item")
		return
	}
	item, ok := q.Args[0].(string)
	if !ok {
		q.Refuse("an item's name is text")
		return
	}
	r.lookups.Go(func() {
		switch n, err := r.stock(ctx, item); {
		case ctx.Err() != nil:
		case err != nil:
			q.Fail(err.Error())
		default:
			q.OK(n)
		}
	})
}

// switchLamp changes the lamp for everybody in the place.
func switchLamp(t *engine.Turn, on bool) error { return t.Change(lampID, lampLooks(on)) }

// lampOn reports whether the lamp is on. It stays: agents may not remove what is not
// theirs.
func lampOn(t *engine.Turn) bool {
	lamp, _ := t.Component(lampID, "lamp")
	on, _ := lamp["on"].(bool)
	return on
}

// lampLooks are the lamp's components: one for programs and one for people.
func lampLooks(on bool) map[string]any {
	text := "The lamp is off"
	if on {
		text = "The lamp is on"
	}
	return map[string]any{
		"lamp": map[string]any{"on": on},
		"text": map[string]any{"string": text, "height": 0.2},
	}
}

// switchLamp changes the lamp from outside the place.
func (r *room) switchLamp(on bool) error {
	return r.place.Do(func(t *engine.Turn) error { return switchLamp(t, on) })
}

// status is the room as the shop shows it.
type status struct {
	Place  string   `json:"place"` // its URL
	LampOn bool     `json:"lamp_on"`
	Here   []string `json:"here"`   // who is in the room, by name
	Guests []string `json:"guests"` // who came and left, the newest first
}

func (r *room) status() (status, error) {
	s := status{Place: r.url, Here: []string{}}
	err := r.place.Do(func(t *engine.Turn) error {
		s.LampOn = lampOn(t)
		for _, a := range t.Agents() {
			s.Here = append(s.Here, a.DisplayName())
		}
		return nil
	})
	s.Guests = r.guests.newest()
	return s, err
}
