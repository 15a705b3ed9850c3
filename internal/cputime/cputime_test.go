package cputime

import (
	"testing"
	"time"
)

var sink int

func TestWaitingCostsNothing(t *testing.T) {
	if waited := Of(t, func() { <-time.After(20 * time.Millisecond) }); waited > 10*time.Millisecond {
		t.Errorf("waiting took %v", waited)
	}
	if worked := Of(t, func() {
		for i := range 100_000_000 {
			sink += i
		}
	}); worked < time.Millisecond {
		t.Errorf("working took %v", worked)
	}
}
