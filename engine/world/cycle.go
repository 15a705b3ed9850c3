package world

// WouldCycle reports whether an entity would be below itself, or have more than
// [MaxParents] ancestors, if its parent was the entity of that id. It costs the
// length of the chain above that parent; how deep others are below child does not
// count. A chain may name child as a parent before child stands in the world, or
// when it no longer does: that counts.
func (w *World) WouldCycle(child *Entity, parentID string) bool {
	id := parentID
	for range MaxParents + 1 {
		if id == child.id {
			return true
		}
		p := w.Entity(id)
		if p == nil {
			return false
		}
		id = p.typed.parent
	}
	return true
}
