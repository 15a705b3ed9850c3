package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// component is about the size of the largest component that an agent may set, in bytes, and
// components how many of them an attack sets where it is their sum that costs.
const (
	component  = 60_000
	components = 8
)

// replaceKeys replaces a component of very many keys by one of as many others.
func replaceKeys(a *attacker) {
	x := a.join(deaf("attacker"))
	for round := 0; a.goOn() && x.Err() == nil; round++ {
		x.change(x.Avatar(), map[string]any{"x": keys(string(rune('a'+round%26)), 49_980)})
		a.sleep(2 * time.Second)
	}
}

// freeze does so over many connections at the same moment.
func freeze(a *attacker) {
	const n = 12
	var came atomic.Int32
	ready := make(chan struct{})
	a.crowd(n, func(i int, x *agent) {
		x.change(x.Avatar(), map[string]any{"x": keys("a", 49_980)})
		if came.Add(1) == n {
			close(ready)
		}
		select {
		case <-ready:
		case <-a.ctx.Done(): // not all got in
			return
		}
		for round := 1; a.goOn() && x.Err() == nil; round++ {
			x.change(x.Avatar(), map[string]any{"x": keys(string(rune('a'+round%26)), 49_980)})
		}
	})
}

// burden is a large component with numbers to animate.
func burden() map[string]any {
	c := map[string]any{"pad": numbers(component)}
	for i := range 64 {
		c[fmt.Sprint("n", i)] = 0
	}
	return map[string]any{"grabbable": c}
}

func animated(i int) map[string]any {
	return map[string]any{"path": fmt.Sprint("grabbable.n", i), "from": 0, "to": 1000, "start_at": 0, "duration": 1000, "repeats": true}
}

func reread(a *attacker) {
	x := a.join(deaf("attacker"))
	for range 4 * components {
		id := x.spawn(burden())
		for i := range 64 {
			if id != "" && a.goOn() {
				x.askFrom(id, "add_property_animation", animated(i))
			}
		}
		a.sleep(2 * time.Second / components)
	}
	<-a.ctx.Done()
}

// persist leaves a burden behind: as one with a key, who says that its connection is lost.
func persist(a *attacker) {
	x, err := a.dial(a.newHost(netcode.CodeConnectionLost), client.Config{Key: newKey(), Avatar: burden(), Mode: client.AcknowledgeOnly})
	if err != nil {
		a.say("did not get in: %v", err)
		return
	}
	for i := range 64 {
		x.ask("add_property_animation", animated(i))
	}
	_ = x.Close()
	<-a.ctx.Done()
}

func edit(a *attacker) {
	a.crowd(4, func(_ int, x *agent) {
		for i := 0; a.goOn() && x.Err() == nil; i++ {
			list := strings.Replace(string(numbers(component)), "0", fmt.Sprint(i%10), 1)
			if x.change(x.Avatar(), map[string]any{"a": map[string]any{"l": raw(list)}}) == nil {
				a.sleep(100 * time.Millisecond)
			}
		}
	})
}

// subscribeComponent makes the place read the attacker's large components whenever somebody
// publishes, which the victim does.
func subscribeComponent(a *attacker) {
	x := a.join(deaf("attacker"))
	for range 2 * components {
		if id := x.spawn(map[string]any{"a": map[string]any{"l": numbers(component)}}); id != "" {
			x.ask("subscribe", fmt.Sprintf(`[_ | _] when component(%q, "a")["x"] == 1`, id))
		}
	}
	publish(a)
}

func subscribeIn(a *attacker) {
	x := a.join(deaf("attacker"))
	go publish(a)
	id := x.spawn(map[string]any{"a": map[string]any{"l": numbers(component)}})
	for i := 0; i < 250 && a.goOn(); i++ {
		x.askUntil("subscribe", fmt.Sprintf(`[_, N | _] when N in component(%q, "a")["l"] and N == %d`, id, i))
	}
	<-a.ctx.Done()
}

// publish is a victim that publishes ten times a second.
func publish(a *attacker) {
	victim := a.join(deaf("victim"))
	for a.sleep(100 * time.Millisecond) {
		at := time.Now()
		_ = victim.Publish("news", 1)
		if _, err := victim.Request(a.ctx, "place", "poke", true); err != nil && a.goOn() {
			a.harm("who publishes is refused: %v", err)
		}
		if took := time.Since(at); a.slowest > 0 && took > a.slowest {
			a.harm("a publication takes %v", took.Round(50*time.Millisecond))
		}
	}
}
