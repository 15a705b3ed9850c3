package scripts

import (
	"testing"

	"github.com/loci-place/loci/netcode"
)

func TestAgentsAreTheSameValueUntilTheyHaveLeft(t *testing.T) {
	r := opened(t, lua1(`
		local known = {}
		place.on("join", function(agent) known[agent] = agent.identity.display_name end)
		place.on("leave", function(agent) print(known[agent], "left") known[agent] = nil end)
	`))
	for range 3 {
		ann := r.join("ann")
		ann.peer.Close(netcode.CodeClientLeft)
		r.Settle()
		r.want("ann\\tleft")
	}
	if n := len(r.rt.gen.agents); n != 0 {
		t.Errorf("%d agents that have left are kept", n)
	}
}
