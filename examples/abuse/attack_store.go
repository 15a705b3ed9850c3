package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode/badlink"
)

func raw(s string) json.RawMessage { return json.RawMessage(s) }

func hoard(a *attacker) {
	large := map[string]any{"a": map[string]any{"l": numbers(component)}}
	a.crowd(a.hoarders, func(_ int, x *agent) {
		for a.goOn() && x.Err() == nil {
			if x.spawn(large) == "" {
				a.sleep(500 * time.Millisecond)
			}
		}
	})
}

// flood sends a victim on a link of 2.5 MB/s more than it can take.
func flood(a *attacker) {
	link, err := badlink.Listen(badlink.Config{To: a.addr(), Link: badlink.Link{Delay: 20 * time.Millisecond, Rate: 2_500_000}})
	if err != nil {
		panic(err)
	}
	defer link.Close()
	cfg := deaf("victim")
	cfg.OnDisconnect = func(err error) { a.harm("the victim was sent away: %v", err) }
	victim, err := a.through(link).dial(a.newHost(0), cfg)
	if err != nil {
		a.say("the victim did not get in: %v", err)
		return
	}
	const size = 900_000
	pad := strings.Repeat("x", size)
	a.crowd(4, func(_ int, x *agent) {
		for a.sleep(size * time.Second / 3_000_000) {
			if err := x.Send(victim.Avatar(), "wave", pad); err != nil {
				a.say("the flooder is gone: %v", err)
				return
			}
		}
	})
	if victim.Err() == nil {
		_ = victim.Close()
	}
}
