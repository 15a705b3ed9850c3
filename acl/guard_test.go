package acl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestEveryFunctionCompilesAndRuns(t *testing.T) {
	values := []any{nil, true, 1.0, -2.5, "text", []any{}, []any{1.0, "x"}, map[string]any{"a": 1.0}}
	for _, f := range functionList {
		t.Run(f.name, func(t *testing.T) {
			names := []string{"A", "B", "C"}[:f.arity()]
			call := f.name + "(" + strings.Join(names, ", ") + ")"
			truth := compiled(t, fmt.Sprintf("[%s] when %s", strings.Join(names, ", "), call))
			value := compiled(t, fmt.Sprintf("[%s] when is_nil(%s) or true", strings.Join(names, ", "), call))
			for _, a := range values {
				for _, b := range values {
					message := []any{a, b, b}[:f.arity()]
					if r := truth.Match(message, town); r.Failure != nil {
						t.Errorf("%v: %v", message, r.Failure)
					}
					r := value.Match(message, town)
					if r.Matched == (r.GuardError != nil) {
						t.Errorf("%v: matched %t, error %v", message, r.Matched, r.GuardError)
					}
				}
			}
		})
	}
}

func TestGuardErrorsAreToldApartFromFalse(t *testing.T) {
	for name, c := range map[string]struct {
		pattern string
		message any
		matched bool
		err     string
	}{
		"true":                         {`X when X == 1`, 1.0, true, ""},
		"false":                        {`X when X == 1`, 2.0, false, ""},
		"text added to":                {`X when X + 1 == 2`, "1", false, "+: not a number but a string"},
		"missing field":                {`X when X.a == 1`, map[string]any{}, false, ".a: the map has no such key"},
		"missing key":                  {`X when X["a"] == nil`, map[string]any{}, true, ""},
		"division by zero":             {`X when 1 / X == 1`, 0.0, false, "/: division by zero"},
		"remainder by zero":            {`X when rem(1, X) == 1`, 0.0, false, "rem: division by zero"},
		"condition that is a number":   {`X when X and true`, 5.0, false, "and, or, not: not true or false but a number"},
		"result that is a number":      {`X when true and X`, 5.0, false, ""},
		"number alone":                 {`X when X`, 5.0, false, ""},
		"error behind or":              {`X when is_binary(X) or X + 1 == 2`, "1", true, ""},
		"error before or":              {`X when X + 1 == 2 or is_binary(X)`, "1", false, "+: not a number but a string"},
		"error behind and":             {`X when is_number(X) and X + 1 == 2`, "1", false, ""},
		"error under not":              {`X when not (X + 1 == 2)`, "1", false, "+: not a number but a string"},
		"error, then another guard":    {`X when X + 1 == 2 when is_binary(X)`, "1", true, "+: not a number but a string"},
		"guard, then no error":         {`X when is_binary(X) when X + 1 == 2`, "1", true, ""},
		"two errors":                   {`X when X + 1 == 2 when hd(X) == 1`, "1", false, "+: not a number but a string"},
		"errors behind one that fits":  {`X when X in [1, 1 / 0]`, 1.0, true, ""},
		"errors behind what was found": {`X when X + 1 in [2, 1 / 0]`, 1.0, true, ""},
		"errors before what was found": {`X when X + 1 in [1 / 0, 2]`, 1.0, false, "/: division by zero"},
		"lists in what is looked for":  {`X when (X in [2, 1 / X]) in [X > 2 and 1 / 0, true]`, 1.0, true, ""},
		"errors in a list":             {`X when X in [1, 1 / 0]`, 2.0, false, "/: division by zero"},
		"too large":                    {`X when X * X * X * X * 2.0 != 1`, 1e300, false, "*: the result is too large"},
		"no entity":                    {`X when owner(X) == nil`, 5.0, false, "owner: not a string but a number"},
	} {
		t.Run(name, func(t *testing.T) {
			r := compiled(t, c.pattern).Match(c.message, town)
			got := ""
			if r.GuardError != nil {
				got = r.GuardError.Error()
			}
			if r.Matched != c.matched || got != c.err || r.Failure != nil {
				t.Errorf("matched %t, error %q, failure %v", r.Matched, got, r.Failure)
			}
		})
	}
}

// panickyTown panics at every question.
type panickyTown struct{ Env }

