package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

func TestLimitsThatAgentsHitAreCounted(t *testing.T) {
	times := func(n int, body string) func(*peer) {
		return func(p *peer) {
			for i := range n {
				p.send(netcode.CommandChannel, true, asked(fmt.Sprint(i), body))
			}
		}
	}
	const garbage = `["interaction"`
	toItself := func(p *peer) {
		for range 3 {
			p.send(netcode.CommandChannel, true, interaction("oneway", "", p.avatar, "", `["pad","`+strings.Repeat("x", 900)+`"]`))
		}
	}
	unheard := func(p *peer) {
		toItself(p)
		p.deafen(true) // to what is sent from now on
	}
	for name, c := range map[string]struct {
		limits Limits
		do     func(p *peer)
		want   uint64
	}{
		"interactions":    {Limits{InteractionRate: 2}, times(5, `["poke"]`), 3},
		"patterns":        {Limits{PatternRate: 2}, times(6, `["subscribe","[\"news\"]"]`), 4},
		"entities":        {Limits{SpawnRate: 2}, times(3, `["spawn_entity",{}]`), 1},
		"component_bytes": {Limits{ComponentByteRate: 100}, times(2, `["spawn_entity",{"x":"`+strings.Repeat("y", 100)+`"}]`), 1},
		"publications": {Limits{PublicationRate: 2}, func(p *peer) {
			for range 5 {
				p.send(netcode.CommandChannel, true, interaction("publication", "", "", "", `["news"]`))
			}
		}, 3},
		"turn_time":         {Limits{}, times(4, `["slow"]`), 2}, // of 20 ms each, of which 25 may come at once
		"command_byte_rate": {Limits{CommandByteRate: 1000}, times(2, `["poke","`+strings.Repeat("x", 900)+`"]`), 1},
		"requests":          {Limits{Requests: 2}, times(4, `["never"]`), 2},
		"command_bytes":     {Limits{CommandBytes: 1000}, times(2, `["`+strings.Repeat("x", 1000)+`"]`), 1},
		"bad_packets": {Limits{BadPackets: 3}, func(p *peer) {
			for range 9 {
				p.send(stateChannel(4), false, garbage)
			}
		}, 1},
		"violations": {Limits{Violations: 3}, func(p *peer) {
			for range 9 {
				p.send(netcode.CommandChannel, true, garbage)
			}
		}, 1},
		"relayed_bytes":          {Limits{RelayByteRate: 1500}, toItself, 2},
		"send_queue_bytes":       {Limits{SendQueueBytes: 1500}, unheard, 2},
		"place_send_queue_bytes": {Limits{PlaceSendQueueBytes: 1500}, unheard, 2},
		"keys":                   {Limits{Keys: 2}, times(3, `["spawn_entity",{"x":{"a":{"b":1},"c":1}}]`), 3},
		"animation_bytes":        {Limits{AnimationBytes: 150}, times(2, animationOf(100)), 2},
		"media": {Limits{MediaBytes: 20}, func(p *peer) {
			track := p.allocate(`"audio","opus",{}`)
			p.say(4, track, false, opusPayload(10))
			p.say(4, track, false, opusPayload(30))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			c.limits.Burst = time.Second
			inPlace(t, Config{Limits: c.limits}, func(r *rig) {
				_ = r.place.Handle("slow", func(q *Request) {
					time.Sleep(20 * time.Millisecond)
					q.OK()
				})
				_ = r.place.Handle("never", func(*Request) {})
				p := r.join(4, `{}`)
				time.Sleep(5 * time.Second) // as the announce counts too
				if got := r.place.Stats().Limited; len(got) != 0 {
					t.Errorf("before: %v", got)
				}
				c.do(p)
				time.Sleep(time.Second)
				if got := r.place.Stats().Limited; !slices.Equal(got, []LimitCount{{name, c.want}}) {
					t.Errorf("%v, want %d", got, c.want)
				}
			})
		})
	}
}
