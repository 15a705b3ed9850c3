package acl

import (
	"encoding/json"
	"slices"
	"strings"
)

// matcher is a pattern made ready to match: literals of a list come first, what
// matches anything is left out, and variables have numbers.
type matcher struct {
	op     matchOp
	slot   int     // of matchBind, matchSame
	keep   bool    // matchBind: something else reads the variable
	number float64 // of matchNumber
	text   string  // of matchText, matchPrefix, matchInteger
	truth  bool    // of matchBool

	items []matcher // of matchList: but literals; of matchMap: values; matchBoth: either
	at    []int     // of matchList: where in the list the items are
	texts []textAt  // of matchList
	keys  []string  // of matchMap
	size  int       // of matchList: items before the tail
	rest  *matcher  // of matchList: the tail, nil if there is none; of matchPrefix
}

// textAt is a string that must be at a place in a list.
type textAt struct {
	at   int
	text string
}

type matchOp uint8

const (
	matchAny matchOp = iota
	matchBind
	matchSame // a variable that has been bound before
	matchText
	matchNumber
	matchInteger // one that no float64 equals
	matchBool
	matchNil
	matchList
	matchMap
	matchPrefix
	matchBoth
)

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
	case matchInteger:
		i, ok := v.(json.Number)
		return ok && string(i) == n.text
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

// matcherOf makes the pattern ready. Variables are numbered so that those which
// are read, by a guard or by a second occurrence, come first; names has all of
// them in that order, the first kept ones read.
func matcherOf(r *rule, variables []string) (root matcher, names []string, kept int) {
	uses := map[string]int{}
	for _, name := range variableNames(r.pattern, nil) {
		uses[name]++
	}
	for _, guard := range r.guards {
		for _, name := range variableNames(guard, nil) {
			uses[name]++
		}
	}
	for _, name := range variables {
		if uses[name] > 1 {
			names = append(names, name)
		}
	}
	kept = len(names)
	for _, name := range variables {
		if uses[name] == 1 {
			names = append(names, name)
		}
	}
	b := builder{slots: map[string]int{}, kept: kept, bound: map[string]bool{}}
	for slot, name := range names {
		b.slots[name] = slot
	}
	return b.matcher(r.pattern), names, kept
}

// builder makes a matcher of a pattern, in the order in which it will match.
type builder struct {
	slots map[string]int
	kept  int
	bound map[string]bool
}

func (b *builder) matcher(n node) matcher {
	switch n := n.(type) {
	case *variable:
		return b.variable(n.name)
	case *literal:
		return literalMatcher(n.value)
	case *list:
		return b.list(n)
	case *mapping:
		m := matcher{op: matchMap}
		for _, e := range n.entries {
			m.keys = append(m.keys, e.key)
			m.items = append(m.items, b.matcher(e.value))
		}
		return m
	case *prefix:
		rest := b.matcher(n.rest)
		return matcher{op: matchPrefix, text: n.text, rest: &rest}
	case *both:
		left := b.matcher(n.left)
		return matcher{op: matchBoth, items: []matcher{left, b.matcher(n.right)}}
	default:
		return matcher{op: matchAny}
	}
}

func (b *builder) variable(name string) matcher {
	slot := b.slots[name]
	if b.bound[name] {
		return matcher{op: matchSame, slot: slot}
	}
	b.bound[name] = true
	return matcher{op: matchBind, slot: slot, keep: slot < b.kept}
}

func (b *builder) list(n *list) matcher {
	m := matcher{op: matchList, size: len(n.items)}
	for i, item := range n.items {
		item := b.matcher(item)
		switch {
		case item.op == matchText:
			m.texts = append(m.texts, textAt{i, item.text})
		case item.op != matchAny:
			m.items = append(m.items, item)
			m.at = append(m.at, i)
		}
	}
	if n.tail != nil {
		tail := b.matcher(n.tail)
		m.rest = &tail
	}
	return m
}

func literalMatcher(v any) matcher {
	switch v := v.(type) {
	case string:
		return matcher{op: matchText, text: v}
	case float64:
		return matcher{op: matchNumber, number: v}
	case json.Number:
		return matcher{op: matchInteger, text: string(v)}
	case bool:
		return matcher{op: matchBool, truth: v}
	default:
		return matcher{op: matchNil}
	}
}

// variableNames appends the names of variables in n, as often as they occur.
func variableNames(n node, names []string) []string {
	if v, ok := n.(*variable); ok {
		return append(names, v.name)
	}
	for _, part := range parts(n) {
		names = variableNames(part, names)
	}
	return names
}

// parts gives the nodes directly below n, in order.
func parts(n node) []node {
	switch n := n.(type) {
	case *list:
		if n.tail != nil {
			return append(slices.Clone(n.items), n.tail)
		}
		return n.items
	case *mapping:
		var values []node
		for _, e := range n.entries {
			values = append(values, e.value)
		}
		return values
	case *prefix:
		return []node{n.rest}
	case *both:
		return []node{n.left, n.right}
	case *unary:
		return []node{n.operand}
	case *binary:
		return []node{n.left, n.right}
	case *index:
		return []node{n.of, n.key}
	case *field:
		return []node{n.of}
	case *call:
		return n.args
	}
	return nil
}
