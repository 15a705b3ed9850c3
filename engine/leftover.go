package engine

import (
	"cmp"
	"slices"

	"github.com/loci-place/loci/engine/world"
)

// leftovers are the entities that an agent owned which has left, and that still stand.
type leftovers struct {
	owner   string
	session *session // that pays for it
	ids     []string // what is to go first last
}

// leaveBehind has all that an agent owned removed: as much as [Limits].Removals allows at
// once, and the rest with the next heartbeats. The newest goes first, and so a child
// before its parent where that is how they were made.
func (p *Place) leaveBehind(a *agent) {
	owned := p.world.OwnedBy(a.id)
	slices.SortFunc(owned, func(a, b *world.Entity) int { return cmp.Compare(a.Index(), b.Index()) })
	l := &leftovers{owner: a.id, session: a.session}
	for _, e := range owned {
		l.ids = append(l.ids, e.ID())
	}
	for left := p.cfg.Limits.Removals; left > 0 && len(l.ids) > 0; {
		left -= p.removeNext(l)
	}
	if len(l.ids) > 0 {
		p.leftovers = append(p.leftovers, l)
	}
}

// removeNext removes the next of somebody's, and tells how many went.
func (p *Place) removeNext(l *leftovers) int {
	last := len(l.ids) - 1
	id := l.ids[last]
	l.ids = l.ids[:last]
	if e := p.world.Entity(id); e == nil || e.Owner() != l.owner {
		return 0 // went with another
	}
	return len(p.remove(id, world.Cascade))
}

// clearAway removes so many leftovers, of all who left some in turn: nobody's stand
// longer because somebody left very many.
func (p *Place) clearAway(most int) {
	for most > 0 && len(p.leftovers) > 0 {
		each := max(1, most/len(p.leftovers))
		for _, l := range p.leftovers {
			p.intake.charge(l.session, 0, func() {
				for left := each; left > 0 && len(l.ids) > 0; {
					n := p.removeNext(l)
					left, most = left-n, most-n
				}
			})
		}
		p.leftovers = slices.DeleteFunc(p.leftovers, func(l *leftovers) bool { return len(l.ids) == 0 })
	}
}
