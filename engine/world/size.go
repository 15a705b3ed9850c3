package world

// Size is how many bytes the entity takes in a state, whole.
func (e *Entity) Size() int { return len(e.appendMember(nil, nil)) }

// ComponentSize is how many bytes a component takes there, 0 if there is none.
func (e *Entity) ComponentSize(name string) int {
	if k := e.components.get(name); k != nil {
		return len(k.appendFull(nil))
	}
	return 0
}

// CountOwned is how many entities belong to an owner.
func (w *World) CountOwned(owner string) int { return len(w.owned[owner]) }
