package view

import "github.com/loci-place/loci/engine/world"

// ration spreads packets that are larger than any budget: states from scratch, which
// must hold all that the agent held, and large entities. After one, it is not free until
// as many heartbeats have passed as the packet has budgets.
type ration struct{ until world.Stamp }

func (r *ration) free(now world.Stamp) bool { return now >= r.until }

// spend notes a packet of size bytes, of which budget may go with each heartbeat.
func (r *ration) spend(size, budget int, now world.Stamp) {
	r.until = max(r.until, now) + world.Stamp(size/max(budget, MinBudget))
}
