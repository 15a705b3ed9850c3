package world

// branch is a list, or an object inside of one, of which a part has been set: so that
// one number in it can be set again for the price of the number.
type branch struct {
	kids  []node
	names map[string]int // of an object's kids; nil for a list
	order []string       // the same by index
	width int            // bytes, encoded
}

// node is a value in a branch: encoded, or opened further.
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

// kid finds a part by its index or name, nil if there is none.
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

// leaf is the encoded value of a leaf.
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
