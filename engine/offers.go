package engine

import (
	"slices"

	"github.com/loci-place/loci/engine/world"
)

// offers are what agents have named to each other: entities of their own, as items of a
// body. That is what the guard function offered asks for. An offer ends with its entity,
// when either agent leaves, and when the owner takes it back ([offers.takeBack]).
type offers struct {
	most    int                // that one agent may have made
	limited func(agent string) // is called when one has made more
	made    map[offer]bool
	by      map[string][]offer // by the agent that made them, oldest first
}

// offer says that an entity was named to an agent.
type offer struct{ entity, to string }

func newOffers(most int, limited func(agent string)) offers {
	return offers{most: most, limited: limited, made: map[offer]bool{}, by: map[string][]offer{}}
}

// note notes that an entity's owner has named it to another agent. The agent's oldest offer
// ends if it has made too many.
func (o *offers) note(e *world.Entity, to string) {
	owner, n := e.Owner(), offer{e.ID(), to}
	if owner == to || o.made[n] {
		return
	}
	list := o.by[owner]
	if len(list) >= o.most {
		delete(o.made, list[0])
		list = list[1:]
		o.limited(owner)
	}
	o.made[n] = true
	o.by[owner] = append(list, n)
}

// has reports whether an entity was offered to an agent.
func (o *offers) has(entity, to string) bool { return o.made[offer{entity, to}] }

// takeBack ends the offers of an entity.
func (o *offers) takeBack(e *world.Entity) {
	o.end(e.Owner(), func(n offer) bool { return n.entity == e.ID() })
}

// gone ends the offers of entities that are gone.
func (o *offers) gone(entities []*world.Entity) {
	ids, owners := map[string]bool{}, map[string]bool{}
	for _, e := range entities {
		ids[e.ID()], owners[e.Owner()] = true, true
	}
	for owner := range owners {
		o.end(owner, func(n offer) bool { return ids[n.entity] })
	}
}

// left ends what an agent that has left had offered, and was offered.
func (o *offers) left(agent string) {
	o.end(agent, func(offer) bool { return true })
	for owner := range o.by {
		o.end(owner, func(n offer) bool { return n.to == agent })
	}
}

// end ends the offers that an agent has made and that are over.
func (o *offers) end(owner string, over func(offer) bool) {
	if len(o.by[owner]) == 0 {
		return
	}
	rest := slices.DeleteFunc(o.by[owner], func(n offer) bool {
		if !over(n) {
			return false
		}
		delete(o.made, n)
		return true
	})
	if len(rest) == 0 {
		delete(o.by, owner)
	} else {
		o.by[owner] = rest
	}
}
