package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/loci-place/loci/netcode/client"
)

func TestLampSwitchedOnThePageChangesInTheRoom(t *testing.T) {
	o := start(t, config{}, nil)
	agent := o.join("Ada")
	o.waitForLamp(agent, false)
	o.switchLamp("true", http.StatusSeeOther)
	o.waitForLamp(agent, true)
	if page := o.get("/"); !strings.Contains(page, "The lamp is on") || !strings.Contains(page, `value="false"`) {
		t.Errorf("the page says\n%s", page)
	}
	o.switchLamp("maybe", http.StatusBadRequest)
	if !o.status().LampOn {
		t.Error("a form without an answer has switched the lamp off")
	}
	o.switchLamp("false", http.StatusSeeOther)
	o.waitForLamp(agent, false)
}

func TestTheLampIsSwitchedOverByWhoeverPressesIt(t *testing.T) {
	o := start(t, config{}, nil)
	agent := o.join("Ada")
	for _, on := range []bool{true, false} {
		for _, pressed := range []bool{true, false} {
			answer, err := agent.Request(o.ctx, "lamp", "poke", pressed)
			if err != nil || !reflect.DeepEqual(answer, []any{"poke", "ok"}) {
				t.Errorf("answered %v, %v", answer, err)
			}
		}
		o.waitForLamp(agent, on)
	}
}

func TestPagesOfOthersDoNotSwitchTheLamp(t *testing.T) {
	o := start(t, config{}, nil)
	req, err := http.NewRequestWithContext(o.ctx, http.MethodPost,
		"http://"+o.pages.Addr().String()+"/lamp?on=true", strings.NewReader("on=true"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "http://elsewhere.example")
	res, err := o.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	o.body(res, http.StatusForbidden)
	if o.status().LampOn {
		t.Error("the lamp is on")
	}
}

func TestRoomAnswersVerbsOfTheShop(t *testing.T) {
	o := start(t, config{stock: warehouse}, nil)
	agent := o.join("Ada")
	for _, c := range []struct {
		name      string
		ask, want []any
	}{
		{"reads", []any{"switch"}, []any{"switch", "ok", false}},
		{"switches on", []any{"switch", true}, []any{"switch", "ok", true}},
		{"stays on", []any{"switch"}, []any{"switch", "ok", true}},
		{"neither on nor off", []any{"switch", "on"}, []any{"switch", "error", "want true, false or nothing"}},
		{"both", []any{"switch", true, false}, []any{"switch", "error", "want true, false or nothing"}},
		{"later", []any{"stock", "bulb"}, []any{"stock", "ok", 7.0}},
		{"later, in vain", []any{"stock", "sofa"}, []any{"stock", "failed", `the shop does not sell "sofa"`}},
		{"no item", []any{"stock"}, []any{"stock", "error", "want the name of one item"}},
		{"senseless item", []any{"stock", 7}, []any{"stock", "error", "an item's name is text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := agent.Request(o.ctx, "place", c.ask...)
			if _, refused := errors.AsType[*client.RefusedError](err); err != nil && !refused {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	o.waitForLamp(agent, true)
	if !o.status().LampOn {
		t.Error("the shop does not know that the lamp is on")
	}
}

func TestPageShowsWhoCameAndLeft(t *testing.T) {
	o := start(t, config{}, nil)
	ada, bob := o.join("Ada"), o.join("<b>Bob</b>")
	// The place calls Joined after it has let an agent in, and before it answers
	// its next request.
	if _, err := bob.Request(o.ctx, "place", "switch"); err != nil {
		t.Fatal(err)
	}
	page := o.get("/")
	for _, want := range []string{"<li>Ada\n", "<li>&lt;b&gt;Bob&lt;/b&gt;\n", "<li>Ada came\n", o.room.url} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %q:\n%s", want, page)
		}
	}
	o.waitForAvatar(bob, ada.Avatar(), true)
	if err := ada.Close(); err != nil {
		t.Fatal(err)
	}
	o.waitForAvatar(bob, ada.Avatar(), false)
	got, want := o.status(), status{
		Place: o.room.url, Here: []string{"<b>Bob</b>"},
		Guests: []string{"Ada left", "<b>Bob</b> came", "Ada came"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestGuestBookForgetsTheOldest(t *testing.T) {
	var g guestBook
	for i := range guestLines + 2 {
		g.write(fmt.Sprint(i))
	}
	if got := g.newest(); len(got) != guestLines || got[0] != "21" || got[guestLines-1] != "2" {
		t.Errorf("got %v", got)
	}
}

func TestPlaceOnEveryInterfaceIsFoundOnLocalhost(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:21337": "alloplace://localhost:21337",
		"127.0.0.1:9":   "alloplace://127.0.0.1:9",
	} {
		if got := placeURL(netip.MustParseAddrPort(addr)); got != want {
			t.Errorf("%s is shown as %s, want %s", addr, got, want)
		}
	}
}
