package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// animationOf asks for an animation, with a note of so many bytes in its description.
func animationOf(bytes int) string {
	return `["add_property_animation",{"path":"dial.n","from":0,"to":1,"start_at":0,"duration":100,"note":"` + strings.Repeat("x", bytes) + `"}]`
}

// keyed is an object of numbered keys.
func keyed(prefix string, n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf(`"%s%d":0`, prefix, i))
	}
	return "{" + strings.Join(keys, ",") + "}"
}

func TestKeysOfAComponentAreLimited(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Keys: 100}}, func(r *rig) {
		p := r.join(4, `{}`)
		for name, c := range map[string]struct{ component, want string }{
			"as many as may be":       {keyed("a", 100), "ok"},
			"one more":                {keyed("a", 101), "error"},
			"more below":              {`{"in":{"in":` + keyed("a", 99) + `}}`, "error"},
			"as many as may be below": {`{"in":{"in":` + keyed("a", 98) + `}}`, "ok"},
			"more in a list":          {`{"list":[` + keyed("a", 500) + `]}`, "ok"},
			"more without a value":    {`{"b":` + strings.ReplaceAll(keyed("a", 500), ":0", ":null") + `}`, "ok"},
		} {
			t.Run(name, func(t *testing.T) {
				id := p.newID()
				p.command(interaction("request", "", PlaceID, id, `["change_components","`+p.avatar+`","add_or_change",{"x":`+c.component+`}]`))
				if got := p.answer(id); got[1] != c.want {
					t.Errorf("answered %v", got)
				}
			})
			p.again() // another avatar, of which no keys have gone
		}
		p.command(interaction("request", "", PlaceID, "s", `["spawn_entity",{"children":[{"x":`+keyed("a", 101)+`}]}]`))
		if got := p.answer("s"); got[1] != "error" {
			t.Errorf("a spawn is answered %v", got)
		}
	})
}

func TestKeysThatGoAreLimited(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Keys: 100, Window: 2 * time.Second}}, func(r *rig) {
		p := r.join(4, `{}`)
		change := func(prefix string) string {
			id := p.newID()
			p.command(interaction("request", "", PlaceID, id, `["change_components","`+p.avatar+`","add_or_change",{"x":`+keyed(prefix, 60)+`}]`))
			return fmt.Sprint(p.answer(id))
		}
		for _, c := range []struct{ prefix, want string }{{"a", "ok"}, {"b", "ok"}, {"b", "ok"}, {"c", "ok"}, {"d", "have gone in the last 2s"}} {
			if got := change(c.prefix); !strings.Contains(got, c.want) {
				t.Errorf("%s is answered %s, want %s", c.prefix, got, c.want)
			}
		}
		doc := p.follow(4, 200*time.Millisecond)
		if c, _ := doc.Component(p.avatar, "x"); len(c) != 60 || c["c0"] != 0.0 {
			t.Errorf("the component is %v", c)
		}
		time.Sleep(4 * time.Second)
		if got := change("d"); !strings.Contains(got, "ok") {
			t.Errorf("later it is answered %s", got)
		}
	})
}

func TestAnimationsAreLimitedInBytes(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{"dial":{"n":0}}`)
		for size, want := range map[int]string{3000: "ok", 4096: "failed"} {
			id := p.newID()
			p.command(interaction("request", "", PlaceID, id, animationOf(size)))
			if got := p.answer(id); got[1] != want {
				t.Errorf("%d bytes are answered %v", size, got)
			}
		}
	})
}

func TestAnimationsFitTheEntity(t *testing.T) {
	inPlace(t, Config{Limits: Limits{EntityBytes: 2000, Components: 3}}, func(r *rig) {
		p := r.join(4, `{"dial":{"n":0}}`)
		for i, want := range []string{"ok", "failed"} {
			id := p.newID()
			p.command(interaction("request", "", PlaceID, id, animationOf(1000)))
			if got := p.answer(id); got[1] != want {
				t.Errorf("animation %d is answered %v", i, got)
			}
		}
		full := r.join(4, `{"dial":{"n":0},"a":{}}`)
		full.command(interaction("request", "", PlaceID, "f", animationOf(1)))
		if got := full.answer("f"); got[1] != "failed" {
			t.Errorf("with as many components as may be, it is answered %v", got)
		}
	})
}
