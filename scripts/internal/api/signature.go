package api

import "strings"

// Parameter is one of a signature. The name of one that may be missing ends with a
// question mark.
type Parameter struct{ Name, Type string }

// Signature reads a signature, "(seconds: number, fn: fun()): loci.Timer", or a function's
// type, "fun(agent: loci.Agent)".
func Signature(signature string) (parameters []Parameter, results []string) {
	inside, rest := bracketed(strings.TrimPrefix(signature, "fun"))
	for _, part := range split(inside) {
		name, typ, _ := strings.Cut(part, ":")
		parameters = append(parameters, Parameter{strings.TrimSpace(name), strings.TrimSpace(typ)})
	}
	for _, result := range split(strings.TrimPrefix(strings.TrimSpace(rest), ":")) {
		results = append(results, strings.TrimSpace(result))
	}
	return parameters, results
}

// bracketed takes "(…)" off the front of a text.
func bracketed(text string) (inside, rest string) {
	depth := 0
	for i, c := range text {
		switch c {
		case '(', '{', '<':
			depth++
		case ')', '}', '>':
			if depth--; depth == 0 {
				return text[1:i], text[i+1:]
			}
		}
	}
	return "", text
}

// split splits a list at those commas that stand in no bracket.
func split(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range text {
		switch c {
		case '(', '{', '<':
			depth++
		case ')', '}', '>':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, text[from:i])
				from = i + 1
			}
		}
	}
	if last := text[from:]; strings.TrimSpace(last) != "" {
		parts = append(parts, last)
	}
	return parts
}
