package acl

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func rules(t testing.TB, texts ...string) []*Rule {
	t.Helper()
	all := make([]*Rule, len(texts))
	for i, text := range texts {
		word, pattern, _ := strings.Cut(text, " ")
		verdict, err := ParseVerdict(word)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = &Rule{ID: fmt.Sprint("r", i), Verdict: verdict, Pattern: compiled(t, pattern), Origin: "acl.lua"}
	}
	return all
}

func TestFirstMatchingRuleDecides(t *testing.T) {
	message := interaction("request", "a1", "place", "poke", true)
	for name, c := range map[string]struct {
		rules   []string
		verdict Verdict // the list's
		want    string
	}{
		"none":                    {nil, Allow, "allow is the default"},
		"none, in a closed place": {nil, Deny, "deny is the default"},
		"the first": {[]string{
			`deny ["interaction", "request", _, "place", _, ["poke" | _]]`,
			`allow ["interaction", "request", _, "place", _, ["poke" | _]]`,
		}, Allow, "rule r0 (acl.lua)"},
		"a wider one before": {[]string{
			`allow _`,
			`deny ["interaction", "request", _, "place", _, ["poke" | _]]`,
		}, Deny, "rule r0 (acl.lua)"},
		"a wider one behind": {[]string{
			`deny ["interaction", "request", _, "place", _, ["announce" | _]]`,
			`deny ["interaction", "request", _, "place", _, ["poke" | _]] when false`,
			`deny ["interaction", "request", "b1" | _]`,
			`deny ["interaction", _, _, "place", _, ["poke", true]]`,
			`allow _`,
		}, Allow, "rule r3 (acl.lua)"},
		"an error in a deny rule": {[]string{
			`allow X when hd(X) > 1 + "x"`,
			`deny [_, _, _, _, _, [_, X]] when X + 1 == 2`,
		}, Allow, "rule r1 (acl.lua) does not work on this message: +: not a number but true, false or nil"},
		"an error in an allow rule": {[]string{`allow [_, _, _, _, _, [_, X]] when X + 1 == 2`}, Deny, "deny is the default"},
		"an error, but not in every guard": {[]string{
			`deny [_, _, _, _, _, [_, X]] when X + 1 == 2 when X == true`,
		}, Allow, "rule r0 (acl.lua)"},
		"no error where the guard is false before": {[]string{
			`deny [_, _, From, _, _, [_, X]] when From == "b1" and X + 1 == 2`,
		}, Allow, "allow is the default"},
		"an error before the guard is false": {[]string{
			`deny [_, _, From, _, _, [_, X]] when X + 1 == 2 and From == "b1"`,
		}, Allow, "rule r0 (acl.lua) does not work on this message: +: not a number but true, false or nil"},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewList(c.verdict, rules(t, c.rules...)...).Decide(message, town)
			if d.Reason() != c.want {
				t.Errorf("%s, want %s", d.Reason(), c.want)
			}
			if d.Rule != nil && d.Verdict != d.Rule.Verdict {
				t.Error(d.Verdict)
			}
		})
	}
}

func TestFailureDeniesAndNamesTheRule(t *testing.T) {
	asleep := *town
	asleep.err = errTown
	list := NewList(Allow, rules(t, `allow ["interaction", _, From | _] when owner(From) == "ann"`, `allow _`)...)
	for name, env := range map[string]Env{"no place": nil, "an error": &asleep, "a panic": panickyTown{}} {
		d := list.Decide(interaction("request", "a1", "place", "poke", true), env)
		if d.Verdict != Deny || d.Failure == nil || d.Rule == nil || !strings.HasPrefix(d.Reason(), "rule r0 (acl.lua) could not be tried: ") {
			t.Errorf("%s: %s because of %s", name, d.Verdict, d.Reason())
		}
	}
	if d := list.Decide(interaction("request", "a1", "place", "poke", true), &asleep); !errors.Is(d.Failure, errTown) {
		t.Error(d.Failure)
	}
}

func TestRulesCountTheirHitsAndErrors(t *testing.T) {
	all := rules(t, `allow [_, _, _, _, _, [_, X]] when X + 1 == 2`, `deny [_, _, _, _, _, [_, X]] when X * 2 == 4`)
	list := NewList(Allow, all...)
	for _, x := range []any{1.0, 2.0, 2.0, 3.0, "x"} {
		list.Decide(interaction("request", "a1", "place", "poke", x), nil)
	}
	got := []uint64{all[0].Hits(), all[0].GuardErrors(), all[1].Hits(), all[1].GuardErrors()}
	if want := []uint64{1, 1, 3, 1}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("hits and errors %v, want %v", got, want)
	}
}

func TestZeroListDenies(t *testing.T) {
	if d := new(List).Decide(interaction("request", "a1", "place", "poke"), nil); d.Verdict != Deny {
		t.Error(d.Verdict)
	}
}

func TestListGivesItsRulesInOrder(t *testing.T) {
	all := rules(t, `deny ["a"]`, `allow _`, `deny ["a"]`)
	list := NewList(Allow, all...)
	got := list.Rules()
	got[0] = nil // it is a copy
	for i, r := range list.Rules() {
		if r != all[i] {
			t.Errorf("rule %d is another", i)
		}
	}
	if list.Default() != Allow {
		t.Error(list.Default())
	}
}

