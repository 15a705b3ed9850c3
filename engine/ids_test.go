package engine

import (
	"fmt"
	"testing"
)

func TestRequestIDsAreNewUntilTheyAreForgotten(t *testing.T) {
	const most = 10
	var u ids
	for round := range 3 {
		for i := range most {
			if id := fmt.Sprint(round, i); !u.use(id, most) {
				t.Errorf("%s is not new", id)
			}
		}
		for i := range most {
			if id := fmt.Sprint(round, i); u.use(id, most) {
				t.Errorf("%s is new a second time", id)
			}
		}
	}
	if !u.use("00", most) || len(u.seen) != most || len(u.order) != most {
		t.Errorf("remembers %d ids in %d places, want the latest %d", len(u.seen), len(u.order), most)
	}
}