func TestFailuresOfOursAreNeitherMatchNorError(t *testing.T) {
	asleep := *town
	asleep.err = errTown
	for name, c := range map[string]struct {
		env  Env
		want error
	}{
		"no place":                {nil, ErrNoEnv},
		"a place with no answers": {&asleep, errTown},
		"a panic":                 {panickyTown{}, nil},
	} {
		for _, guard := range []string{
			`owner(X) == "ann"`, `owns(X, X)`, `not owns(X, X)`, `offered(X, X)`, `identity(X) == nil`, `verified(X) == nil`, `bound(X)`, `component(X, "box")["open"]`,
		} {
			t.Run(name+"/"+guard, func(t *testing.T) {
				p := compiled(t, "X when "+guard+" when true")
				r := p.Match("a1", c.env)
				if r.Matched || r.GuardError != nil || r.Failure == nil || !errors.Is(r.Failure, c.want) && c.want != nil {
					t.Errorf("matched %t, error %v, failure %v", r.Matched, r.GuardError, r.Failure)
				}
				if r := p.Match("a1", town); !r.Matched || r.Failure != nil {
					t.Errorf("then matched %t, failure %v", r.Matched, r.Failure)
				}
			})
		}
	}
}

func TestNothingIsAskedWhereItDoesNotMatter(t *testing.T) {
	for _, pattern := range []string{
		`X when false and owner(X) == nil`,
		`X when true or owner(X) == nil`,
		`X when X + 1 == 2 or owner(X) == nil`,
		`[X] when owner(X) == nil`,
	} {
		if r := compiled(t, pattern).Match("a1", nil); r.Failure != nil {
			t.Errorf("%s: %v", pattern, r.Failure)
		}
	}
}

func TestWideIntegersAreTheNearestFloat(t *testing.T) {
	for _, guard := range []string{
		`76561198000000001 == 76561198000000000`,
		`0x1100001000000001 == 0x1100001000000000`,
		`X == 76561198000000001`,
		`X == 76561198000000000`,
		`X in [1, 76561198000000001]`,
		`X + 1 == X`,
		`X > 76561197999999984`,
		`X - 76561198000000001 == 0`,
		`X * 3 > X`,
		`div(X, 2) == 38280599000000000`,
		`rem(-X, 3) <= 0`,
		`abs(-X) == X and -(0 - X) == X`,
		`is_integer(X) and not is_float(X)`,
		`round(X) == X`,
		`max(X, 1) == X`,
	} {
		if r := compiled(t, "X when "+guard).Match(76561198000000001.0, nil); !r.Matched {
			t.Errorf("%s is not true: %v", guard, r.GuardError)
		}
	}
	for _, pattern := range []string{`76561198000000001`, `-(-76561198000000001)`, `[X, X]`} {
		message := any(76561198000000000.0)
		if pattern[0] == '[' {
			message = []any{message, message}
		}
		if p, err := Compile(pattern); err == nil && !p.Match(message, nil).Matched {
			t.Errorf("%s does not match", pattern)
		}
	}
	for guard, why := range map[string]string{
		`X * X * X * X * X * X * X * X * X * X * X * X * X * X * X * X * X * X * X == 0`: "*: the result is too large",
		`div(1.0e300, 1.0e-300) == 0`: "div: not an integer but a fraction",
		`rem(X, 0) == 0`:              "rem: division by zero",
	} {
		r := compiled(t, "X when "+guard).Match(76561198000000001.0, nil)
		if r.GuardError == nil || r.GuardError.Error() != why {
			t.Errorf("%s: %v, want %s", guard, r.GuardError, why)
		}
	}
}

func TestLiteralsReachExprAsConstants(t *testing.T) {
	p := compiled(t, `X when X == "\" || true || \"" or X["`+"` + 1"+`"] == "${c0}"`)
	if source, _, _ := strings.Cut(p.GuardSource(), "\n"); source != `(eq(v_X, c0) || eq(at(v_X, c1), c2))` {
		t.Error(source)
	}
	if r := p.Match(map[string]any{"` + 1": "${c0}"}, nil); !r.Matched {
		t.Error("does not match")
	}
}

func TestVerifiedIsTheKeyOfAnEntitysAgent(t *testing.T) {
	for guard, want := range map[string]bool{
		`verified("a1") == "annskey="`: true, `verified("e1") == verified("a1")`: true,
		`verified("b1") == nil`: false, `verified("place") == nil`: true,
		`bound("a1")`: true, `bound("e1")`: true, `bound("b1")`: false, `bound("nobody")`: false, `bound(1)`: false, `not bound("b1")`: true, `verified("nobody") == nil`: true,
		`verified(1) == nil`: false, `verified("b1") == verified("a1")`: false,
	} {
		if r := compiled(t, "_ when "+guard).Match(nil, town); r.Matched != want || r.Failure != nil {
			t.Errorf("%s: matched %t, %v, %v", guard, r.Matched, r.GuardError, r.Failure)
		}
	}
}
