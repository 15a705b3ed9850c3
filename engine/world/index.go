package world

import "slices"

// index finds entities by the id of another that they name, in the order they
// came.
type index map[string][]*Entity

// move takes e from under one id to under another; "" is nowhere.
func (x index) move(e *Entity, from, to string) {
	if from == to {
		return
	}
	if from != "" {
		rest := slices.DeleteFunc(x[from], func(o *Entity) bool { return o == e })
		if len(rest) == 0 {
			delete(x, from)
		} else {
			x[from] = rest
		}
	}
	if to != "" {
		x[to] = append(x[to], e)
	}
}
