package world

import (
	"github.com/loci-place/loci/netcode"
)

// Compact returns the entity's record in a state of the compact dialect (netcode/PROTOCOL.md,
// "Compact states") from base to the newest state, as [Entity.Fragment] does for a merge patch:
// the whole entity if base lacks it, nothing if neither has it or nothing has changed. Its number
// there is its [Entity.Index].
//
// A placement is always written from the origin: as the world does not remember where things were,
// and as that costs an entity within eight metres of it three bytes at most.
func (e *Entity) Compact(base Stamp) []byte {
	f := e.compact
	if f == nil {
		f = &fragment{}
		e.compact = f
	}
	if !f.holds(base) {
		d := newDelta(base)
		f.bytes = e.appendCompact(f.bytes[:0], &d)
		f.lo, f.hi, f.valid = d.lo, d.hi, true
		e.w.memory.encoded(e, cap(f.bytes))
	}
	return f.bytes
}

// CompactSize is how many bytes [Entity.Compact] has. Nothing is encoded for that where it is
// the whole entity, for which it may be a little less.
func (e *Entity) CompactSize(base Stamp) int {
	if f := e.compact; f != nil && f.holds(base) {
		return len(f.bytes)
	}
	if d := newDelta(base); e.life.alive() && !e.life.existed(&d) {
		return e.Size()
	}
	return len(e.Compact(base))
}

// AppendCompact appends the records of a compact state from base to the newest state, 0 for
// all there is, and returns how many there are.
func (w *World) AppendCompact(dst []byte, base Stamp) (records []byte, count int) {
	add := func(record []byte) {
		if len(record) > 0 {
			dst, count = append(dst, record...), count+1
		}
	}
	if base == 0 {
		for e := range w.Entities() {
			add(e.Compact(0))
		}
		return dst, count
	}
	for e := w.newest; e != nil && e.stamp > base; e = e.older {
		add(e.Compact(base))
	}
	return dst, count
}

// AppendCompactRemoval appends an entity's record that removes it.
func (e *Entity) AppendCompactRemoval(dst []byte) []byte {
	gone := netcode.CompactEntity{Number: uint32(e.index)}
	return gone.Append(dst)
}

func (e *Entity) appendCompact(dst []byte, d *delta) []byte {
	existed := e.life.existed(d)
	switch {
	case !e.life.alive() && existed:
		return e.AppendCompactRemoval(dst)
	case !e.life.alive():
		return dst
	}
	record := netcode.CompactEntity{Number: uint32(e.index)}
	if !existed {
		record.ID = []byte(e.id)
		d = nil
	}
	var moved bool
	e.w.scratch, moved = e.appendPlaced(e.w.scratch[:0], d)
	if moved {
		m := netcode.Matrix(e.Local())
		if p, ok := netcode.NewPlacement(&m); ok {
			record.Placement = netcode.NewPlacementChange(nil, &p)
		} else {
			record.Placement = netcode.NewMatrixChange(&m)
		}
	}
	if len(e.w.scratch) > len("{}") {
		record.Components = e.w.scratch
	}
	if existed && !moved && record.Components == nil {
		return dst // without flags it would be gone
	}
	return record.Append(dst)
}

// appendPlaced appends a merge patch of the components, all of them if d is nil, without
// transform.matrix where that is a matrix: whether that is among what has changed it reports.
func (e *Entity) appendPlaced(dst []byte, d *delta) (patch []byte, moved bool) {
	dst = append(dst, '{')
	if d == nil {
		for _, k := range e.components.live {
			if k.name == "transform" && e.typed.matrix {
				dst, moved = appendTransform(dst, k, nil), true
			} else {
				dst = append(k.appendFull(appendName(dst, k.name)), ',')
			}
		}
		return CloseObject(dst), moved
	}
	o := &e.components
	for k := o.newest; k != nil && d.after(k.stamp); k = k.older {
		switch {
		case k.name == "transform" && k.life.alive() && e.typed.matrix:
			since := d
			if !k.wasObject(d) {
				since = nil
			}
			m := matrixKey(k)
			moved = since == nil || m != nil && d.after(m.stamp)
			dst = appendTransform(dst, k, since)
		default:
			dst = k.appendChange(dst, d)
		}
	}
	return CloseObject(dst), moved
}

// matrixKey returns the key of the matrix in an opened transform, nil if it is not opened.
func matrixKey(transform *key) *key {
	if transform.obj == nil {
		return nil
	}
	return transform.obj.get("matrix")
}

// appendTransform appends the transform as a member, without its matrix: all of it if d is nil,
// else what has changed. If there is no more to it, it appends nothing.
func appendTransform(dst []byte, transform *key, d *delta) []byte {
	start := len(dst)
	dst = append(appendName(dst, transform.name), '{')
	first := len(dst)
	switch o := transform.obj; {
	case o == nil: // not opened
		walk(transform.raw, func(m member) {
			if string(m.name) != "matrix" {
				dst = append(append(appendName(dst, string(m.name)), m.value...), ',')
			}
		})
	case d == nil:
		for _, k := range o.live {
			if k.name != "matrix" {
				dst = append(k.appendFull(appendName(dst, k.name)), ',')
			}
		}
	default:
		for k := o.newest; k != nil && d.after(k.stamp); k = k.older {
			if k.name != "matrix" {
				dst = k.appendChange(dst, d)
			}
		}
	}
	if len(dst) == first {
		return dst[:start]
	}
	return append(CloseObject(dst), ',')
}
