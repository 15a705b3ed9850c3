package acl

import "strconv"

// emitter writes guards as expr source. Nothing that a user wrote is copied into
// it: literals become constants of the environment, variables get a prefix, and
// whatever has Elixir's semantics becomes a call of one of our operations. Only the
// order of evaluation is expr's: && || ! and ?:.
type emitter struct {
	out       []byte
	constants []constant
	used      map[string]bool // operations
	held      int             // values that are held, see in
}

// constant is a literal of the guard and its name in the source.
type constant struct {
	name  string
	value any
}

// truth writes n as a boolean of expr, which is true only if n is exactly true.
func (e *emitter) truth(n node) {
	if isTruth(n) {
		e.value(n)
		return
	}
	e.call("passes", n)
}

// condition writes n as the left of "and" or "or" and the operand of "not",
// where anything but true and false is an error.
func (e *emitter) condition(n node) {
	if isTruth(n) {
		e.value(n)
		return
	}
	e.call("is_true", n)
}

// isTruth reports whether n evaluates to true, false or an error and nothing else.
func isTruth(n node) bool {
	switch n := n.(type) {
	case *literal:
		_, ok := n.value.(bool)
		return ok
	case *unary:
		return n.op == "not"
	case *binary:
		switch n.op {
		case "and", "or":
			return isTruth(n.right)
		}
		return precedences[n.op] <= precedenceIn
	case *call:
		return n.function.truth
	}
	return false
}

func (e *emitter) value(n node) {
	if v, ok := constantValue(n); ok {
		e.constant(v)
		return
	}
	switch n := n.(type) {
	case *variable:
		e.write("v_", n.name)
	case *list:
		e.list(n)
	case *mapping:
		e.mapping(n)
	case *unary:
		e.unary(n)
	case *binary:
		e.binary(n)
	case *index:
		e.call("at", n.of, n.key)
	case *field:
		e.call("field", n.of, &literal{n.name})
	case *call:
		e.call(n.function.operation(), n.args...)
	}
}

func (e *emitter) write(texts ...string) {
	for _, text := range texts {
		e.out = append(e.out, text...)
	}
}

// constant writes true, false and nil literally, and anything else as a name.
func (e *emitter) constant(v any) {
	switch v := v.(type) {
	case nil:
		e.write("nil")
	case bool:
		e.out = strconv.AppendBool(e.out, v)
	default:
		name := "c" + strconv.Itoa(len(e.constants))
		e.constants = append(e.constants, constant{name, v})
		e.write(name)
	}
}

func (e *emitter) call(operation string, args ...node) {
	e.used[operation] = true
	e.write(operation, "(")
	for i, arg := range args {
		if i > 0 {
			e.write(", ")
		}
		e.value(arg)
	}
	e.write(")")
}

func (e *emitter) list(n *list) {
	if n.tail != nil {
		e.call("join", &list{items: n.items}, n.tail)
		return
	}
	e.write("[")
	for i, item := range n.items {
		if i > 0 {
			e.write(", ")
		}
		e.value(item)
	}
	e.write("]")
}

func (e *emitter) mapping(m *mapping) {
	e.write("{")
	for i, entry := range m.entries {
		if i > 0 {
			e.write(", ")
		}
		e.write("(")
		e.constant(entry.key)
		e.write("): ")
		e.value(entry.value)
	}
	e.write("}")
}

func (e *emitter) unary(n *unary) {
	switch n.op {
	case "not":
		e.write("!(")
		e.condition(n.operand)
		e.write(")")
	case "-":
		e.call("negate", n.operand)
	default:
		e.call("number", n.operand)
	}
}

// binaryOperations are the operations of the binary operators. A leading ! negates.
var binaryOperations = map[string]string{
	"==": "eq", "===": "eq", "!=": "!eq", "!==": "!eq",
	"<": "lt", "<=": "le", ">": "gt", ">=": "ge",
	"+": "add", "-": "subtract", "*": "multiply", "/": "divide",
}

func (e *emitter) binary(n *binary) {
	switch n.op {
	case "and", "or":
		e.junction(n)
	case "in":
		e.in(n)
	case "not in":
		e.write("!")
		e.in(n)
	default:
		operation := binaryOperations[n.op]
		if operation[0] == '!' {
			e.write("!")
			operation = operation[1:]
		}
		e.call(operation, n.left, n.right)
	}
}

// junction writes "and" and "or". If the left side does not decide, the value is
// that of the right side, which may be anything.
func (e *emitter) junction(n *binary) {
	e.write("(")
	e.links(n)
	e.write(")")
}

// links writes a junction without parentheses. A chain of one operator is a loop.
func (e *emitter) links(n *binary) {
	left, ok := n.left.(*binary)
	if ok && left.op == n.op && isTruth(left) && isTruth(n.right) {
		e.links(left)
	} else {
		e.condition(n.left)
	}
	switch {
	case isTruth(n.right) && n.op == "and":
		e.write(" && ")
	case isTruth(n.right):
		e.write(" || ")
	case n.op == "and":
		e.write(" ? ")
	default:
		e.write(" ? true : ")
	}
	e.value(n.right)
	if !isTruth(n.right) && n.op == "and" {
		e.write(" : false")
	}
}

// in writes X in List. Elixir turns a list that is written out into a chain of
// comparisons, so that an error after the first match does not count. X is computed
// once and held: written into each comparison it could grow without bound.
func (e *emitter) in(n *binary) {
	l, ok := n.right.(*list)
	if !ok || l.tail != nil || !mayFail(n.right) {
		e.call("within", n.left, n.right)
		return
	}
	place := &literal{float64(e.held)}
	e.held++
	e.write("(")
	e.call("hold", place, n.left)
	for i, item := range l.items {
		e.write([]string{" && (", " || "}[min(i, 1)])
		e.call("is_held", place, item)
	}
	e.write("))")
}

// mayFail reports whether n is more than literals and variables.
func mayFail(n node) bool {
	switch n := n.(type) {
	case *literal, *variable, *mapping:
	case *list:
		if n.tail != nil {
			return true // it may be no list
		}
	default:
		return true
	}
	for _, part := range parts(n) {
		if mayFail(part) {
			return true
		}
	}
	return false
}

// constantValue returns the value of a literal, or of a list or map of literals.
func constantValue(n node) (any, bool) {
	switch n := n.(type) {
	case *literal:
		return n.value, true
	case *list:
		if n.tail != nil {
			return nil, false
		}
		items := make([]any, len(n.items))
		for i, item := range n.items {
			v, ok := constantValue(item)
			if !ok {
				return nil, false
			}
			items[i] = v
		}
		return items, true
	case *mapping:
		object := make(map[string]any, len(n.entries))
		for _, entry := range n.entries {
			v, ok := constantValue(entry.value)
			if !ok {
				return nil, false
			}
			object[entry.key] = v
		}
		return object, true
	}
	return nil, false
}
