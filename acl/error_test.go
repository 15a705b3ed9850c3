package acl

import (
	"errors"
	"strings"
	"testing"
)

func TestErrorsSayWhereWhyAndWhatToWriteInstead(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"unknown function": {`[E] when ownr(E) == "a"`, `
pattern:1:10: unknown function ownr: did you mean owner?
 | [E] when ownr(E) == "a"
 | .........^`},
		"unbound variable": {"[\n  Sender\n] where Sendr == 1", `
pattern:3:9: Sendr is not bound by the pattern: did you mean Sender?
 | ] where Sendr == 1
 | ........^`},
		"a function for a variable": {`[E] when owner == E`, `
pattern:1:10: owner is a function: write owner(EntityId)
 | [E] when owner == E
 | .........^`},
		"matching with =~": {`[X] when X =~ "a"`, `
pattern:1:12: =~ is not known here: write contains(String, Part), starts_with or ends_with
 | [X] when X =~ "a"
 | ...........^`},
		"&&": {`[X] when X == 1 && X == 2`, `
pattern:1:17: && is not known here: write "and"
 | [X] when X == 1 && X == 2
 | ................^`},
		"||": {`[X] when X == 1 || X == 2`, `
pattern:1:17: || is not known here: write "or"
 | [X] when X == 1 || X == 2
 | ................^`},
		"!": {`[X] when !is_nil(X)`, `
pattern:1:10: ! is not known here: write "not"
 | [X] when !is_nil(X)
 | .........^`},
		"pin": {`[^x]`, `
pattern:1:2: ^ is not known here: to match the same value twice write the variable twice, to match a known one write it
 | [^x]
 | .^`},
		"anonymous function": {`[X] when fn -> X end`, `
pattern:1:10: there are no functions to define: call one of the guard functions
 | [X] when fn -> X end
 | .........^`},
		"module": {`[X] when String.starts_with?(X, "a")`, `
pattern:1:10: modules cannot be called: write starts_with(String, Prefix)
 | [X] when String.starts_with?(X, "a")
 | .........^`},
		"Kernel": {`[X] when Kernel.length(X) == 1`, `
pattern:1:10: modules cannot be called: write length(List)
 | [X] when Kernel.length(X) == 1
 | .........^`},
		"Erlang's module": {`[X] when :erlang.length(X) == 1`, `
pattern:1:10: modules cannot be called: write length(List)
 | [X] when :erlang.length(X) == 1
 | .........^`},
		"assignment": {`[X] when X = 1`, `
pattern:1:12: = is not known here: in a guard write "=="
 | [X] when X = 1
 | ...........^`},
		"null": {`["a", null]`, `
pattern:1:7: null is written nil
 | ["a", null]
 | ......^`},
		"too few arguments": {`[A, B] when owns(A)`, `
pattern:1:13: owns with 1 argument: write owns(EntityId, OtherId)
 | [A, B] when owns(A)
 | ............^`},
		"is_atom": {`[A] when is_atom(A)`, `
pattern:1:10: unknown function is_atom: write is_boolean(X) or is_nil(X), JSON has no other atoms
 | [A] when is_atom(A)
 | .........^`},
		"underscore in a guard": {`[_a] when _a == 1`, `
pattern:1:11: _a is never bound, as any name that begins with _: give it another
 | [_a] when _a == 1
 | ..........^`},
		"a key twice": {`%{"a" => 1, "a" => X}`, `
pattern:1:1: this map has the key "a" twice: write both patterns in one, as in %{"key" => A = [_ | _]}
 | %{"a" => 1, "a" => X}
 | ^`},
		"a string behind in": {`X when X in "abc"`, `
pattern:1:13: after in comes a list, not "abc": write [A, B], or contains(String, Part)
 | X when X in "abc"
 | ............^`},
		"in behind in": {`X when X in [1] in [true]`, `
pattern:1:17: what X in A in B means is unclear: write (X in A) in B
 | X when X in [1] in [true]
 | ................^`},
		"JSON's colon": {`{"a": X}`, `
pattern:1:1: { is not known here: JSON has no tuples: write [A, B] for a list or %{…} for a map
 | {"a": X}
 | ^`},
		"missing bracket": {`["a", [B]`, `
pattern:1:10: expected , or ] or |, not the end
 | ["a", [B]
 | .........^`},
		"missing quote": {`["a, B]`, `
pattern:1:2: this string does not end: a " is missing
 | ["a, B]
 | .^`},
		"curly quotes": {`[“a”]`, `
pattern:1:2: “ does not quote: write "
 | [“a”]
 | .^`},
		"interpolation": {`["a#{X}"]`, `
pattern:1:4: a pattern's strings cannot have values put in: compare in a guard, or write \#{ for the characters
 | ["a#{X}"]
 | ...^`},
		"suffix": {`[X <> "a"]`, `
pattern:1:4: only what a string begins with can be matched, as in "text" <> Rest: write ends_with(String, "text") in a guard
 | [X <> "a"]
 | ...^`},
		"call in the pattern": {`[owner(X)]`, `
pattern:1:2: a function cannot be called in the pattern: call it in a guard, after when
 | [owner(X)]
 | .^`},
		"columns are characters": {"[\"äöü\",\tX Y]", `
pattern:1:11: expected , or ] or |, not Y
 | ["äöü", X Y]
 | ..........^`},
		"two rules": {`["a"] ["b"]`, `
pattern:1:7: expected the end, or when and a guard, not [
 | ["a"] ["b"]
 | ......^`},
		"nothing": {" // nothing\n", `
pattern:2:1: expected a pattern, not the end
 | 
 | ^`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Compile(c.source)
			if err == nil {
				t.Fatal("compiles")
			}
			if got, want := err.Error(), strings.TrimPrefix(c.want, "\n"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestErrorsNameTheFileAndItsLine(t *testing.T) {
	_, err := Compile("[A,\n B C]", At("lobby/acl.lua", 12))
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%T is no *Error", err)
	}
	if e.File != "lobby/acl.lua" || e.Line != 13 || e.Column != 4 {
		t.Errorf("at %s:%d:%d", e.File, e.Line, e.Column)
	}
	if !strings.HasPrefix(err.Error(), "lobby/acl.lua:13:4: expected") {
		t.Error(err)
	}
}

func TestErrorsOfLongLinesShowTheSpot(t *testing.T) {
	_, err := Compile(`["` + strings.Repeat("x", 3000) + `", Y Z, "` + strings.Repeat("y", 3000) + `"]`)
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 3 || len(lines[1]) > 100 {
		t.Fatal(err)
	}
	if caret := strings.Index(lines[2], "^"); lines[1][caret] != 'Z' {
		t.Error(err)
	}
}

func TestOtherMistakesAreErrors(t *testing.T) {
	for _, source := range []string{
		`["a" | ]`, `[ | X]`, `[A, | X]`, `[A | B, C]`, `%{X => 1}`, `%{"a" X}`, `%{1 => X}`, `%{M | "a" => X}`,
		`"a" <> 5`, `"a" <> true`, `-X`, `"\u12"`, `"\u{110000}"`, `"\ud800"`, `"\xzz"`, `"\xff"`, `1__0`, `1_`, `0x`, `12ab`,
		`1.0e999`, `X when`, `X when and X`, `X when X ==`, `X when (X`, `X when X[`, `X when X.`, `X when X.5`, `X when X.f(1)`,
		`X when X.(1)`, `X when owner()`, `X when owner(X, X)`, `X when is_nil X`, `X when [X |]`, `X when %{X => 1} == X`,
		`X where X == 1 where`, `when`, `X when "a" <> X == "ab"`, `X when X in 1..3`, "X when X == \xff", "[\x00]", `:`, `@x`, `X;`,
		`X when foo.bar(1)`, `X when nevr.bar`, `%Struct{}`, `X when if(X)`, `~s(a)`, `'a'`, `?a`, `<<X>>`, `"""a"""`, `X when X |> owner`,
	} {
		if p, err := Compile(source); err == nil {
			t.Errorf("%s compiles to %s", source, p)
		} else if e := new(Error); !errors.As(err, &e) || e.Column < 1 || e.Snippet == "" {
			t.Errorf("%s: %v has no place", source, err)
		}
	}
}
