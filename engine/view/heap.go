package view

import "unsafe"

// What an entity costs in an agent's account of it: the sight, its places in the map and in the
// entity's audience; and what one costs in a packet that was sent, or in the backlog.
const (
	sightHeap = int(unsafe.Sizeof(sight{})) + 48
	itemHeap  = int(unsafe.Sizeof(item{}))
	waitHeap  = int(unsafe.Sizeof((*sight)(nil))) + 1
)

// Heap is about how many bytes of memory the view takes.
func (v *View) Heap() int {
	n := sightHeap*len(v.by) + waitHeap*(cap(v.backlog.queue)+cap(v.backlog.later))
	for i := range v.records.list {
		n += int(unsafe.Sizeof(record{})) + itemHeap*cap(v.records.list[i].items)
	}
	return n
}
