package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestWhatAnAgentWithVeryMuchLeavesGoesSomeWithEachHeartbeat(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Removals: 10, Entities: 200}}, func(r *rig) {
		p, other := r.join(4, `{}`), r.join(4, `{}`)
		root := p.spawn(`{}`)
		for range 100 {
			p.spawn(fmt.Sprintf(`{"relationships":{"parent":%q}}`, root))
		}
		kept := other.spawn(`{}`)
		p.close()
		time.Sleep(30 * time.Millisecond)
		before := r.entities()
		if len(before) < 60 || !slices.Contains(before, root) || !slices.Contains(before, p.avatar) {
			t.Errorf("%d entities are there just after it left", len(before))
		}
		time.Sleep(200 * time.Millisecond)
		if n := len(r.entities()); len(before)-n < 30 || len(before)-n > 50 {
			t.Errorf("%d of %d are there four heartbeats later", n, len(before))
		}
		time.Sleep(time.Second)
		if left := r.entities(); len(left) != 3 || !slices.Contains(left, kept) {
			t.Errorf("%d are there in the end", len(left))
		}
	})
}
