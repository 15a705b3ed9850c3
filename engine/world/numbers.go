package world

import (
	"bytes"
	"strconv"

	"github.com/go-faster/jx"
	"github.com/go-gl/mathgl/mgl64"
	"github.com/loci-place/loci/netcode"
)

// Numbers is a number, or a list of up to 16 numbers, in a component.
type Numbers struct {
	V    [16]float64
	N    int  // how many
	List bool // whether it is a list, even of one number
}

// maxLeaf is the maximum size of a list in which numbers are found, in bytes: agents are
// sent the whole list when one number changes. The matrices of a skeleton's joints take a
// quarter of that.
const maxLeaf = 16 << 10

// Numbers returns the value at a path: the name of a component, then keys of objects and
// indexes of lists. It reports whether there is a number or a list of numbers. Values
// inside lists of more than 16 KiB are not found.
func (e *Entity) Numbers(path []string) (v Numbers, ok bool) {
	if i, ok := matrixPath(path); ok {
		return e.matrixNumbers(i)
	}
	_, _, ok = e.find(&v, path)
	return v, ok
}

// SetNumbers replaces the value at a path (see [Entity.Numbers]) and reports whether it
// did. The old value must be of the same kind, a number or a list of the same length, and
// all numbers finite.
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

// matrixPath reports whether a path leads to transform.matrix, and returns the index of the
// element, -1 for the whole matrix. It is read and written with all digits.
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

// find finds numbers and their encoded text.
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

// leaf follows a path through objects to the first other value, and returns it with the
// rest of the path; nil if there is none.
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

// restamp marks every key on a path, down to the leaf, as changed, and adds longer to the
// sizes.
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

// spot is the position of numbers: their key and, inside a list, the path from there.
type spot struct {
	leaf *key
	in   []*branch // from the branch of the leaf down to the one that has the node
	node *node     // nil if the numbers are the leaf itself
}

// raw returns the encoded value, nil if it is too large for numbers.
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

// put replaces the value, and returns by how many bytes the new one is longer.
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

// dig follows a path into a leaf and opens the lists and objects on the way.
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

// parseNumbers parses a number or a list of numbers.
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

// branch is a list, or an object inside a list, that is kept opened because a part of it has
// been set: the next change of a number in it costs only that number.
type branch struct {
	kids  []node
	names map[string]int // of an object's kids; nil for a list
	order []string       // the same by index
	width int            // bytes, encoded
}

// node is a value in a branch: encoded, or a branch itself.
type node struct {
	raw   []byte
	inner *branch
}

func openBranch(raw []byte) *branch {
	b := &branch{width: len(raw)}
	object := raw[0] == '{'
	if object {
		b.names = map[string]int{}
	}
	walk(raw, func(m member) {
		if object {
			b.names[string(m.name)] = len(b.kids)
			b.order = append(b.order, string(m.name))
		}
		b.kids = append(b.kids, node{raw: m.value})
	})
	return b
}

// kid returns the part with an index or name, nil if there is none.
func (b *branch) kid(name string) *node {
	i, ok := b.names[name]
	if b.names == nil {
		i, ok = listIndex(name)
	}
	if !ok || i >= len(b.kids) {
		return nil
	}
	return &b.kids[i]
}

func (b *branch) append(dst []byte) []byte {
	if b.names == nil {
		dst = append(dst, '[')
		for i := range b.kids {
			dst = append(b.kids[i].append(dst), ',')
		}
		return closeList(dst)
	}
	dst = append(dst, '{')
	for i := range b.kids {
		dst = append(b.kids[i].append(appendName(dst, b.order[i])), ',')
	}
	return CloseObject(dst)
}

func (n *node) append(dst []byte) []byte {
	if n.inner != nil {
		return n.inner.append(dst)
	}
	return append(dst, n.raw...)
}

// open opens a list or object.
func (n *node) open() *branch {
	if n.inner == nil && len(n.raw) > 0 && (n.raw[0] == '[' || n.raw[0] == '{') {
		n.inner, n.raw = openBranch(n.raw), nil
	}
	return n.inner
}

// openList opens a leaf that is a list.
func (k *key) openList() *branch {
	if k.inner == nil && k.raw[0] == '[' {
		k.inner, k.raw = openBranch(k.raw), nil
	}
	return k.inner
}

// leaf returns the encoded value of a leaf.
func (k *key) leaf() []byte {
	if k.inner != nil {
		return k.inner.append(nil)
	}
	return k.raw
}

func closeList(dst []byte) []byte {
	if n := len(dst) - 1; dst[n] == ',' {
		dst[n] = ']'
		return dst
	}
	return append(dst, ']')
}
