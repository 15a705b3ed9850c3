package acl

// requirement is a string that an item of a list must be: item of the list
// itself, or, if in is not -1, of the list that is its item in.
type requirement struct {
	in, item int
	text     string
}

// requirements returns the strings that a list must have for the pattern to match:
// those in the pattern, and those that its only guard compares variables with.
// guard returns the conditions of that guard to consider.
func requirements(r *rule, guard func(node) []node) []requirement {
	c := collector{places: map[string]requirement{}}
	c.list(r.pattern, -1, 0)
	if len(r.guards) == 1 {
		for _, condition := range guard(r.guards[0]) {
			c.equality(condition)
		}
	}
	return c.found
}

// certain returns those conditions joined by "and" that no error can precede. If
// one of them is false, so is the guard, without an error.
func certain(guard node) []node {
	all := conjuncts(guard)
	for i, condition := range all {
		if _, _, ok := equality(condition); !ok {
			return all[:i]
		}
	}
	return all
}

// conjuncts returns the conditions joined by "and", in order.
func conjuncts(guard node) []node {
	return appendConjuncts(nil, guard)
}

func appendConjuncts(found []node, n node) []node {
	if b, ok := n.(*binary); ok && b.op == "and" {
		return appendConjuncts(appendConjuncts(found, b.left), b.right)
	}
	return append(found, n)
}

// collector finds requirements and the positions of variables.
type collector struct {
	found  []requirement
	places map[string]requirement // without text
}

// list visits the items of list n, the first of which is at position from. in is
// the position of the list itself, see requirement.
func (c *collector) list(n node, in, from int) {
	switch n := n.(type) {
	case *both:
		c.list(n.left, in, from)
		c.list(n.right, in, from)
	case *list:
		for i, item := range n.items {
			c.item(item, requirement{in: in, item: from + i})
		}
		if n.tail != nil {
			c.list(n.tail, in, from+len(n.items))
		}
	}
}

func (c *collector) item(n node, at requirement) {
	switch n := n.(type) {
	case *both:
		c.item(n.left, at)
		c.item(n.right, at)
	case *variable:
		c.places[n.name] = at
	case *literal:
		if text, ok := n.value.(string); ok {
			at.text = text
			c.found = append(c.found, at)
		}
	case *list:
		if at.in < 0 {
			c.list(n, at.item, 0)
		}
	}
}

func (c *collector) equality(condition node) {
	name, text, ok := equality(condition)
	if at, bound := c.places[name]; ok && bound {
		at.text = text
		c.found = append(c.found, at)
	}
}

// equality reports whether n compares a variable with a string, either way round.
func equality(n node) (name, text string, ok bool) {
	b, ok := n.(*binary)
	if !ok || b.op != "==" && b.op != "===" {
		return "", "", false
	}
	left, right := b.left, b.right
	if _, ok := left.(*variable); !ok {
		left, right = right, left
	}
	v, isVariable := left.(*variable)
	l, isLiteral := right.(*literal)
	if !isVariable || !isLiteral {
		return "", "", false
	}
	text, ok = l.value.(string)
	return v.name, text, ok
}

// textIn returns the string that a list has at the requirement's position.
func (r *requirement) textIn(list []any) (string, bool) {
	if r.in >= 0 {
		if r.in >= len(list) {
			return "", false
		}
		list, _ = list[r.in].([]any)
	}
	if r.item >= len(list) {
		return "", false
	}
	text, ok := list[r.item].(string)
	return text, ok
}

// met reports whether a list has the required string.
func (r *requirement) met(list []any) bool {
	text, ok := r.textIn(list)
	return ok && text == r.text
}

func allMet(all []requirement, list []any) bool {
	for i := range all {
		if !all[i].met(list) {
			return false
		}
	}
	return true
}
