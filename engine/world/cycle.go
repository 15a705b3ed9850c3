package world

// WouldCycle tells whether an entity would be below itself if its parent was the
// entity of that id, or deeper below others than MaxParents. Rings that exist
// without it do not matter.
func (w *World) WouldCycle(child *Entity, parentID string) bool {
	p := w.Entity(parentID)
	for n := 0; p != nil; p, n = p.Parent(), n+1 {
		if p == child || n == MaxParents {
			return true
		}
	}
	return parentID == child.id
}
