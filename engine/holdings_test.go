package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

// pad is text of so many bytes, as JSON.
func pad(bytes int) string { return `"` + strings.Repeat("x", bytes) + `"` }

// hoard spawns entities of so many bytes until one is refused, and returns how many were made
// and why not more.
func (p *peer) hoard(bytes int) (made int, why string) {
	p.Helper()
	for made = 0; made < 10_000; made++ {
		id := p.newID()
		p.command(interaction("request", "", PlaceID, id, `["spawn_entity",{"a":{"text":`+pad(bytes)+`}}]`))
		if body := p.answer(id); len(body) == 3 {
			return made, body[2].(string)
		}
	}
	p.Fatal("nothing was refused")
	return 0, ""
}

// generous are limits that agents do not hit before that on memory.
func generous(memory int) Limits {
	const all = 1 << 30
	return Limits{
		Memory: memory, AgentMemory: memory, ComponentByteRate: all, SpawnRate: all, InteractionRate: all, PatternRate: all, Keys: all, EntityBytes: all, TurnTime: time.Hour,
	}
}

func TestHoardersAreRefusedAndNobodyElse(t *testing.T) {
	const memory = 8 << 20
	inPlace(t, Config{Limits: generous(memory)}, func(r *rig) {
		quiet := r.join(4, `{"a":{"text":`+pad(30_000)+`}}`)
		lamp := quiet.spawn(`{"lamp":{"lit":false}}`)
		for range 10 {
			made, why := r.join(4, `{}`).hoard(30_000)
			if made == 0 || !strings.HasPrefix(why, "the place has no room for more: ") {
				t.Errorf("a hoarder made %d and was told %q", made, why)
			}
		}
		time.Sleep(time.Second)
		m := r.place.Memory()
		if m.Limit != memory || m.Held > memory || m.Held < memory/2 {
			t.Errorf("%+v", m)
		}
		if line := r.logs.find("than there is room for"); !strings.Contains(line, "--memory") {
			t.Errorf("the log says %q", line)
		}
		for i := range 20 { // as large as before
			quiet.command(interaction("request", "", PlaceID, fmt.Sprint("c", i), fmt.Sprintf(`["change_components",%q,"add_or_change",{"lamp":{"lit":%v}}]`, lamp, i%2 == 0)))
			if body := quiet.raw(fmt.Sprint("c", i)); body != `["change_components","ok"]` {
				t.Fatalf("the quiet one is told %s", body)
			}
		}
		r.join(3, `{"children":[{},{},{}]}`) // a newcomer as they usually are
		large := r.dial()
		large.command(interaction("request", "", PlaceID, "x", announce(4, `{"a":{"text":`+pad(300_000)+`}}`)))
		if body := large.answer("x"); body[1] != "error" || body[2] != float64(netcode.CodeFull) || !strings.HasPrefix(body[3].(string), "the place has no room") {
			t.Errorf("a large newcomer is told %v", body)
		}
	})
}

func TestWhatHoardersHeldIsFreeWhenTheyHaveLeft(t *testing.T) {
	for _, version := range []int{1, 4} {
		inPlace(t, Config{Limits: generous(8 << 20)}, func(r *rig) {
			hoarder := r.join(version, `{}`)
			first, _ := hoarder.hoard(30_000)
			hoarder.close()
			time.Sleep(5 * time.Second)
			if held := r.place.Memory().Held; held < 3<<20 {
				t.Errorf("%d bytes are held while states may start from when it was there", held)
			}
			time.Sleep(time.Minute)
			if held := r.place.Memory().Held; held != 0 {
				t.Errorf("%d bytes are held for nobody: %+v", held, r.place.Memory())
			}
			if again, _ := r.join(version, `{}`).hoard(30_000); again < first-5 || again > first+5 {
				t.Errorf("the next could make %d, the first %d", again, first)
			}
		})
	}
}

// What is replaced is kept for a while, key by key, and takes many times what it did.
func TestReplacedComponentsCountAsMemory(t *testing.T) {
	inPlace(t, Config{Limits: generous(4 << 20)}, func(r *rig) {
		p := r.join(4, `{}`)
		var refused string
		for i := 0; refused == "" && i < 1000; i++ {
			var keys strings.Builder
			for k := range 1000 {
				fmt.Fprintf(&keys, `"k%d-%d":0,`, i, k)
			}
			id := p.newID()
			p.command(interaction("request", "", PlaceID, id, `["change_components","`+p.avatar+`","add_or_change",{"a":{`+strings.TrimSuffix(keys.String(), ",")+`}}]`))
			if body := p.answer(id); body[1] == "error" {
				refused = body[2].(string)
			}
		}
		if !strings.HasPrefix(refused, "the place has no room for more: ") {
			t.Fatalf("refused: %q", refused)
		}
		if m := r.place.Memory(); m.Held > m.Limit+1<<20 {
			t.Errorf("%+v", m)
		}
		time.Sleep(time.Minute)
		p.compare(`["change_components","`+p.avatar+`","add_or_change",{"a":{}}]`, `["change_components","ok"]`)
	})
}