func TestDefaultRulesProtectEntities(t *testing.T) {
	list := NewList(Allow, rules(t,
		`deny ["interaction", "request", _, "place", _, ["kick_agent" | _]]`,
		`deny ["interaction", "request", From, "place", _, ["change_components", E | _]]
			when owner(E) != nil and not owns(From, E) and not offered(E, From)`,
		`deny ["interaction", "request", From, "place", _, ["remove_entity", E | _]]
			when owner(E) != nil and not owns(From, E)`)...)
	for name, c := range map[string]struct {
		from string
		body []any
		want Verdict
	}{
		"one's own":               {"a1", []any{"change_components", "e1"}, Allow},
		"another's":               {"a1", []any{"change_components", "e2"}, Deny},
		"another's, offered":      {"b1", []any{"change_components", "e1"}, Allow},
		"removing what's offered": {"b1", []any{"remove_entity", "e1"}, Deny},
		"the place's":             {"a1", []any{"remove_entity", "place"}, Deny},
		"nobody's":                {"a1", []any{"remove_entity", "e9"}, Allow},
		"a number for an id":      {"a1", []any{"remove_entity", 5.0}, Deny},
		"nothing for an id":       {"a1", []any{"remove_entity"}, Allow},
		"kicking":                 {"a1", []any{"kick_agent", "bob"}, Deny},
		"anything else":           {"a1", []any{"poke", true}, Allow},
	} {
		if d := list.Decide(interaction("request", c.from, "place", c.body...), town); d.Verdict != c.want {
			t.Errorf("%s: %s because of %s", name, d.Verdict, d.Reason())
		}
	}
}

// anyOf gives one of the texts.
func anyOf(r *rand.Rand, texts ...string) string { return texts[r.IntN(len(texts))] }

// randomRule gives a rule that makes use of the index in one of many ways.
func randomRule(r *rand.Rand) string {
	body := anyOf(r, `_`, `[_ | _]`, `["v1" | _]`, `["v2", X]`, `["v1", "x"]`, `Body`, `["v3" | _] = Body`, `[5 | _]`, `["v" <> _ | _]`, `%{"a" => _}`)
	pattern := fmt.Sprintf(`["interaction", %s, %s, %s, _, %s]`,
		anyOf(r, `"request"`, `"oneway"`, `_`, `Type`), anyOf(r, `"a1"`, `From`, `_`), anyOf(r, `"place"`, `"b1"`, `_`, `"pl" <> _`), body)
	pattern = anyOf(r, pattern, pattern, pattern, `_`, `["interaction" | Rest]`, `["interaction", "request" | ["a1", "place" | _]]`,
		`[_, "oneway" | _] = [_, _, _, "b1" | _]`, `"interaction"`, `["interaction", "request"]`, `[_, _, _, _, _, _, _]`)
	guard := ""
	if strings.Contains(pattern, "From") {
		guard = anyOf(r, "", ` when From == "a1"`, ` when "b1" === From and From != "x"`, ` when From + 1 == 2 and From == "a1"`, ` when From == "a1" when From == "b1"`)
	}
	return anyOf(r, "deny ", "allow ") + pattern + guard
}

func randomInteraction(r *rand.Rand) []any {
	bodies := []any{
		[]any{"v1", "x"}, []any{"v2", "x"}, []any{"v3"}, []any{"v4"}, []any{5.0}, []any{}, map[string]any{"a": 1.0}, "v1", nil,
	}
	message := []any{"interaction", anyOf(r, "request", "oneway", "other"), anyOf(r, "a1", "b1"), anyOf(r, "place", "b1", "c1"), "7", bodies[r.IntN(len(bodies))]}
	switch r.IntN(10) {
	case 0:
		return message[:r.IntN(len(message))]
	case 1:
		message[r.IntN(len(message))] = 5.0
	case 2:
		return append(message, "more")
	}
	return message
}

func TestIndexDecidesAsTryingEveryRuleDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		texts := make([]string, 1+r.IntN(40))
		for i := range texts {
			texts[i] = randomRule(r)
		}
		all := rules(t, texts...)
		list := NewList(Allow, all...)
		for range 50 {
			message := randomInteraction(r)
			want := Decision{Verdict: Allow}
			for _, rule := range all {
				if d, decided := rule.try(message, nil); decided {
					want = d
					break
				}
			}
			if got := list.Decide(message, nil); got.Rule != want.Rule || got.Verdict != want.Verdict {
				t.Fatalf("%v: %s, want %s, of\n%s", message, got.Reason(), want.Reason(), strings.Join(texts, "\n"))
			}
		}
	}
}

func TestDecisionsAreByOneWholeList(t *testing.T) {
	message := interaction("request", "a1", "place", "poke", 1.0)
	// In either list the second rule is of the verdict of the first, which never
	// matches: a decision by parts of both would show.
	lists := [2]*List{
		NewList(Deny, rules(t, `allow [_, _, _, _, _, [_, 2]]`, `allow [_, _, _, _, _, [_, X]] when X == 1`)...),
		NewList(Allow, rules(t, `deny [_, _, _, _, _, [_, 2]]`, `deny [_, _, _, _, _, [_, X]] when X == 1`)...),
	}
	var current atomic.Pointer[List]
	current.Store(lists[0])
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for range 2000 {
				list := current.Load()
				d := list.Decide(message, nil)
				if d.Rule == nil || d.Verdict == list.Default() || d.Failure != nil {
					t.Errorf("%s because of %s", d.Verdict, d.Reason())
				}
			}
		})
	}
	for i := range 1000 {
		current.Store(lists[i%2])
	}
	wait.Wait()
}
