package scripts

import (
	"strings"
	"testing"
)

func TestHandlersAreCalledByWhereTheyStand(t *testing.T) {
	r := opened(t, lua1("\nplace.after(0, function() error('oh') end)"))
	r.Advance(1)
	if logged := r.logs.take(); !strings.Contains(logged, `handler="timer of place.lua:2" `) {
		t.Error(logged)
	}
}
