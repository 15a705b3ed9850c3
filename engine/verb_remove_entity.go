package engine

import (
	"fmt"
	"maps"
	"slices"

	"github.com/loci-place/loci/engine/world"
)

var removeEntityVerb = official{name: "remove_entity", answer: removeEntity, own: true}

// removeEntity takes an entity away: ["remove_entity", id, "cascade" | "reparent"].
func removeEntity(r *Request) {
	id, ok := text(r.Args, 0)
	how, known := removal(r.Args)
	switch {
	case !ok || len(r.Args) > 2:
		r.Refuse(`want an entity id and "cascade" or "reparent"`)
	case !known:
		r.Refuse(fmt.Sprintf(`do not know how to remove by %v: want "cascade" or "reparent"`, r.Args[1]))
	case id == PlaceID:
		r.Refuse("the place itself stays")
	case r.agent.place.world.Entity(id) == nil:
		r.Fail(fmt.Sprintf("%v %.100q", ErrNoEntity, id))
	default:
		r.agent.place.remove(id, how)
		r.OK()
	}
}

func removal(args []any) (how world.Removal, ok bool) {
	if len(args) < 2 || args[1] == "cascade" {
		return world.Cascade, true
	}
	return world.Reparent, args[1] == "reparent"
}

// removedRemembered is how many entities of its own an agent may have seen removed, and still
// speak for: what it says was on its way.
const removedRemembered = 1024

// remove takes an entity out of the place, and all that comes with it.
func (p *Place) remove(id string, how world.Removal) []*world.Entity {
	tell := p.watchRemoval(id, how)
	removed := p.world.Remove(id, how)
	gone, owners := make(map[string]bool, len(removed)), map[*agent]bool{}
	for _, e := range removed {
		delete(p.verbs, e.ID())
		gone[e.ID()] = true
		p.media.End(e.ID())
		if a := p.agents[e.Owner()]; a != nil {
			owners[a] = true
			a.removed.use(e.ID(), removedRemembered)
		}
	}
	orphan(gone, slices.Collect(maps.Keys(owners))...)
	p.offers.gone(removed)
	p.giveUpAsking("the entity is gone", func(q *Asking) bool { return gone[q.to] || gone[q.from] })
	tell()
	return removed
}
