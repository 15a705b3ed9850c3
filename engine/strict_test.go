package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

// ambiguous are objects of which rules, scripts and agents could read different prices.
var ambiguous = map[string]string{
	"a repeated key":            `{"price":1000,"price":50}`,
	"a key in another case":     `{"Price":1000,"price":50}`,
	"the other way round":       `{"price":50,"Price":1000}`,
	"two keys with capitals":    `{"pRice":50,"priCe":1000}`,
	"deep inside":               `{"offer":[{"terms":{"price":1,"price":50}}]}`,
	"a key in an escape":        `{"price":1000,"pric\u0065":50}`,
	"a key in an escape's case": `{"price":1000,"pric\u0045":50}`,
}

func TestAmbiguousObjectsReachNobody(t *testing.T) {
	for name, object := range ambiguous {
		for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
			t.Run(fmt.Sprint(name, " in version ", version), func(t *testing.T) {
				inPlace(t, Config{}, func(r *rig) {
					seller, buyer := r.join(version, `{}`), r.join(version, `{}`)
					buyer.command(interaction("request", "", PlaceID, "s", `["subscribe","[\"sell\" | _]"]`))
					buyer.answer("s")

					seller.command(interaction("request", "", buyer.avatar, "q", `["sell",`+object+`]`))
					if got := seller.raw("q"); !strings.Contains(got, "is there already") {
						t.Errorf("a request is answered %s", got)
					}
					for verb, body := range map[string]string{
						"spawn_entity":      `["spawn_entity",{"offer":` + object + `}]`,
						"change_components": `["change_components","` + seller.avatar + `","add_or_change",{"offer":` + object + `}]`,
						"names":             `["change_components","` + seller.avatar + `","add_or_change",{"offer":{},"Offer":{}}]`,
						"allocate_track":    `["allocate_track","audio","opus",` + object + `]`,
						"launch_app":        `["launch_app","alloapp:http://127.0.0.1:1/a",` + object + `]`,
					} {
						seller.command(interaction("request", "", PlaceID, verb, body))
						if got := seller.answer(verb); got[1] != "error" || !strings.Contains(fmt.Sprint(got[2]), "is there already") {
							t.Errorf("%s is answered %v", verb, got)
						}
					}
					seller.command(interaction("oneway", "", buyer.avatar, "", `["sell",`+object+`]`))
					seller.command(interaction("publication", "", "", "", `["sell",`+object+`]`))
					if got := buyer.interactions(); len(got) > 0 {
						t.Errorf("the buyer got %+v", got)
					}

					buyer.command(interaction("request", "", seller.avatar, "price", `["price"]`))
					seller.interactions()
					seller.command(interaction("response", "", buyer.avatar, "price", `["price",`+object+`]`))
					if got := buyer.answer("price"); got[1] != "error" || !strings.Contains(fmt.Sprint(got[2]), "could not be read") {
						t.Errorf("the buyer is answered %v", got)
					}
					if n := len(r.entities()); n != 3 {
						t.Errorf("%d entities, want 3", n)
					}
				})
			})
		}
	}
}

func TestAmbiguousAnnouncesAreRefused(t *testing.T) {
	for name, object := range ambiguous {
		for shape, body := range map[string]string{
			"identity": `["announce","version",4,"identity",{"display_name":"a","offer":` + object + `},"spawn_avatar",{}]`,
			"avatar":   `["announce","version",4,"identity",{"display_name":"a"},"spawn_avatar",{"offer":` + object + `}]`,
			"seed":     `["announce",["identity",{"display_name":"a","offer":` + object + `}],{}]`,
		} {
			t.Run(name+" in the "+shape, func(t *testing.T) {
				inPlace(t, Config{}, func(r *rig) {
					p := r.dial()
					p.command(interaction("request", "", PlaceID, "a", body))
					if got := p.answer("a"); got[1] != "error" || !strings.Contains(fmt.Sprint(got), "is there already") {
						t.Errorf("answered %v", got)
					}
				})
			})
		}
	}
}

func TestAmbiguousEnvelopesReachNobody(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		victim, p := r.join(4, `{}`), r.dial()
		envelope := func(fields string) string { return `{"cmd":"interact","interact":{` + fields + `}}` }
		p.command(envelope(`"from_entity":"","to_entity":"place","cmd":"[\"announce\",\"version\",0,\"identity\",{\"display_name\":\"old\"},\"spawn_avatar\",{}]"`))
		if got := p.take(netcode.CommandChannel); len(got) != 1 || !strings.Contains(got[0], "announce") {
			t.Fatalf("got %q", got)
		}
		to := `"from_entity":"","to_entity":"` + victim.avatar + `",`
		for _, message := range []string{
			envelope(to + `"cmd":"poke","cmd":"sell"`),
			envelope(to + `"to_entity":"place","cmd":"poke"`),
			envelope(to + `"cmd":"[\"sell\",{\"price\":1,\"price\":2}]"`),
			envelope(to + `"cmd":["sell",{"price":1,"Price":2}]`),
			`{"cmd":"interact","cmd":"interact","interact":{` + to + `"cmd":"poke"}}`,
		} {
			p.command(message)
		}
		if got := victim.interactions(); len(got) > 0 {
			t.Errorf("got %+v", got)
		}
		p.command(envelope(to + `"cmd":"poke"`))
		if got := victim.interactions(); len(got) != 1 {
			t.Errorf("got %+v, want one that is sound", got)
		}
	})
}

