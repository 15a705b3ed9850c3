package world

import (
	"cmp"
	"slices"
)

// index finds entities by the id of another that they name, in the order they
// came.
type index struct {
	by    map[string][]*Entity
	which int    // of an entity's came
	came  uint64 // so far
}

const (
	byParent = iota
	byAvatar
	indexes
)

func newIndex(which int) index { return index{by: map[string][]*Entity{}, which: which} }

// move takes e from under one id to under another; "" is nowhere.
func (x *index) move(e *Entity, from, to string) {
	if from == to {
		return
	}
	if from != "" {
		if rest := x.without(x.by[from], e); len(rest) == 0 {
			delete(x.by, from)
		} else {
			x.by[from] = rest
		}
	}
	if to != "" {
		x.came++
		e.came[x.which] = x.came
		x.by[to] = append(x.by[to], e)
	}
}

// without takes e out of a list that it is in, moving what is on the shorter side of it.
func (x *index) without(list []*Entity, e *Entity) []*Entity {
	i, _ := slices.BinarySearchFunc(list, e.came[x.which], func(o *Entity, came uint64) int {
		return cmp.Compare(o.came[x.which], came)
	})
	if i >= len(list)/2 {
		return slices.Delete(list, i, i+1)
	}
	copy(list[1:i+1], list[:i])
	list[0] = nil
	return list[1:]
}
