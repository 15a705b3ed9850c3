package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
)

// TestLargeEditsLeaveOthersTheirStates has four entities of 480 KB edited once a second.
func TestLargeEditsLeaveOthersTheirStates(t *testing.T) {
	const large, size, agents, lag, seconds = 4, 480_000, 4, 2, 40
	w := world.New(1)
	views := NewViews(w, Config{Window: 600, Budget: 1 << 16, Together: 1 << 18})
	for i := range large {
		if _, err := w.Spawn(fmt.Sprint("large", i), "him", nil); err != nil {
			t.Fatal(err)
		}
	}
	type bystander struct {
		view   *View
		states int
		bytes  int
		acks   []uint64
	}
	var all []*bystander
	for range agents {
		all = append(all, &bystander{view: views.Add(spirit{}, Merge)})
	}
	now := time.Unix(0, 0)
	for beat := range 20 * seconds {
		if i := beat % 20; i < large {
			text := strings.Repeat(fmt.Sprint(beat/20%10), size)
			if err := w.Entity(fmt.Sprint("large", i)).Set("text", map[string]any{"string": text}); err != nil {
				t.Fatal(err)
			}
		}
		w.Entity("large0").SetNumber("transform", "x", float64(beat))
		now = now.Add(50 * time.Millisecond)
		views.Observe()
		for _, b := range all {
			if p := b.view.Next(now, false); p.Data != nil {
				b.states++
				b.bytes += len(p.Data)
				b.acks = append(b.acks, Revision(b.view.numbers.last))
			} else {
				b.acks = append(b.acks, 0)
			}
			if len(b.acks) > lag {
				if ack := b.acks[len(b.acks)-1-lag]; ack != 0 {
					b.view.Acknowledge(ack, now)
				}
			}
		}
		w.Advance()
	}
	for i, b := range all {
		if b.states < 19*seconds {
			t.Errorf("bystander %d got %d states in %d s", i, b.states, seconds)
		}
		if b.bytes < size*large {
			t.Errorf("bystander %d was sent %d bytes, not all that is large", i, b.bytes)
		}
	}
}
