package engine

import (
	"cmp"
	"slices"

	"github.com/loci-place/loci/engine/world"
)

// leftover is an entity of an agent that has left.
type leftover struct{ id, owner string }

// leaveBehind has all that an agent owned removed: as much as [Limits].Removals allows at
// once, and the rest with the next heartbeats. The newest goes first, and so a child
// before its parent where that is how they were made.
func (p *Place) leaveBehind(a *agent) {
	owned := p.world.OwnedBy(a.id)
	slices.SortFunc(owned, func(a, b *world.Entity) int { return cmp.Compare(b.Index(), a.Index()) })
	before := len(p.leftovers)
	for _, e := range owned {
		p.leftovers = append(p.leftovers, leftover{e.ID(), a.id})
	}
	if before == 0 {
		p.clearAway(p.cfg.Limits.Removals)
	}
}

// clearAway removes so many leftovers.
func (p *Place) clearAway(most int) {
	for most > 0 && len(p.leftovers) > 0 {
		l := p.leftovers[0]
		p.leftovers = p.leftovers[1:]
		if e := p.world.Entity(l.id); e != nil && e.Owner() == l.owner {
			most -= len(p.remove(l.id, world.Cascade))
		}
	}
	if len(p.leftovers) == 0 {
		p.leftovers = nil
	}
}
