package acl

import (
	"fmt"
	"testing"
)

func interaction(kind, from, to string, body ...any) []any {
	return []any{"interaction", kind, from, to, "7", body}
}

const denyHarry = `["interaction", "request", From, "place", _,
	["announce", "version", _, "identity", Who | _]] when Who["display_name"] == "harry"`

func BenchmarkPatternWithoutGuard(b *testing.B) {
	p := compiled(b, `["interaction", "request", From, "place", _, ["change_components", E | _]]`)
	var message any = interaction("request", "a1", "place", "change_components", "e1", "add_or_change", map[string]any{})
	b.ReportAllocs()
	for b.Loop() {
		if !p.Match(message, nil).Matched {
			b.Fatal("no match")
		}
	}
}

func BenchmarkPatternWithGuard(b *testing.B) {
	p := compiled(b, denyHarry)
	var message any = interaction("request", "a1", "place", "announce", "version", 3.0,
		"identity", map[string]any{"display_name": "harry"}, "spawn_avatar", map[string]any{})
	b.ReportAllocs()
	for b.Loop() {
		if !p.Match(message, nil).Matched {
			b.Fatal("no match")
		}
	}
}

func BenchmarkPatternWithGuardThatAsks(b *testing.B) {
	p := compiled(b, `["interaction", "request", From, "place", _, ["remove_entity", E | _]] when owner(E) != nil and not owns(From, E)`)
	var message any = interaction("request", "a1", "place", "remove_entity", "e2")
	b.ReportAllocs()
	for b.Loop() {
		if !p.Match(message, town).Matched {
			b.Fatal("no match")
		}
	}
}

func BenchmarkGuardError(b *testing.B) {
	p := compiled(b, `[X] when X + 1 == 2`)
	var message any = []any{"text"}
	b.ReportAllocs()
	for b.Loop() {
		if p.Match(message, nil).GuardError == nil {
			b.Fatal("no error")
		}
	}
}

// benchmarkDecision decides among a thousand rules of which the last fits. One in
// wild, if that is not 0, leaves type, receiver and verb open.
func benchmarkDecision(b *testing.B, wild int, open string) {
	var rules []*Rule
	for i := range 1000 {
		source := fmt.Sprintf(`["interaction", "request", _, "place", _, ["verb%d" | _]]`, i)
		if wild != 0 && i%wild == 0 {
			source = fmt.Sprintf(open, i)
		}
		rules = append(rules, &Rule{ID: fmt.Sprint(i), Verdict: Deny, Pattern: compiled(b, source)})
	}
	list := NewList(Allow, rules...)
	message := interaction("request", "a1", "place", "verb999", "x")
	b.ReportAllocs()
	for b.Loop() {
		if list.Decide(message, nil).Verdict != Deny {
			b.Fatal("allowed")
		}
	}
}

func BenchmarkDecisionAmong1000(b *testing.B) { benchmarkDecision(b, 0, "") }

func BenchmarkDecisionAmong1000WithSenders(b *testing.B) {
	benchmarkDecision(b, 5, `["interaction", _, "agent%d", _, _, _]`)
}

func BenchmarkDecisionAmong1000WithBodies(b *testing.B) {
	benchmarkDecision(b, 5, `["interaction", _, _, _, _, [_, "thing%d" | _]]`)
}

func BenchmarkDecisionAmong1000WithGuards(b *testing.B) {
	benchmarkDecision(b, 5, `["interaction", _, From, _, _, _] when From == "agent%d"`)
}

// benchmarkPublication publishes to 10,000 subscriptions of which 10 match.
func benchmarkPublication(b *testing.B, pattern func(i int) string, body ...any) {
	var s Subscriptions
	for i := range 10_000 {
		s.Add(Subscription{ID: fmt.Sprint(i), Pattern: compiled(b, pattern(i))})
	}
	var message any = body
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for range s.Each(message, nil, nil) {
			n++
		}
		if n != 10 {
			b.Fatal(n, "match")
		}
	}
}

func BenchmarkPublicationWhereVerbsDiffer(b *testing.B) {
	benchmarkPublication(b, func(i int) string {
		return fmt.Sprintf(`["verb%d", Sender, _]`, i/10)
	}, "verb77", "nevyn", "hi")
}

func BenchmarkPublicationWhereGuardsDiffer(b *testing.B) {
	benchmarkPublication(b, func(i int) string {
		return fmt.Sprintf(`["new_tweet", Sender, _] when Sender == "user%d"`, i/10)
	}, "new_tweet", "user77", "hi")
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(denyHarry); err != nil {
			b.Fatal(err)
		}
	}
}
