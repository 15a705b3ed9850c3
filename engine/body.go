package engine

// What verbs read of a body's items after the verb.

// object gives an item that is an object.
func object(args []any, i int) (map[string]any, bool) {
	if i >= len(args) || args[i] == nil {
		return nil, false
	}
	return asObject(args[i])
}

// text gives an item that is a string.
func text(args []any, i int) (string, bool) {
	if i >= len(args) {
		return "", false
	}
	s, ok := args[i].(string)
	return s, ok
}

// after returns the items behind the first n.
func after(args []any, n int) []any { return args[min(n, len(args)):] }

// names reads a list of strings.
func names(v any) ([]string, bool) {
	list, ok := asList(v)
	if !ok {
		return nil, false
	}
	all := make([]string, len(list))
	for i := range list {
		if all[i], ok = text(list, i); !ok {
			return nil, false
		}
	}
	return all, true
}

// halves reads one or two pairs of a word, each another, and what it is about, and tells
// whether take took each.
func halves(args []any, take func(what string, v any) bool) bool {
	if len(args) != 2 && len(args) != 4 {
		return false
	}
	before := ""
	for i := 0; i < len(args); i += 2 {
		what, _ := text(args, i)
		if what == before || !take(what, args[i+1]) {
			return false
		}
		before = what
	}
	return true
}
