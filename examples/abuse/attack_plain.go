package main

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// plainly makes an attack of what one agent does as often as it can: up to 25,000 times a
// second, a hundred times what it may. It comes again where it is sent away.
func plainly(act func(x *agent) error) func(a *attacker) {
	return func(a *attacker) {
		h := a.newHost(0)
		var x *agent
		acts, came := 0, 0
		for ; a.goOn(); a.sleep(2 * time.Millisecond) {
			if x == nil || x.Err() != nil {
				var err error
				if x, err = a.dial(h, deaf("attacker")); err != nil {
					x = nil
					continue
				}
				x.ask("allocate_track", "audio", "opus", map[string]any{})
				came++
			}
			for range 50 {
				if act(x) != nil || !a.goOn() {
					break
				}
				acts++
			}
		}
		a.say("%d times over %d connections", acts, came)
	}
}

// blurt asks the place without waiting for the answer.
func (x *agent) blurt(body ...any) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = x.Request(ctx, "place", body...)
	return x.Err()
}

func wave(x *agent) error { return x.Send(x.Avatar(), "wave") }

func list(x *agent) error { return x.blurt("list_agents") }

func litter(x *agent) error {
	return x.blurt("spawn_entity", map[string]any{"text": map[string]any{"string": "two hundred letters would be no more of a burden"}})
}

func news(x *agent) error { return x.Publish("news", 1) }

const costlyPattern = `["news", N] when N + 1 > 2 and contains("abc", "b")`

func subscribe(x *agent) error { return x.blurt("subscribe", costlyPattern) }

func addRule(x *agent) error {
	return x.blurt("change_acl", "add", []any{[]any{"allow", costlyPattern}})
}

func chatter(x *agent) error { return x.SendMedia(1, make([]byte, 1000)) }

// picture is an asset of 8 MiB that the place has.
var picture = sync.OnceValue(func() string { return strings.Repeat("loci", 2<<20) })

var pictureID = sync.OnceValue(func() string { return netcode.AssetID([]byte(picture())) })

// fetch asks for pieces of it.
func fetch(x *agent) error {
	return x.SendAsset(netcode.AssetFrame{MID: netcode.AssetRequest, Header: netcode.AssetHeader{
		ID: pictureID(), Offset: uint64(rand.IntN(len(picture()))), Length: 1 << 20,
	}})
}

// search asks for assets that nobody has.
func search(x *agent) error {
	var id netcode.AssetHash = sha256.Sum256(strconv.AppendUint(nil, rand.Uint64(), 10))
	return x.SendAsset(netcode.AssetFrame{MID: netcode.AssetRequest, Header: netcode.AssetHeader{ID: id.ID(), Length: 1 << 20}})
}

// knock connects again and again, and seldom waits for the answer.
func knock(x *agent) error {
	ctx, cancel := context.WithTimeout(x.a.ctx, 50*time.Millisecond)
	defer cancel()
	if c, err := x.host.dialer.Dial(ctx, x.a.url, deaf("knocker")); err == nil {
		_ = c.Close()
	}
	return nil
}
