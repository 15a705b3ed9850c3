package acl

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/cputime"
)

// hostile are patterns that are to be refused, and at once.
var hostile = map[string]string{
	"a million parentheses":       strings.Repeat("(", 1<<20),
	"a million brackets":          strings.Repeat("[", 1<<20),
	"parentheses":                 strings.Repeat("(", MaxSource),
	"brackets":                    strings.Repeat("[", MaxSource),
	"maps":                        strings.Repeat(`%{"a"=>`, 1000),
	"tails":                       strings.Repeat("[a|", 2000),
	"parentheses in a guard":      "X when " + strings.Repeat("(", 8000),
	"nots":                        "X when " + strings.Repeat("not ", 2000) + "X",
	"signs":                       "X when " + strings.Repeat("- ", 4000) + "X",
	"calls":                       "X when " + strings.Repeat("abs(", 2000) + "X",
	"indexes in indexes":          "X when " + strings.Repeat("X[", 4000),
	"lists in a guard":            "X when X in " + strings.Repeat("[", 8000),
	"one level too many":          strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1),
	"a million digits":            strings.Repeat("9", 1<<20),
	"eight thousand digits":       strings.Repeat("9", 8000),
	"a large exponent":            "1.0e99999999",
	"a literal of a megabyte":     `"` + strings.Repeat("x", 1<<20) + `"`,
	"a huge list in a guard":      "X when X in [" + strings.Repeat("1,", 1<<19) + "1]",
	"a list of too many items":    "X when X in [" + strings.Repeat("1,", MaxNodes) + "1]",
	"a chain of too many sums":    "X when X" + strings.Repeat("+1", MaxNodes) + " == 1",
	"too many indexes":            "X when X" + strings.Repeat("[0]", MaxNodes) + " == 1",
	"too many strings joined":     `"a"` + strings.Repeat(`<>"a"`, 1600) + strings.Repeat(" ", 100) + "<> 5",
	"a megabyte of emoji":         strings.Repeat("😀", 1<<18),
	"emoji":                       strings.Repeat("😀", 2000),
	"combining marks":             strings.Repeat("\u0301", 4000),
	"right to left":               strings.Repeat("\u202e", 2000),
	"no UTF-8":                    strings.Repeat("\xff", 8000),
	"a megabyte of white space":   strings.Repeat(" ", 1<<20),
	"slashes":                     strings.Repeat("/", 8000),
	"quotes":                      strings.Repeat(`"`, 8191),
	"backslashes":                 `"` + strings.Repeat(`\`, 8000),
	"guards":                      "X" + strings.Repeat(" when X", MaxGuards+1),
	"misspelt names":              "[" + strings.Repeat("abcdefg,", 1000) + "x] when abcdefh",
	"a very long name misspelt":   "[" + strings.Repeat("a", 4000) + "] when " + strings.Repeat("a", 4001),
	"many variables, one unbound": "[" + manyNames(1200) + "] when v99999",
}

func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("v", i)
	}
	return strings.Join(names, ",")
}

func TestHostilePatternsAreRefusedAtOnce(t *testing.T) {
	for name, source := range hostile {
		t.Run(name, func(t *testing.T) {
			least := cputime.Least(5, func() {
				if _, err := Compile(source); err == nil {
					t.Fatal("compiles")
				} else if len(err.Error()) > 1000 {
					t.Fatalf("an error of %d bytes", len(err.Error()))
				}
			})
			if least > 10*time.Millisecond*slowness {
				t.Errorf("took %v", least)
			}
		})
	}
}

func TestLargestPatternsCompileAndMatch(t *testing.T) {
	for name, source := range map[string]string{
		"or":     "X when X == 0" + strings.Repeat(" or X == 1", 500),
		"and or": "X when X" + strings.Repeat(" and X or X", 500),
		"sum":    "X when X" + strings.Repeat("+1", 1000) + " == 1",
		"list":   "X when X in [" + strings.Repeat("7,", 2000) + "1]",
		"index":  "X when X" + strings.Repeat("[0]", 1000) + " == 1",
		"when":   "X" + strings.Repeat(" when X == 7", MaxGuards),
		"both":   "X" + strings.Repeat(" = X", 1000),
		"items":  "[" + manyNames(1200) + "]",
		"depth":  strings.Repeat("[", MaxDepth-1) + "X" + strings.Repeat("]", MaxDepth-1),
		"nots":   "X when " + strings.Repeat("not ", MaxDepth-1) + "X",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			p := compiled(t, source)
			t.Log("compiled in", time.Since(start), "to", len(p.GuardSource()), "bytes")
			if again := compiled(t, p.String()); again.String() != p.String() {
				t.Error("is not what it is printed as")
			}
			if r := p.Match(1.0, nil); r.Failure != nil {
				t.Error(r.Failure)
			}
			p.Explain(1.0, nil)
		})
	}
}

func TestMatchGivesUpOnTooMuchWork(t *testing.T) {
	large := make([]any, 2*MaxSteps)
	text := strings.Repeat("x", 128*MaxSteps)
	for name, c := range map[string]struct {
		pattern string
		message any
	}{
		"in the pattern":        {`[A, A]`, []any{large, large}},
		"in a guard":            {`X when X == X`, large},
		"comparing":             {`X when X >= X`, large},
		"in a list":             {`X when X in [X]`, large},
		"strings":               {`X when X == X`, text},
		"searching":             {`X when contains(X, "y")`, text},
		"joining":               {`X when [1 | X] == 1`, large},
		"little, but too often": {`X when ` + strings.Repeat("X == X and ", 500) + "true", make([]any, 500)},
	} {
		t.Run(name, func(t *testing.T) {
			r := compiled(t, c.pattern).Match(c.message, nil)
			if r.Matched || !errors.Is(r.Failure, ErrTooMuchWork) {
				t.Error(r.Matched, r.Failure)
			}
		})
	}
}
