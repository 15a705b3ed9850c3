package acl

import (
	"strings"

	"github.com/expr-lang/expr/vm"
)

// matching is the state of one match.
type matching struct {
	work  work
	all   bool  // keep all variables, not only those that are read
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

// tail is match for the rest of a list, which becomes a value only if it is kept.
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

// matcher is a pattern prepared for matching: the literals of a list come first,
// wildcards are left out, and variables are numbered.
type matcher struct {
	op     matchOp
	slot   int     // of matchBind, matchSame
	keep   bool    // matchBind: something else reads the variable
	number float64 // of matchNumber
	text   string  // of matchText, matchPrefix
	truth  bool    // of matchBool

	items []matcher // of matchList: items but literals; matchMap: values; matchBoth: both sides
	at    []int     // of matchList: positions of the items
	texts []textAt  // of matchList
	keys  []string  // of matchMap
	size  int       // of matchList: items before the tail
	rest  *matcher  // of matchList: the tail, nil if there is none; of matchPrefix
}

// textAt is a string that must be at a position in a list.
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

// matcherOf prepares a pattern. Variables that are read, by a guard or by a second
// occurrence, are numbered first: names has all variables in that order, and the
// first kept of them are read.
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

// builder builds a matcher, in the order in which it will match.
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

// frame holds the state of one run of a pattern's guards: expr's virtual machine,
// which cannot be shared, and the environment. A pattern pools its frames.
//
// Operations do not stop the machine at an error: that would be slow, and senders
// of messages can cause errors at will. They record it in the frame and return a
// value that does not count.
type frame struct {
	machine vm.VM
	names   map[string]any // operations, constants and variables
	env     Env
	work    work
	held    []any       // values of hold
	err     *GuardError // the first error of this guard
	failure error       // the first failure
}

func newFrame(g *guards) *frame {
	f := &frame{names: make(map[string]any, len(g.constants)+len(g.operations)+4)}
	for _, c := range g.constants {
		f.names[c.name] = c.value
	}
	for _, name := range g.operations {
		f.names[name] = operations[name](f)
	}
	return f
}

// run runs one guard.
func (f *frame) run(g *guard) (passed bool) {
	f.err = nil
	f.work -= work(len(g.program.Bytecode)) // it has no loops
	if f.work < 0 {
		f.fail(ErrTooMuchWork)
		return false
	}
	out, err := f.machine.Run(g.program, f.names)
	switch {
	case err != nil:
		f.fail(err)
	case f.work < 0:
		f.fail(ErrTooMuchWork)
	}
	return f.err == nil && f.failure == nil && out == true
}

// refuse records an error of the guard.
func (f *frame) refuse(operation, reason string) {
	if f.err == nil {
		f.err = &GuardError{operation, reason}
	}
}

// want records that an operation was called with a value of the wrong kind.
func (f *frame) want(operation, wanted string, v any) {
	if f.err == nil {
		f.err = &GuardError{operation, "not " + wanted + " but " + kindOf(v).String()}
	}
}

// fail records a failure, see Result.
func (f *frame) fail(err error) {
	if f.failure == nil {
		f.failure = err
	}
}

// operations are what compiled guards may call, by name: the operators, and the
// functions under their own names. expr calls only these types without reflection.
var operations = map[string]func(*frame) any{
	"passes":   func(*frame) any { return func(v any) bool { return v == true } },
	"is_true":  func(f *frame) any { return f.isTrue },
	"eq":       func(f *frame) any { return func(a, b any) bool { return f.work.equal(a, b) } },
	"lt":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) < 0 } },
	"le":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) <= 0 } },
	"gt":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) > 0 } },
	"ge":       func(f *frame) any { return func(a, b any) bool { return f.work.compare(a, b) >= 0 } },
	"within":   func(f *frame) any { return f.within },
	"hold":     func(f *frame) any { return f.hold },
	"is_held":  func(f *frame) any { return func(at, v any) bool { return f.work.equal(f.held[int(at.(float64))], v) } },
	"join":     func(f *frame) any { return f.join },
	"at":       func(f *frame) any { return f.at },
	"field":    func(f *frame) any { return f.field },
	"negate":   func(f *frame) any { return f.negate },
	"number":   func(f *frame) any { return f.number },
	"add":      func(f *frame) any { return f.arithmetic("+", plus) },
	"subtract": func(f *frame) any { return f.arithmetic("-", minus) },
	"multiply": func(f *frame) any { return f.arithmetic("*", times) },
	"divide":   func(f *frame) any { return f.divide },

	"is_binary":    isKind(kindText),
	"is_bitstring": isKind(kindText),
	"is_list":      isKind(kindList),
	"is_map":       isKind(kindMap),
	"is_number":    isKind(kindNumber),
	"is_nil":       func(*frame) any { return func(v any) bool { return v == nil } },
	"is_boolean":   func(*frame) any { return isBoolean },
	"is_integer":   func(*frame) any { return isInteger },
	"is_float":     func(*frame) any { return isFloat },
	"is_map_key":   func(f *frame) any { return f.isMapKey },

	"abs":   func(f *frame) any { return f.abs },
	"ceil":  func(f *frame) any { return f.rounded("ceil") },
	"floor": func(f *frame) any { return f.rounded("floor") },
	"round": func(f *frame) any { return f.rounded("round") },
	"trunc": func(f *frame) any { return f.rounded("trunc") },
	"div":   func(f *frame) any { return f.div },
	"rem":   func(f *frame) any { return f.rem },
	"max":   func(f *frame) any { return f.max },
	"min":   func(f *frame) any { return f.min },

	"hd":          func(f *frame) any { return f.head },
	"tl":          func(f *frame) any { return f.tail },
	"length":      func(f *frame) any { return f.length },
	"elem":        func(f *frame) any { return f.elem },
	"tuple_size":  func(f *frame) any { return f.tupleSize },
	"map_size":    func(f *frame) any { return f.mapSize },
	"byte_size":   func(f *frame) any { return f.byteSize },
	"binary_part": func(f *frame) any { return f.binaryPart },

	"starts_with": func(f *frame) any { return f.startsWith },
	"ends_with":   func(f *frame) any { return f.endsWith },
	"has_part":    func(f *frame) any { return f.contains },

	"owner":     func(f *frame) any { return f.owner },
	"owns":      func(f *frame) any { return f.owns },
	"offered":   func(f *frame) any { return f.offered },
	"identity":  func(f *frame) any { return f.identity },
	"verified":  func(f *frame) any { return f.verified },
	"bound":     func(f *frame) any { return f.bound },
	"component": func(f *frame) any { return f.component },
}
