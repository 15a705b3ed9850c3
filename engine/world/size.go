package world

import (
	"unicode/utf8"

	"github.com/loci-place/loci/netcode"
)

// What the sizes are of is kept up to date, so that they cost nothing to ask for.

// Size is how many bytes the entity takes in a state, whole.
func (e *Entity) Size() int {
	return 2*nameWidth(e.id) + len(`:{"id":,"components":}`) + e.components.width()
}

// ComponentSize is how many bytes a component takes there, 0 if there is none.
func (e *Entity) ComponentSize(name string) int {
	if k := e.components.get(name); k != nil {
		return k.width()
	}
	return 0
}

// Components is how many components the entity has.
func (e *Entity) Components() int { return len(e.components.live) }

// Tombstones is how many keys of the entity's objects have gone since [World.Oldest]: each
// takes memory until then, and room in the states of agents that had it.
func (e *Entity) Tombstones() int { return e.tombstones }

// CountOwned is how many entities belong to an owner.
func (w *World) CountOwned(owner string) int { return len(w.owned[owner]) }

// nameWidth is how many bytes a name takes, quoted.
func nameWidth(name string) int {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return len(netcode.AppendString(nil, name))
		}
	}
	return len(name) + 2
}
