package acl

import (
	"fmt"
	"strings"
	"testing"
)

// dump gives a tree in a form in which different trees differ.
func dump(n node) string {
	switch n := n.(type) {
	case *literal:
		return fmt.Sprintf("%T(%v)", n.value, shown(n.value))
	case *variable:
		return "var " + n.name
	case *wildcard:
		return "any " + n.name
	}
	var b strings.Builder
	switch n := n.(type) {
	case *list:
		fmt.Fprintf(&b, "list%d/%t", len(n.items), n.tail != nil)
	case *mapping:
		b.WriteString("map")
		for _, e := range n.entries {
			fmt.Fprintf(&b, " %q", e.key)
		}
	case *prefix:
		fmt.Fprintf(&b, "prefix %q", n.text)
	case *unary:
		b.WriteString("unary " + n.op)
	case *binary:
		b.WriteString(n.op)
	case *field:
		b.WriteString("." + n.name)
	case *call:
		b.WriteString(n.function.name)
	default:
		fmt.Fprintf(&b, "%T", n)
	}
	b.WriteByte('(')
	for _, part := range parts(n) {
		b.WriteString(dump(part) + ";")
	}
	return b.String() + ")"
}

func (r *rule) dump() string {
	text := dump(r.pattern)
	for _, guard := range r.guards {
		text += " when " + dump(guard)
	}
	return text
}

func TestPatternsPrintCanonically(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"blanks and comments":     {"[ A,// one\n\tB # two\n]", `[A, B]`},
		"where":                   {`[A] where A where A`, `[A] when A when A`},
		"trailing commas":         {`[A, %{"a" => B,},]`, `[A, %{"a" => B}]`},
		"tail":                    {`[A,B|[C|_]]`, `[A, B | [C | _]]`},
		"keys":                    {`%{name: A, "x y": _, :b => 1}`, `%{"name" => A, "x y" => _, "b" => 1}`},
		"atoms":                   {`[:true, :nil, :ok, :"a b"]`, `[true, nil, "ok", "a b"]`},
		"numbers":                 {`[1_000, 0xFF, 1.0, -0.0, 1.50, 2.0e30, -1.0e-9, 123456789012345678901234567890, 007]`, `[1000, 255, 1, 0, 1.5, 2.0e+30, -1.0e-09, 1.2345678901234568e+29, 7]`},
		"integers past doubles":   {`[9007199254740993, -9007199254740993]`, `[9007199254740992, -9007199254740992]`},
		"escapes":                 {`"\a\"\\\#{x}\n\t\x41\u00e9\u{1F600}\0#"`, `"\u{7}\"\\\#{x}\n\tAé😀\u{0}#"`},
		"prefix":                  {`"a"<>"b"<>Rest`, `"ab" <> Rest`},
		"both":                    {`(A = B) = C = [D]`, `(A = B) = C = [D]`},
		"needless parentheses":    {`(A) when ((A + (1 * 2)) == 3) and (A or (A))`, `A when A + 1 * 2 == 3 and (A or A)`},
		"needed parentheses":      {`A when (A + 1) * 2 == A - (1 - 2) or not (A and A)`, `A when (A + 1) * 2 == A - (1 - 2) or not (A and A)`},
		"not binds tightest":      {`A when not A == A`, `A when not A == A`},
		"not in":                  {`A when not A in [1]`, `A when A not in [1]`},
		"not, in parentheses":     {`A when (not A) in [true] or not (A in [1])`, `A when (not A) in [true] or not (A in [1])`},
		"in, in parentheses":      {`A when (A in [1]) in [true] and A in [(1 in [A])]`, `A when (A in [1]) in [true] and A in [1 in [A]]`},
		"signs":                   {`A when - - A == -(-5) or +A == - 1 or -A.b == -(A + 1)`, `A when -(-A) == 5 or +A == -1 or -A.b == -(A + 1)`},
		"keys of all sorts":       {`A when A [ "x" ] . y[0] == (A + 1)["x"]`, `A when A["x"].y[0] == (A + 1)["x"]`},
		"chains to the left":      {`A when A == 1 or A == 2 or A == 3`, `A when A == 1 or A == 2 or A == 3`},
		"lists with tails":        {`A when A == [1 | A]`, `A when A == [1 | A]`},
		"calls":                   {`A when owner( A )==nil and is_map_key(A,"b")`, `A when owner(A) == nil and is_map_key(A, "b")`},
		"fields named like words": {`A when A.when == A.in`, `A when A.when == A.in`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := compiled(t, c.source).String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			checkRoundTrip(t, c.source)
		})
	}
}

// checkRoundTrip parses a source, if it does parse, prints it, and parses that.
func checkRoundTrip(t *testing.T, text string) {
	t.Helper()
	first, variables, err := parse(&source{text: text, line: 1})
	if err != nil {
		return
	}
	printed := first.String()
	if len(printed) > MaxSource {
		return // one escape can become ten
	}
	second, again, err := parse(&source{text: printed, line: 1})
	if err != nil {
		t.Fatalf("%s\nis printed as\n%s\nwhich does not parse: %v", text, printed, err)
	}
	if first.dump() != second.dump() || fmt.Sprint(variables) != fmt.Sprint(again) {
		t.Fatalf("%s\nis printed as\n%s\n%s, not\n%s", text, printed, second.dump(), first.dump())
	}
	if second.String() != printed {
		t.Fatalf("%s\nis printed as\n%s\nand then as\n%s", text, printed, second)
	}
}

func TestEveryPatternOfTheTableIsWhatItIsPrintedAs(t *testing.T) {
	table := readElixirTable(t)
	for _, group := range [][]elixirCase{table.Cases, table.Deviations, table.Undecided} {
		for _, c := range group {
			checkRoundTrip(t, c.Pattern)
		}
	}
}
