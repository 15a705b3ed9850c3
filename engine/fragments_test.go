package engine

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// noResendCounter counts packets that may get lost in part.
type noResendCounter struct {
	*direct.Transport
	noResend, large atomic.Int64
}

func (c *noResendCounter) Send(p netcode.Packet, to ...netcode.Conn) error {
	if len(to) > 0 && len(p.Data) > 1372 && !p.Reliable {
		c.large.Add(1)
		if p.NoResend {
			c.noResend.Add(1)
		}
	}
	return c.Transport.Send(p, to...)
}

// TestOnlyAgentsThatSaySoGetFragments moves some fifty entities, which take two datagrams, before
// an agent that acknowledges what it is sent: deployed C clients are broken by fragments that
// get lost.
func TestOnlyAgentsThatSaySoGetFragments(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		for identity, want := range map[string]bool{
			`{"display_name":"ann"}`:                          false,
			`{"display_name":"ann","takes_fragments":false}`:  false,
			`{"display_name":"ann","takes_fragments":"true"}`: false,
			`{"display_name":"ann","takes_fragments":true}`:   true,
			`{"display_name":"ann","takes_fragments":[true]}`: false,
			`{"display_name":"ann","TAKES_FRAGMENTS":true}`:   false,
		} {
			t.Run(fmt.Sprint(version, identity), func(t *testing.T) {
				transport := direct.New()
				counter := &noResendCounter{Transport: transport}
				place, err := New(Config{Transports: []netcode.Transport{counter}, Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Fatal(err)
				}
				d, err := place.Drive()
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				var ids []string
				if err := place.Do(func(turn *Turn) error {
					for range 40 {
						id, err := turn.Spawn("", map[string]any{})
						if err != nil {
							return err
						}
						ids = append(ids, id)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				var doc netcode.Document
				peer := transport.Connect(direct.Config{Received: func(channel uint8, data []byte) {
					if channel == stateChannel(version) {
						_ = applyState(&doc, version, data) // from 0 again where it cannot be applied
					}
				}})
				peer.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction","request","","place","a",["announce","version",%d,"identity",%s,"spawn_avatar",{}]]`, version, identity))
				d.Settle()
				for i := range 40 {
					if err := place.Do(func(turn *Turn) error {
						for _, id := range ids {
							if err := turn.Change(id, map[string]any{"mark": map[string]any{"text": fmt.Sprintf("%040d", i)}}); err != nil {
								return err
							}
						}
						return nil
					}); err != nil {
						t.Fatal(err)
					}
					d.Advance(50 * time.Millisecond)
					peer.Send(stateChannel(version), []byte(intentOf(version, doc.Revision)))
				}
				if counter.large.Load() == 0 {
					t.Error("no state has more than a datagram")
				}
				if got := counter.noResend.Load() > 0; got != want {
					t.Errorf("%d of %d large states are not resent", counter.noResend.Load(), counter.large.Load())
				}
			})
		}
	}
}
