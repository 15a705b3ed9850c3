package acl

// matcher is a pattern made ready to match: literals of a list come first, what
// matches anything is left out, and variables have numbers.
type matcher struct {
	op     matchOp
	slot   int     // of matchBind, matchSame
	keep   bool    // matchBind: something else reads the variable
	number float64 // of matchNumber
	text   string  // of matchText, matchPrefix
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
	matchBool
	matchNil
	matchList
	matchMap
	matchPrefix
	matchBoth
)

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
	case bool:
		return matcher{op: matchBool, truth: v}
	default:
		return matcher{op: matchNil}
	}
}
