package world

import (
	"strconv"

	"github.com/go-faster/jx"
)

// spot is where numbers stand: the key that they are part of, and if they are in a list
// of it the way there.
type spot struct {
	leaf *key
	in   []*branch // from that of the leaf down to the one that has the node
	node *node     // nil where the leaf itself is the numbers
}

// raw is the encoded value there, nil if it is larger than numbers may be.
func (s *spot) raw(scratch []byte) []byte {
	raw, inner := s.leaf.raw, s.leaf.inner
	if s.node != nil {
		raw, inner = s.node.raw, s.node.inner
	}
	switch {
	case inner == nil:
		return raw
	case len(inner.kids) > len(Numbers{}.V):
		return nil
	default:
		return inner.append(scratch[:0])
	}
}

// put replaces the value there, and returns by how many bytes that is longer.
func (s *spot) put(was int, text []byte) (longer int) {
	longer = len(text) - was
	for _, b := range s.in {
		b.width += longer
	}
	if s.node != nil {
		s.node.raw, s.node.inner = append(s.node.raw[:0], text...), nil
	} else {
		s.leaf.raw, s.leaf.inner = append(s.leaf.raw[:0], text...), nil
	}
	return longer
}

// dig follows a path into a leaf, through lists and objects, and opens them on the way.
func (s *spot) dig(path []string) bool {
	for i, name := range path {
		var b *branch
		if i == 0 {
			b = s.leaf.openList()
		} else {
			b = s.node.open()
		}
		if b == nil {
			return false
		}
		s.in = append(s.in, b)
		if s.node = b.kid(name); s.node == nil {
			return false
		}
	}
	return true
}

func listIndex(name string) (int, bool) {
	if name == "" || len(name) > 9 || name[0] < '0' || name[0] > '9' {
		return 0, false
	}
	i, err := strconv.Atoi(name)
	return i, err == nil
}

// parseNumbers reads a number or a list of them.
func (w *World) parseNumbers(v *Numbers, raw []byte) bool {
	d := &w.decoder
	d.ResetBytes(raw)
	if d.Next() == jx.Number {
		return v.parseOne(d)
	}
	v.List = true
	items, err := d.ArrIter()
	if err != nil {
		return false
	}
	for items.Next() {
		if d.Next() != jx.Number || !v.parseOne(d) {
			return false
		}
	}
	return items.Err() == nil
}

func (v *Numbers) parseOne(d *jx.Decoder) bool {
	n, err := d.Float64()
	if err != nil || v.N == len(v.V) || !isFinite(n) {
		return false
	}
	v.V[v.N] = n
	v.N++
	return true
}
