package acl

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func idsOf(s *Subscriptions, body any, env Env) string {
	var ids []string
	for sub := range s.Each(body, env, nil) {
		ids = append(ids, sub.ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func TestPublicationsGoToWhomTheyMatch(t *testing.T) {
	var s Subscriptions
	for id, pattern := range map[string]string{
		"all":      `_`,
		"nevyn":    `["new_tweet", Sender, _] when Sender == "nevyn"`,
		"other":    `["new_tweet", Sender, _] when Sender != "nevyn"`,
		"literal":  `["new_tweet", "nevyn", _]`,
		"first":    `[Verb | _] when Verb == "new_tweet"`,
		"error":    `["new_tweet", Sender | _] when Sender + 1 == 2`,
		"either":   `["new_tweet", Sender | _] when Sender == "nevyn" when Sender == "ann"`,
		"map":      `%{"verb" => "new_tweet"}`,
		"hopeless": `["new_tweet" | _] = ["old_tweet" | _]`,
	} {
		s.Add(Subscription{ID: id, Owner: "o-" + id, Pattern: compiled(t, pattern)})
	}
	for name, c := range map[string]struct {
		body any
		want string
	}{
		"nevyn's":       {[]any{"new_tweet", "nevyn", "hi"}, "all either first literal nevyn"},
		"ann's":         {[]any{"new_tweet", "ann", "hi"}, "all either first other"},
		"a number's":    {[]any{"new_tweet", 1.0, "hi"}, "all error first other"},
		"another verb":  {[]any{"old_tweet", "nevyn", "hi"}, "all"},
		"a short one":   {[]any{"new_tweet"}, "all first"},
		"an empty one":  {[]any{}, "all"},
		"one of number": {[]any{1.0, "nevyn"}, "all"},
		"a map":         {map[string]any{"verb": "new_tweet"}, "all map"},
	} {
		if got := idsOf(&s, c.body, nil); got != c.want {
			t.Errorf("%s goes to %q, want %q", name, got, c.want)
		}
	}
	if sub, ok := s.Get("nevyn"); !ok || sub.Owner != "o-nevyn" {
		t.Error(sub, ok)
	}
}

func TestSubscriptionsAreReplacedAndRemoved(t *testing.T) {
	var s Subscriptions
	s.Add(Subscription{ID: "1", Pattern: compiled(t, `["a", X] when X == "x"`)})
	s.Add(Subscription{ID: "2", Pattern: compiled(t, `["a" | _]`)})
	s.Add(Subscription{ID: "1", Pattern: compiled(t, `["b" | _]`)})
	if got := idsOf(&s, []any{"a", "x"}, nil); got != "2" {
		t.Errorf("a goes to %q", got)
	}
	if got := idsOf(&s, []any{"b"}, nil); got != "1" {
		t.Errorf("b goes to %q", got)
	}
	if !s.Remove("1") || s.Remove("1") || s.Remove("3") || s.Len() != 1 {
		t.Error("removed what is not there, or not what is")
	}
	if _, ok := s.Get("1"); ok || idsOf(&s, []any{"b"}, nil) != "" {
		t.Error("what is removed still matches")
	}
	s.Remove("2")
	if len(s.verbs) != 0 || s.Len() != 0 {
		t.Error("something is left")
	}
}

func TestFailuresOfSubscriptionsAreTold(t *testing.T) {
	var s Subscriptions
	s.Add(Subscription{ID: "1", Pattern: compiled(t, `["a", X] when owner(X) == nil`)})
	s.Add(Subscription{ID: "2", Pattern: compiled(t, `["a" | _]`)})
	var told []string
	n := 0
	for range s.Each([]any{"a", "x"}, nil, func(sub Subscription, err error) {
		told = append(told, sub.ID)
		if !errors.Is(err, ErrNoEnv) {
			t.Error(err)
		}
	}) {
		n++
	}
	if n != 1 || fmt.Sprint(told) != "[1]" {
		t.Error(n, told)
	}
}

func randomSubscription(r *rand.Rand) string {
	pattern := fmt.Sprintf(`[%s, %s, %s%s]`, anyOf(r, `"a"`, `"b"`, `V`, `_`), anyOf(r, `"x"`, `"y"`, `X`, `_`, `["x"]`), anyOf(r, `Y`, `"x"`, `1`), anyOf(r, "", " | _", ` | ["z"]`))
	guard := ""
	if strings.Contains(pattern, "X") {
		guard = anyOf(r, "", ` when X == "x"`, ` when is_binary(X) and "y" === X`, ` when X == "x" or X == "y"`, ` when not (X == "x")`, ` when X + 1 == 2 and X == "x"`, ` when X == "x" when X == "y"`)
	}
	return anyOf(r, pattern+guard, pattern+guard, pattern+guard, `_`, `["a" | _] = [_, "x" | _]`, `["a" | [X, Y]] when Y == "x"`)
}

func TestIndexFindsTheSubscriptionsThatTryingAllDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		var s Subscriptions
		all := map[string]*Pattern{}
		for i := range 60 {
			id := fmt.Sprint(i)
			all[id] = compiled(t, randomSubscription(r))
			s.Add(Subscription{ID: id, Pattern: all[id]})
		}
		for i := range 20 {
			id := fmt.Sprint(3 * i)
			delete(all, id)
			s.Remove(id)
		}
		for range 50 {
			body := []any{anyOf(r, "a", "b", "c"), anyOf(r, "x", "y", "q"), anyOf(r, "x", "y"), "z"}[:1+r.IntN(4)]
			if i := r.IntN(10); i < len(body) {
				body[i] = 1.0
			}
			var want []string
			for id, p := range all {
				if p.Match(body, nil).Matched {
					want = append(want, id)
				}
			}
			slices.Sort(want)
			if got := idsOf(&s, body, nil); got != strings.Join(want, " ") {
				t.Fatalf("%v goes to %s, want %s", body, got, want)
			}
		}
	}
}
