package acl

import "slices"

// node is one part of a pattern or of a guard, as written.
type node interface{}

type (
	// literal is a string, number, true, false or nil, as messages have them.
	literal struct{ value any }

	// variable is bound in a pattern, and read in a guard.
	variable struct{ name string }

	// wildcard matches anything: _ or a name that begins so.
	wildcard struct{ name string }

	// list is a list of items, before a tail if there is one.
	list struct {
		items []node
		tail  node // nil if there is none
	}

	// mapping is a map with at least these keys; in a guard, with exactly these.
	mapping struct{ entries []entry }

	// prefix is a string that begins with text. Rest is a variable or wildcard.
	prefix struct {
		text string
		rest node
	}

	// both is two patterns that must match the same value.
	both struct{ left, right node }

	// unary is not, - or +.
	unary struct {
		op      string
		operand node
	}

	// binary is an operator between two guards, as written; "not in" is one.
	binary struct {
		op          string
		left, right node
	}

	// index is of[key].
	index struct{ of, key node }

	// field is of.name.
	field struct {
		of   node
		name string
	}

	// call is a guard function with as many arguments as it takes.
	call struct {
		function *function
		args     []node
	}
)

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	value node
}

// rule is a whole pattern.
type rule struct {
	pattern node
	guards  []node // tried in turn; empty if there are none
}

// The precedence of a guard's operators is Elixir's; higher binds tighter.
const (
	precedenceOr = iota + 1
	precedenceAnd
	precedenceEqual
	precedenceOrder
	precedenceIn
	precedenceSum
	precedenceProduct
	precedenceUnary
	precedencePostfix
)

// precedences has the binary operators, which are all left-associative.
var precedences = map[string]int{
	"or": precedenceOr, "and": precedenceAnd,
	"==": precedenceEqual, "!=": precedenceEqual, "===": precedenceEqual, "!==": precedenceEqual,
	"<": precedenceOrder, "<=": precedenceOrder, ">": precedenceOrder, ">=": precedenceOrder,
	"in": precedenceIn, "not in": precedenceIn,
	"+": precedenceSum, "-": precedenceSum, "*": precedenceProduct, "/": precedenceProduct,
}

// precedenceOf returns the precedence of a node for printing.
func precedenceOf(n node) int {
	switch n := n.(type) {
	case *binary:
		return precedences[n.op]
	case *unary:
		return precedenceUnary
	default:
		return precedencePostfix
	}
}

// variableNames appends the name of each occurrence of a variable in n.
func variableNames(n node, names []string) []string {
	if v, ok := n.(*variable); ok {
		return append(names, v.name)
	}
	for _, part := range parts(n) {
		names = variableNames(part, names)
	}
	return names
}

// parts returns the nodes directly below n, in order.
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
