package acl

import "strings"

// matching is one attempt to match.
type matching struct {
	work  work
	all   bool  // keep every variable, not only those that are read
	slots []any // the values of variables
}

func (m *matching) match(n *matcher, v any) bool {
	switch n.op {
	case matchAny:
		return true
	case matchBind:
		if n.keep || m.all {
			m.slots[n.slot] = v
		}
		return true
	case matchSame:
		return m.work.equal(m.slots[n.slot], v)
	case matchText:
		s, ok := v.(string)
		return ok && s == n.text
	case matchList:
		items, ok := v.([]any)
		return ok && m.list(n, items)
	case matchMap:
		object, ok := v.(map[string]any)
		return ok && m.object(n, object)
	case matchPrefix:
		return m.prefix(n, v)
	case matchBoth:
		return m.match(&n.items[0], v) && m.match(&n.items[1], v)
	default:
		return n.scalar(v)
	}
}

func (n *matcher) scalar(v any) bool {
	switch n.op {
	case matchNumber:
		f, ok := v.(float64)
		return ok && f == n.number
	case matchBool:
		b, ok := v.(bool)
		return ok && b == n.truth
	default:
		return v == nil
	}
}

func (m *matching) list(n *matcher, items []any) bool {
	if len(items) != n.size && (n.rest == nil || len(items) < n.size) {
		return false
	}
	for i := range n.texts {
		want := &n.texts[i]
		if s, ok := items[want.at].(string); !ok || s != want.text {
			return false
		}
	}
	for i := range n.items {
		if !m.match(&n.items[i], items[n.at[i]]) {
			return false
		}
	}
	return n.rest == nil || m.tail(n.rest, items[n.size:])
}

// tail is match, but makes no value of the tail unless it must be kept.
func (m *matching) tail(n *matcher, items []any) bool {
	switch {
	case n.op == matchList:
		return m.list(n, items)
	case n.op == matchAny || n.op == matchBind && !n.keep && !m.all:
		return true
	default:
		return m.match(n, items)
	}
}

func (m *matching) object(n *matcher, object map[string]any) bool {
	for i, key := range n.keys {
		v, ok := object[key]
		if !ok || !m.match(&n.items[i], v) {
			return false
		}
	}
	return true
}

func (m *matching) prefix(n *matcher, v any) bool {
	s, ok := v.(string)
	if !ok || !strings.HasPrefix(s, n.text) {
		return false
	}
	if n.rest.op == matchAny || n.rest.op == matchBind && !n.rest.keep && !m.all {
		return true
	}
	return m.match(n.rest, s[len(n.text):])
}
