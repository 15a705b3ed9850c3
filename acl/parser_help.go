package acl

import "strings"

// unexpected is the error of the token ahead, which is not what had to come. Of
// what Elixir knows and patterns do not, it says what to write instead.
func (p *parser) unexpected(wanted string) error {
	t := p.peek()
	help, ok := insteadOf[t.text]
	if ok && t.kind == tokenOperator {
		return p.errorAt(t.at, "%s is not known here: %s", t.text, help)
	}
	if help, ok := wordHelp[t.text]; ok && t.kind == tokenName {
		return p.errorAt(t.at, "%s", help)
	}
	return p.errorAt(t.at, "expected %s, not %s", wanted, describe(t))
}

func describe(t token) string {
	switch {
	case t.kind == tokenEnd:
		return "the end"
	case len(t.text) > 40:
		return strings.ToValidUTF8(t.text[:40], "") + "…"
	default:
		return t.text
	}
}

// insteadOf says what to write for operators that are no part of the language.
var insteadOf = map[string]string{
	"&&":  `write "and"`,
	"||":  `write "or"`,
	"!":   `write "not"`,
	"^":   "to match the same value twice write the variable twice, to match a known one write it",
	"=~":  "write contains(String, Part), starts_with or ends_with",
	"=":   `in a guard write "=="`,
	"<>":  `write "text" <> Name in the pattern, or starts_with(String, "text") in a guard`,
	"->":  "there are no functions to define",
	"&":   "there are no functions to define: call one of the guard functions",
	"|>":  "write the call as function(Value)",
	"++":  "write [A, B | Rest] in the pattern",
	"--":  "write Value not in [A, B]",
	"..":  "write X >= Low and X <= High",
	"**":  "write X * X",
	"%":   "write rem(A, B), or %{…} for a map",
	"<<":  `write "text" <> Name for a string with a prefix`,
	"::":  "write is_binary(X), is_number(X), … in a guard",
	"{":   "JSON has no tuples: write [A, B] for a list or %{…} for a map",
	"~":   "there are no sigils: write a string as \"…\"",
	"'":   "write a string as \"…\"",
	"`":   "write a string as \"…\"",
	"@":   "there are no attributes: write the value",
	";":   "there is one pattern: write another guard as \"when …\", another rule by itself",
	"?":   "write a character as a string, \"a\", or its number",
	"<-":  "write == or in",
	":":   `write a string as "text"`,
	"&&&": "there is no arithmetic on bits",
	"|||": "there is no arithmetic on bits",
	"<<<": "there is no arithmetic on bits",
	">>>": "there is no arithmetic on bits",
	"^^^": "there is no arithmetic on bits",
	"~~~": "there is no arithmetic on bits",
	"...": "write [A, B | _] for a list with more items",
	`\\`:  "there are no defaults: write a rule for either case",
}

// reserved are words that are no names, of a variable or anything.
var reserved = map[string]bool{
	"when": true, "where": true, "and": true, "or": true, "not": true, "in": true,
	"fn": true, "do": true, "end": true, "catch": true, "rescue": true, "after": true,
	"else": true, "null": true, "if": true, "case": true, "cond": true,
}

// wordHelp says what to write for some of them, and for other languages' words.
var wordHelp = map[string]string{
	"fn":        "there are no functions to define: call one of the guard functions",
	"null":      "null is written nil",
	"None":      "None is written nil",
	"undefined": "undefined is written nil",
	"True":      "True is written true",
	"False":     "False is written false",
	"AND":       "AND is written and",
	"OR":        "OR is written or",
	"NOT":       "NOT is written not",
	"if":        "a condition is written after the pattern: when …",
	"do":        "a rule has no body: it ends with its guard",
}

// callHelp says what to call for functions of Elixir that guards have not.
var callHelp = map[string]string{
	"is_atom":      "write is_boolean(X) or is_nil(X), JSON has no other atoms",
	"is_string":    "write is_binary(X)",
	"is_tuple":     "JSON has no tuples, write is_list(X)",
	"is_function":  "JSON has no functions",
	"is_pid":       "JSON has no processes",
	"is_struct":    "JSON has no structs, write is_map(X)",
	"is_exception": "JSON has no exceptions, write is_map(X)",
	"len":          "write length(List), map_size(Map) or byte_size(String)",
	"size":         "write length(List), map_size(Map) or byte_size(String)",
	"bit_size":     "write 8 * byte_size(String)",
	"mod":          "write rem(A, B)",
	"not_in":       "write X not in List",
	"self":         "there are no processes",
	"node":         "there are no nodes",
	"agent":        "write owner(EntityId)",
	"has_key":      "write is_map_key(Map, Key)",
}

// moduleHelp says what to write for functions of Elixir's modules.
var moduleHelp = map[string]string{
	"String.starts_with": "write starts_with(String, Prefix)",
	"String.ends_with":   "write ends_with(String, Suffix)",
	"String.contains":    "write contains(String, Part)",
	"String.match":       "write contains(String, Part), starts_with or ends_with",
	"String.length":      "write byte_size(String)",
	"Map.get":            "write Map[\"key\"]",
	"Map.fetch":          "write Map[\"key\"]",
	"Map.has_key":        "write is_map_key(Map, Key)",
	"Enum.member":        "write X in List",
	"Enum.count":         "write length(List)",
	"Enum.at":            "write List[Index]",
	"Enum.empty":         "write List == []",
	"List.first":         "write hd(List)",
	"Integer.mod":        "write rem(A, B)",
	"Integer.is_odd":     "write rem(X, 2) != 0",
	"Integer.is_even":    "write rem(X, 2) == 0",
	"Regex.match":        "write contains(String, Part), starts_with or ends_with",
}

// moduleCall is the error of Module.function(…), at the token of either name.
func (p *parser) moduleCall(at int, module, name string) error {
	if help, ok := moduleHelp[module+"."+name]; ok {
		return p.errorAt(at, "modules cannot be called: %s", help)
	}
	if f, ok := functions[name]; ok {
		return p.errorAt(at, "modules cannot be called: write %s", f.signature())
	}
	return p.errorAt(at, "modules cannot be called: %s.%s is none of the guard functions", module, name)
}