func TestAmbiguousIntentsMoveNothing(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		at := func() string {
			return fmt.Sprint(p.follow(4, 200*time.Millisecond).Component(p.avatar, "transform"))
		}
		before := at()
		for _, fields := range []string{
			`"zmovement":1,"zmovement":1`,
			`"wants_stick_movement":true,"zmovement":1,"poses":{"head":{},"head":{}}`,
		} {
			p.send(stateChannel(4), false, `{"cmd":"intent","intent":{`+fields+`}}`)
			time.Sleep(200 * time.Millisecond)
		}
		if after := at(); after != before {
			t.Errorf("it moved from %s to %s", before, after)
		}
	})
}

// An integer that no float64 equals is the nearest to all who read it, and goes on to
// other agents byte for byte.
func TestWideNumbersAreReadAsTheNearest(t *testing.T) {
	const wide, nearest = `76561198000000001`, 76561198000000000.0
	rules := rulesOf(t, `deny [_, _, _, _, _, ["banned", N]] when N == 76561198000000001 and N + 0 > 76561197000000000`)
	inPlace(t, Config{Rules: rules}, func(r *rig) {
		asker, asked := r.join(4, `{}`), r.join(4, `{}`)
		asker.command(interaction("request", "", asked.avatar, "q", `["user", `+wide+`, {"n":[-`+wide+`]}]`))
		got := asked.interactions()
		if len(got) != 1 || string(got[0].Body) != `["user", `+wide+`, {"n":[-`+wide+`]}]` {
			t.Errorf("the recipient got %+v", got)
		}
		asked.command(interaction("response", "", asker.avatar, "q", `["user",`+wide+`]`))
		if got := asker.interactions(); len(got) != 1 || string(got[0].Body) != `["user",`+wide+`]` {
			t.Errorf("answered %+v", got)
		}
		asker.command(interaction("request", "", asked.avatar, "b", `["banned",`+wide+`]`))
		if got := asker.raw("b"); !strings.HasPrefix(got, `["interaction_denied"`) || !strings.Contains(got, `["banned",`+wide+`]`) {
			t.Errorf("answered %s", got)
		}

		var heard, asking any
		if err := r.place.Do(func(turn *Turn) error {
			turn.Handle("tell", func(q *Request) { asking = q.Args[0]; q.OK(q.Args[0]) })
			_, err := turn.Subscribe(`["news", N] when N == `+wide, func(_ *Turn, _ string, body []any) { heard = body[1] })
			return err
		}); err != nil {
			t.Fatal(err)
		}
		asker.command(interaction("request", "", PlaceID, "t", `["tell",`+wide+`]`))
		if got := asker.answer("t"); got[2] != nearest {
			t.Errorf("the host answered %v", got)
		}
		asker.command(interaction("publication", "", "", "", `["news",`+wide+`]`))
		r.do(func(*Turn) {
			if asking != nearest || heard != nearest {
				t.Errorf("the host read %v, and heard %v", asking, heard)
			}
		})

		matrix := `[` + wide + strings.Repeat(`,0`, 14) + `,1]`
		asker.command(interaction("request", "", PlaceID, "c", `["change_components","`+asker.avatar+`","add_or_change",{
			"transform":{"matrix":`+matrix+`},"grabbable":{"translation_constraint":[`+wide+`,0,0]},"user":{"id":`+wide+`}}]`))
		if got := asker.raw("c"); got != `["change_components","ok"]` {
			t.Errorf("components are answered %s", got)
		}
		asker.command(interaction("request", "", PlaceID, "a", `["add_property_animation",
			{"path":"user.id","from":`+wide+`,"to":`+wide+`,"start_at":0,"duration":`+wide+`}]`))
		if got := asker.answer("a"); got[1] != "ok" {
			t.Errorf("an animation is answered %v", got)
		}
		doc := asker.follow(4, 300*time.Millisecond)
		user, _ := doc.Component(asker.avatar, "user")
		transform, _ := doc.Component(asker.avatar, "transform")
		if user["id"] != nearest || transform["matrix"].([]any)[0] != nearest {
			t.Errorf("the state has %v and %v", user, transform)
		}

		huge := strings.Repeat("9", 400)
		asker.command(interaction("request", "", asked.avatar, "h", `["user",`+huge+`]`))
		if got := asker.answer("h"); got[1] != "error" || !strings.Contains(fmt.Sprint(got[2]), "too large") {
			t.Errorf("a number beyond all float64 is answered %v", got)
		}
	})
}

func TestTheHostHearsOfAnUnreadableAnswer(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		var id string
		over := errors.New("nothing was heard")
		if err := r.place.Do(func(turn *Turn) error {
			turn.Ask(PlaceID, p.avatar, []any{"price"}, func(_ []any, err error) { over = err })
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		p.wait()
		for _, i := range p.interactions() {
			id = i.RequestID
		}
		p.command(interaction("response", p.avatar, PlaceID, id, `["price",{"a":1,"A":2}]`))
		r.do(func(*Turn) {
			if over == nil || !strings.Contains(over.Error(), "could not be read") {
				t.Errorf("the host heard %v", over)
			}
		})
	})
}
