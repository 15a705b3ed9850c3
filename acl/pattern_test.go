package acl

import (
	"fmt"
	"reflect"
	"testing"
)

func TestMatchingWithoutGuardAllocatesNothing(t *testing.T) {
	for _, c := range []struct {
		pattern string
		message any
	}{
		{`["interaction", "request", From, "place", _, ["change_components", E | _]]`, interaction("request", "a1", "place", "change_components", "e1", 1.0)},
		{`[A, %{"a" => A, "b" => [B, B | Rest]} | More]`, []any{"x", map[string]any{"a": "x", "b": []any{1.0, 1.0, nil}}, 2.0}},
		{`["pre" <> Rest, 1.5, true, nil]`, []any{"prefix", 1.5, true, nil}},
		{`[A, B, C, D, E, F, G, H, I, J]`, []any{1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0}},
	} {
		p := compiled(t, c.pattern)
		if !p.Match(c.message, nil).Matched {
			t.Fatalf("%s does not match", c.pattern)
		}
		if n := testing.AllocsPerRun(100, func() { p.Match(c.message, nil) }); n != 0 {
			t.Errorf("%s: %v allocations", c.pattern, n)
		}
	}
}

func TestBindingsAreOfEveryVariable(t *testing.T) {
	p := compiled(t, `["a" <> End, [First, First | Rest] = All, %{"k" => V}, _, _skipped | _]`)
	message := []any{"abc", []any{1.0, 1.0, "x"}, map[string]any{"k": nil}, 4.0, 5.0, 6.0}
	r := p.Match(message, nil)
	want := map[string]any{"End": "bc", "First": 1.0, "Rest": []any{"x"}, "All": message[1], "V": nil}
	if got := r.Bindings(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := fmt.Sprint(p.Variables()); got != "[End First Rest All V]" {
		t.Error(got)
	}
	if r := p.Match(nil, nil); r.Bindings() != nil {
		t.Error("bindings without a match")
	}
	if (Result{}).Bindings() != nil {
		t.Error("bindings of nothing")
	}
}

func TestMoreVariablesThanFewMatchToo(t *testing.T) {
	p := compiled(t, `[A, B, C, D, E, F, G, H, I, J, A, B, C, D, E, F, G, H, I, J] when A + J == 11 and B + I == 11`)
	var message []any
	for i := range 20 {
		message = append(message, float64(i%10+1))
	}
	if r := p.Match(message, nil); !r.Matched || r.Bindings()["J"] != 10.0 {
		t.Error(r)
	}
	message[19] = 9.0
	if p.Match(message, nil).Matched {
		t.Error("matches where a variable has two values")
	}
}

func TestValuesThatJSONHasNotMatchVariablesOnly(t *testing.T) {
	message := []any{1, []string{"a"}}
	if !compiled(t, `[A, _]`).Match(message, nil).Matched {
		t.Error("do not match variables")
	}
	for _, pattern := range []string{`[1, _]`, `[_, ["a"]]`, `[A, _] when A == 1`, `[A, _] when A + 1 == 2`, `[A, A]`} {
		if compiled(t, pattern).Match(message, nil).Matched {
			t.Errorf("match %s", pattern)
		}
	}
}

func TestPatternsAreSharedByGoroutines(t *testing.T) {
	p := compiled(t, `[A, B] when A + 1 == B`)
	done := make(chan bool)
	for g := range 4 {
		go func() {
			ok := true
			for i := range 500 {
				n := float64(g*1000 + i)
				ok = ok && p.Match([]any{n, n + 1}, nil).Matched && !p.Match([]any{n, n}, nil).Matched
			}
			done <- ok
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("goroutines disturb each other")
		}
	}
}
