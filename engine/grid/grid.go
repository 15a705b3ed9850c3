// Package grid finds items near a point, in time proportional to the number of items found.
//
// It is a plane of square cells: places are wide rather than tall, so height does not count.
package grid

import "math"

// Grid is a set of items with positions on the ground. It is not safe for concurrent use.
type Grid[T comparable] struct {
	size  float64
	cells map[cell][]T
	spots map[T]spot
}

type cell struct{ x, z int32 }

// spot is the cell of an item and its index in it.
type spot struct {
	cell  cell
	index int32
}

// New returns an empty grid whose cells have the given width in metres.
func New[T comparable](size float64) *Grid[T] {
	return &Grid[T]{size: size, cells: map[cell][]T{}, spots: map[T]spot{}}
}

// Put adds an item, or moves it if it is in the grid.
func (g *Grid[T]) Put(item T, x, z float64) {
	at := g.cell(x, z)
	s, ok := g.spots[item]
	if ok && s.cell == at {
		return
	}
	if ok {
		g.take(s)
	}
	g.cells[at] = append(g.cells[at], item)
	g.spots[item] = spot{at, int32(len(g.cells[at]) - 1)}
}

// Remove removes an item, if it is in the grid.
func (g *Grid[T]) Remove(item T) {
	if s, ok := g.spots[item]; ok {
		g.take(s)
		delete(g.spots, item)
	}
}

// take removes the item at a spot, and moves the last item of its cell there.
func (g *Grid[T]) take(s spot) {
	items := g.cells[s.cell]
	last := len(items) - 1
	if int(s.index) != last {
		moved := items[last]
		items[s.index] = moved
		g.spots[moved] = s
	}
	var none T
	items[last] = none
	if last == 0 {
		delete(g.cells, s.cell)
		return
	}
	g.cells[s.cell] = items[:last]
}

// Near calls f for all items in the cells that a circle touches: all within radius, and some
// a little beyond. f must not change the grid.
func (g *Grid[T]) Near(x, z, radius float64, f func(T)) {
	from, to := g.cell(x-radius, z-radius), g.cell(x+radius, z+radius)
	wide, deep := int64(to.x)-int64(from.x)+1, int64(to.z)-int64(from.z)+1
	if wide > int64(len(g.cells)) || deep > int64(len(g.cells)) || wide*deep > int64(len(g.cells)) {
		g.scan(from, to, f)
		return
	}
	for cx := from.x; cx <= to.x; cx++ {
		for cz := from.z; cz <= to.z; cz++ {
			for _, item := range g.cells[cell{cx, cz}] {
				f(item)
			}
		}
	}
}

// scan is Near for a circle with more cells than are in use.
func (g *Grid[T]) scan(from, to cell, f func(T)) {
	for at, items := range g.cells {
		if at.x < from.x || at.x > to.x || at.z < from.z || at.z > to.z {
			continue
		}
		for _, item := range items {
			f(item)
		}
	}
}

func (g *Grid[T]) cell(x, z float64) cell {
	return cell{coordinate(x / g.size), coordinate(z / g.size)}
}

// coordinate clamps to int32: everything farther out shares the last cell.
func coordinate(v float64) int32 {
	const most = math.MaxInt32 - 1
	return int32(max(-most, min(most, math.Floor(v))))
}