func TestSubscriptionsCountAsMemory(t *testing.T) {
	inPlace(t, Config{Limits: generous(1 << 20)}, func(r *rig) {
		p := r.join(4, `{}`)
		pattern := `["news", N] when ` + strings.Repeat("N == 1 or ", 100) + "N == 2"
		subscribe := func() []any {
			id := p.newID()
			p.command(interaction("request", "", PlaceID, id, fmt.Sprintf(`["subscribe",%q]`, pattern)))
			return p.answer(id)
		}
		var ids []string
		body := subscribe()
		for ; len(body) == 2; body = subscribe() {
			ids = append(ids, body[1].(string))
		}
		if n := len(ids); n < 3 || n > 30 || body[1] != "failed" || !strings.HasPrefix(body[2].(string), "the place has no room") {
			t.Fatalf("after %d: %v", n, body)
		}
		p.compare(fmt.Sprintf(`["unsubscribe",%q]`, ids[0]), `["unsubscribe","ok"]`)
		if body := subscribe(); len(body) != 2 {
			t.Errorf("after one has ended: %v", body)
		}
		p.close()
		time.Sleep(time.Minute)
		if m := r.place.Memory(); m.Held != 0 {
			t.Errorf("%+v", m)
		}
	})
}

// One that leaves very much unread goes, and those that sent little stay.
func TestCommandsOfAllAgentsAreBounded(t *testing.T) {
	// With so little of the turn, what the flooder sends waits.
	inPlace(t, Config{Limits: Limits{PlaceCommandQueueBytes: 1 << 20, TurnTime: time.Millisecond}}, func(r *rig) {
		quiet, flooder := r.join(4, `{}`), r.join(4, `{}`)
		for range 30 {
			flooder.send(netcode.CommandChannel, true, interaction("oneway", "", PlaceID, "", `["poke",`+pad(100_000)+`]`))
		}
		quiet.send(netcode.CommandChannel, true, interaction("oneway", "", PlaceID, "", `["poke"]`))
		time.Sleep(100 * time.Millisecond)
		if held := r.place.Memory().Held; held > 2<<20 {
			t.Errorf("%d bytes are held", held)
		}
		time.Sleep(time.Minute)
		if code, gone := flooder.disconnected(); !gone || code != netcode.CodeOverload {
			t.Errorf("the flooder: gone %v, %d", gone, code)
		}
		if _, gone := quiet.disconnected(); gone {
			t.Error("the quiet one is gone")
		}
		quiet.compare(`["poke",true]`, `["poke","ok"]`)
		time.Sleep(time.Minute)
		if s := r.place.Stats(); s.Memory.Held > 64<<10 {
			t.Errorf("%+v", s.Memory)
		}
	})
}

func TestDecodingIsBounded(t *testing.T) {
	d := newDecoding(1 << 20)
	if w := d.weight([]byte(interaction("request", "", PlaceID, "a", `["poke"]`))); w != 0 {
		t.Errorf("a small message weighs %d", w)
	}
	large := []byte("[" + strings.Repeat(`{"":0},`, 1<<17) + "0]")
	if w := d.weight(large); w != 1<<20 {
		t.Errorf("a large one weighs %d, want all there is", w)
	}
	inPlace(t, Config{Limits: Limits{DecodingMemory: 1 << 20, ComponentByteRate: 1 << 30, EntityBytes: 1 << 20, TurnTime: time.Hour}}, func(r *rig) {
		var all []*peer
		for i := range 10 { // each waits until the one before is done with
			p := r.join(1+i%4, `{}`)
			p.send(netcode.CommandChannel, true, interaction("request", "", PlaceID, "big", `["spawn_entity",{"a":{"l":[`+strings.Repeat(`{"":0},`, 40_000)+`0]}}]`))
			all = append(all, p)
		}
		time.Sleep(time.Second)
		for _, p := range all {
			if body := p.answer("big"); len(body) != 2 {
				t.Errorf("answered %.100v", body)
			}
		}
	})
}
