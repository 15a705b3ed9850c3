package acl

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// addPatterns seeds a fuzz test with the patterns of the table and their
// messages.
func addPatterns(f *testing.F) {
	data, err := os.ReadFile("testdata/elixir.json")
	if err != nil {
		f.Fatal(err)
	}
	var table elixirTable
	if err := json.Unmarshal(data, &table); err != nil {
		f.Fatal(err)
	}
	for _, group := range [][]elixirCase{table.Cases, table.Deviations, table.Undecided} {
		for _, c := range group {
			f.Add(c.Pattern, []byte(c.Message))
		}
	}
}

// FuzzPattern checks that whatever compiles is what it is printed as, matches the
// same then, and that matching never panics, in expr either.
func FuzzPattern(f *testing.F) {
	addPatterns(f)
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		p, err := Compile(text)
		if err != nil {
			if e := new(Error); !errors.As(err, &e) || e.Line < 1 || e.Column < 1 {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		checkRoundTrip(t, text)
		var message any
		if json.Unmarshal(data, &message) != nil {
			return
		}
		r := p.Match(message, town)
		if r.Failure != nil && !errors.Is(r.Failure, ErrTooMuchWork) {
			t.Fatal(text, r.Failure)
		}
		e := p.Explain(message, town)
		if r.Failure == nil && e.Matched != r.Matched || e.Matched && len(r.Bindings()) != len(p.Variables()) {
			t.Fatalf("%s on %s: %v, explained as %s", text, data, r, e)
		}
		checkExplained(t, e)
		if len(p.String()) > MaxSource {
			return
		}
		if again := compiled(t, p.String()).Match(message, town); again.Matched != r.Matched {
			t.Fatalf("%s on %s: %t, printed and compiled %t", text, data, r.Matched, again.Matched)
		}
	})
}

// checkExplained: what matches has no reason not to, and the other way round.
func checkExplained(t *testing.T, e Explanation) {
	if e.Failure != nil {
		return
	}
	passed := len(e.Guards) == 0
	for _, g := range e.Guards {
		passed = passed || g.Outcome == "true"
	}
	if e.Matched != (passed && e.Mismatch == nil) {
		t.Fatalf("explained as\n%s", e)
	}
}
