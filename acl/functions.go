package acl

import "strings"

// function is what a guard may call.
type function struct {
	name   string
	params string // the arguments, for errors
	truth  bool   // it gives true or false, never anything else
}

func (f *function) arity() int { return strings.Count(f.params, ",") + 1 }

// operation returns the function's name in expr's source, where contains is an
// operator.
func (f *function) operation() string {
	if f.name == "contains" {
		return "has_part"
	}
	return f.name
}

func (f *function) signature() string { return f.name + "(" + f.params + ")" }

// functions are all a guard may call, by name.
var functions = func() map[string]*function {
	byName := map[string]*function{}
	for _, f := range functionList {
		byName[f.name] = &f
	}
	return byName
}()

var functionList = []function{
	{"is_binary", "X", true},
	{"is_bitstring", "X", true},
	{"is_boolean", "X", true},
	{"is_float", "X", true},
	{"is_integer", "X", true},
	{"is_list", "X", true},
	{"is_map", "X", true},
	{"is_nil", "X", true},
	{"is_number", "X", true},
	{"is_map_key", "Map, Key", true},

	{"abs", "Number", false},
	{"ceil", "Number", false},
	{"div", "Integer, Integer", false},
	{"floor", "Number", false},
	{"rem", "Integer, Integer", false},
	{"round", "Number", false},
	{"trunc", "Number", false},
	{"max", "X, Y", false},
	{"min", "X, Y", false},

	{"hd", "List", false},
	{"tl", "List", false},
	{"length", "List", false},
	{"elem", "Tuple, Index", false},
	{"tuple_size", "Tuple", false},
	{"map_size", "Map", false},
	{"byte_size", "String", false},
	{"binary_part", "String, Start, Length", false},

	{"starts_with", "String, Prefix", true},
	{"ends_with", "String, Suffix", true},
	{"contains", "String, Part", true},

	{"owner", "EntityId", false},
	{"owns", "EntityId, OtherId", true},
	{"offered", "EntityId, ToId", true},
	{"identity", "EntityId", false},
	{"verified", "EntityId", false},
	{"bound", "EntityId", true},
	{"component", "EntityId, Name", false},
}
