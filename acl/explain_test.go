package acl

import "testing"

func TestExplanationsSayWhatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		pattern string
		message any
		want    string
	}{
		"a match": {`["a", X | Rest] when X == 1`, []any{"a", 1.0, nil}, `
matches
  when X == 1: true
  Rest = [null]
  X = 1`},
		"no guard": {`_`, nil, `
matches`},
		"a literal": {`["a", ["b"]]`, []any{"a", []any{"c"}}, `
does not match
  at message[1][0]: want "b", have "c"`},
		"a value in a map": {`[%{"k" => [1]}]`, []any{map[string]any{"k": []any{true}}}, `
does not match
  at message[0]["k"][0]: want 1, have true`},
		"a missing key": {`%{"k" => _}`, map[string]any{"l": 1.0}, `
does not match
  at message: want a map with the key "k", have {"l":1}`},
		"too many items": {`[_]`, []any{1.0, 2.0}, `
does not match
  at message: want a list of 1 item, have 2 items, [1,2]`},
		"too few items": {`[_, _ | _]`, []any{1.0}, `
does not match
  at message: want a list of at least 2 items, have 1 item, [1]`},
		"a tail": {`[_ | ["x"]]`, []any{1.0, "y"}, `
does not match
  at message[1 and on][0]: want "x", have "y"`},
		"another kind": {`[[A]]`, []any{"x"}, `
does not match
  at message[0]: want a list, [A], have "x"`},
		"a prefix": {`"ab" <> _`, "ac", `
does not match
  at message: want a string that begins with "ab", have "ac"`},
		"two values of a variable": {`[A, A]`, []any{1.0, 2.0}, `
does not match
  at message[1]: want the same as A before, 1, have 2`},
		"the right of both": {`A = [1]`, []any{2.0}, `
does not match
  at message[0]: want 1, have 2`},
		"a guard": {`X when is_number(X) and X > 2 and X < 5`, 7.0, `
does not match
  when is_number(X) and X > 2 and X < 5: not true
    because of X < 5: not true
  X = 7`},
		"an error, then no match": {`X when X + 1 == 2 when X == 1`, "x", `
does not match
  when X + 1 == 2: error, +: not a number but a string
  when X == 1: not true
  X = "x"`},
		"a failure": {`X when owner(X) == nil`, "x", `
could not be tried: owner: acl: there is no place to ask
  when owner(X) == nil: failed, owner: acl: there is no place to ask
  X = "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			e := compiled(t, c.pattern).Explain(c.message, nil)
			if got := "\n" + e.String(); got != c.want {
				t.Errorf("got:%s\nwant:%s", got, c.want)
			}
			checkExplained(t, e)
		})
	}
}
