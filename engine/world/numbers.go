package world

import (
	"bytes"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/netcode"
)

// Numbers is a number in a component, or a list of up to 16 of them.
type Numbers struct {
	V    [16]float64
	N    int  // how many
	List bool // it is a list, be it of one
}

// maxLeaf is how large, in bytes, the value of a key may be for numbers inside it to
// be found: agents are sent all of it when one changes. The matrices of a skeleton's
// joints are a quarter of that.
const maxLeaf = 16 << 10

// Numbers reads what stands at a path: the name of a component, then keys of
// objects and indexes of lists. It reports whether that is a number or such a list.
// Those inside lists of more than 16 KiB are not found.
func (e *Entity) Numbers(path []string) (v Numbers, ok bool) {
	if i, ok := matrixPath(path); ok {
		return e.matrixNumbers(i)
	}
	_, _, ok = e.find(&v, path)
	return v, ok
}

// SetNumbers replaces what stands at a path (see [Entity.Numbers]) and tells
// whether it did: the same sort of thing must have been there, a number or a list
// of that many, and all must be finite.
func (e *Entity) SetNumbers(path []string, v Numbers) bool {
	for _, n := range v.V[:v.N] {
		if !isFinite(n) {
			return false
		}
	}
	if i, ok := matrixPath(path); ok {
		was, ok := e.matrixNumbers(i)
		return ok && was.like(&v) && e.setMatrixNumbers(i, &v)
	}
	var was Numbers
	s, raw, ok := e.find(&was, path)
	if !ok || !was.like(&v) {
		return false
	}
	e.w.scratch = v.append(e.w.scratch[:0])
	if text := e.w.scratch; !bytes.Equal(raw, text) {
		e.restamp(path, s.leaf, s.put(len(raw), text))
		e.touch()
		e.reread(path[0], path[1])
	}
	return true
}

func (v *Numbers) like(w *Numbers) bool { return v.N == w.N && v.List == w.List }

func (v *Numbers) append(dst []byte) []byte {
	if !v.List {
		return netcode.AppendNumber(dst, v.V[0])
	}
	dst = append(dst, '[')
	for i, n := range v.V[:v.N] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = netcode.AppendNumber(dst, n)
	}
	return append(dst, ']')
}

// matrixPath reports whether a path leads to, or into, transform.matrix: which of
// its elements, or -1 for all. Those are read and written as they are kept, with
// all their digits.
func matrixPath(path []string) (element int, ok bool) {
	if len(path) < 2 || path[0] != "transform" || path[1] != "matrix" {
		return 0, false
	}
	switch len(path) {
	case 2:
		return -1, true
	case 3:
		if i, ok := listIndex(path[2]); ok && i < 16 {
			return i, true
		}
	}
	return 0, false
}

func (e *Entity) matrixNumbers(element int) (v Numbers, ok bool) {
	m := e.Local()
	if element < 0 {
		return Numbers{V: m, N: len(m), List: true}, e.typed.matrix
	}
	v.V[0], v.N = m[element], 1
	return v, e.typed.matrix
}

func (e *Entity) setMatrixNumbers(element int, v *Numbers) bool {
	m := mgl64.Mat4(v.V)
	if element >= 0 {
		m = e.Local()
		m[element] = v.V[0]
	}
	return e.SetLocal(m)
}

// find looks for numbers: where they are, and the text that they are there.
func (e *Entity) find(v *Numbers, path []string) (s spot, raw []byte, ok bool) {
	leaf, rest := e.leaf(path)
	if leaf == nil || len(rest) > 0 && leaf.width() > maxLeaf {
		return s, nil, false
	}
	s = spot{leaf: leaf, in: e.w.way[:0]}
	if !s.dig(rest) {
		return s, nil, false
	}
	e.w.way, e.w.text = s.in, e.w.text[:0]
	raw = s.raw(e.w.text)
	return s, raw, raw != nil && e.w.parseNumbers(v, raw)
}

// leaf follows a path through objects to the first value that is none, and gives
// the rest of the path; nil if it does not get there.
func (e *Entity) leaf(path []string) (leaf *key, rest []string) {
	o := &e.components
	for i, name := range path {
		k := o.get(name)
		switch {
		case k == nil:
			return nil, nil
		case !k.isObj:
			return k, path[i+1:]
		}
		o = k.open()
	}
	return nil, nil
}

// restamp marks every key on a path, down to the leaf, as changed, by so many bytes.
func (e *Entity) restamp(path []string, leaf *key, longer int) {
	o := &e.components
	for _, name := range path {
		k := o.get(name)
		o.put(k, e.w.now)
		o.size += longer
		if k == leaf {
			return
		}
		o = k.obj
	}
}
