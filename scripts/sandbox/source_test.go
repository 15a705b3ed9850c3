package sandbox

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/cputime"
)

func TestDeepOrLongSourcesAreRefusedAtOnce(t *testing.T) {
	many := func(text string) string { return strings.Repeat(text, 1_000_000) }
	some := func(text string) string { return strings.Repeat(text, MaxSource/len(text)-20) }
	for name, source := range map[string]string{
		"a million {":      many("{"),
		"a million (":      many("("),
		"a million not":    many("not "),
		"braces":           "x=" + some("{"),
		"parentheses":      "x=" + some("("),
		"brackets":         "x=" + some("a["),
		"not":              "x=" + some("not ") + "1",
		"minus":            "x=" + some("- ") + "1",
		"length":           "x=" + some("#") + "t",
		"mixed unary":      "x=" + some("-not(") + "1",
		"do":               some("do "),
		"while":            some("while x do "),
		"if":               some("if x then "),
		"for":              some("for i=1,2 do "),
		"repeat":           some("repeat "),
		"function":         some("function f() "),
		"after a comment":  "--[==[ ]] ]==] x=" + some("{"),
		"after a string":   `x = "\"" .. [[ " ]] .. '\'' y=` + some("("),
		"behind a bracket": "x=" + strings.Repeat("(", 150) + strings.Repeat("not ", 100),
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			var err error
			took := cputime.Least(3, func() { _, err = s.Load(source, "deep.lua") })
			if !errors.Is(err, ErrSource) || !strings.HasPrefix(err.Error(), "deep.lua:1: ") {
				t.Errorf("%.200v", err)
			}
			if took > 10*time.Millisecond {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestLongExpressionsAreRefusedAtOnce(t *testing.T) {
	for name, source := range map[string]string{
		"sum":       "x=x" + strings.Repeat("+1", 20000),
		"power":     "x=x" + strings.Repeat("^1", 20000),
		"concat":    "x=x" + strings.Repeat(" .. 1", 20000),
		"and":       "x=x" + strings.Repeat(" and 1", 20000),
		"compare":   "x=x" + strings.Repeat("<1", 20000),
		"fields":    "x=x" + strings.Repeat(".x", 20000),
		"calls":     "x=x" + strings.Repeat("()", 20000),
		"methods":   "x=x" + strings.Repeat(":x()", 20000),
		"elseif":    "if x then " + strings.Repeat("elseif x then ", 20000) + "end",
		"functions": "function f" + strings.Repeat(".x", 20000) + "() end",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newState(t, Config{}).Load(source, "long.lua"); !errors.Is(err, ErrSource) {
				t.Errorf("%.200v", err)
			}
		})
	}
}

func TestManyConstantsDoNotHoldUpTheCompiler(t *testing.T) {
	numbered := func(text string, from, to int) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			b.WriteString(strings.ReplaceAll(text, "#", strconv.Itoa(i)))
		}
		return b.String()
	}
	for name, source := range map[string]string{
		"numbers":    "x={" + numbered("#,", 0, 40_000) + "}",
		"texts":      "x={" + numbered("'#',", 0, 20_000) + "}",
		"names":      numbered("a#=1 ", 0, 20_000),
		"fields":     numbered("x.a#=1 ", 0, 20_000),
		"methods":    numbered("x:a#() ", 0, 20_000),
		"one last":   numbered("a#=1 ", 0, 5_000) + strings.Repeat("a4999=1 ", 10_000),
		"functions":  strings.Repeat("f=function() x={"+numbered("#,", 0, 2_000)+"} end ", 20),
		"same again": "x={" + strings.Repeat("1,'a',", 40_000) + "}",
		"many small": strings.Repeat("f=function() return a.b+1 end ", 5_000),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newState(t, Config{}).Load(source, "many.lua"); err != nil {
				t.Errorf("%.200v", err)
			}
		})
	}
}

func TestFunctionOfTooManyUpvaluesIsRefused(t *testing.T) {
	source := func(each int) string {
		var outer, inner strings.Builder
		for i := range each {
			fmt.Fprintf(&outer, "local a%d = 1 ", i)
			fmt.Fprintf(&inner, "local b%d = 1 ", i)
		}
		source := outer.String() + "return (function() " + inner.String() + "return (function() local sum = 0 "
		for i := range each {
			source += fmt.Sprintf("sum = sum + a%d + b%d ", i, i)
		}
		return source + "return sum end)() end)()"
	}
	if got := run(t, newState(t, Config{}), source(127)); got != "254" {
		t.Errorf("with 254: %q", got)
	}
	if got := run(t, newState(t, Config{}), source(128)); !strings.Contains(got, "uses 256 locals from around it") {
		t.Errorf("with 256: %q", got)
	}
}

func TestOrdinaryDepthIsAccepted(t *testing.T) {
	for name, source := range map[string]string{
		"tables":     "x=" + strings.Repeat("{", 90) + strings.Repeat("}", 90),
		"statements": strings.Repeat("if x then y = {1} elseif z then w = (2) end ", 2000),
		"loops":      strings.Repeat("for i = 1, 2 do while x do break end end ", 2000),
		"minus":      "x = 1" + strings.Repeat("\ny = -x", 1000),
		"concat":     "x=x" + strings.Repeat(" .. 1", 150),
		"comments":   strings.Repeat("-- {{{ ((( \n--[[ {{ ]]\n", 1000),
		"strings":    "x = {" + strings.Repeat(`"{", '(', [[ { ]],`, 1000) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newState(t, Config{}).Load(source, "ordinary.lua"); err != nil {
				t.Errorf("%.200v", err)
			}
		})
	}
}
