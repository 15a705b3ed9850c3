package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// rulesOf makes rules that are tried before the bundled ones.
func rulesOf(t testing.TB, rules ...string) *Rules {
	t.Helper()
	all := DefaultRules()
	for i, text := range rules {
		verdict, source, _ := strings.Cut(text, " ")
		v, err := acl.ParseVerdict(verdict)
		if err != nil {
			t.Fatal(err)
		}
		p, err := acl.Compile(source)
		if err != nil {
			t.Fatal(err)
		}
		all.Own = append(all.Own, &acl.Rule{ID: fmt.Sprint("own", i+1), Verdict: v, Pattern: p, Origin: "test"})
	}
	return &all
}

// seedRule is the example of the protocol's reference, as it stands there.
const seedRule = `deny [
    "interaction", // match exactly on provided value for first field
    "request",
    SourceEntity,  // bare words become variables
    "place",
    _,             // underscore means unused variable = ignored value
    [
      "announce",
      ["identity", Identity],
      _
    ]
  ] where Identity["name"] == "harry" `

const realRule = `deny ["interaction", "request", _, "place", _, ["announce", "version", _, "identity", Who | _]]
	where Who["display_name"] == "harry"`

func TestARuleKeepsHarryOut(t *testing.T) {
	seed := func(name string) string { return `["announce",["identity",{"name":"` + name + `"}],{}]` }
	real := func(version int) func(string) string {
		return func(name string) string {
			return fmt.Sprintf(`["announce","version",%d,"identity",{"display_name":%q},"spawn_avatar",{}]`, version, name)
		}
	}
	for name, c := range map[string]struct {
		rule string
		body func(name string) string
		own  bool // the denial is a message of its own
	}{
		"in the seed's shape": {seedRule, seed, true},
		"by the seed's rule in our shape": {seedRule, func(name string) string {
			return `["announce","version",1,"identity",{"name":"` + name + `"},"spawn_avatar",{}]`
		}, true},
		"with more than belongs there": {seedRule, func(name string) string {
			return `["announce",["identity",{"name":"` + name + `"}],{},["x",1]]`
		}, true},
		"version 1": {realRule, real(1), true},
		"version 2": {realRule, real(2), true},
		"version 3": {realRule, real(3), false},
		"version 4": {realRule, real(4), false},
		"in another order": {realRule, func(name string) string {
			return `["announce","identity",{"display_name":"` + name + `"},"spawn_avatar",{},"version",4]`
		}, false},
		"in the seed's shape, by the usual rule": {realRule, func(name string) string {
			return `["announce",["identity",{"display_name":"` + name + `"}],{}]`
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Rules: rulesOf(t, c.rule)}, func(r *rig) {
				sally := r.dial()
				sally.command(asked("hi", c.body("sally")))
				if got := sally.answer("hi"); got[1] == "error" {
					t.Errorf("sally is answered %v", got)
				}
				harry := r.dial()
				harry.command(asked("hi", c.body("harry")))
				time.Sleep(100 * time.Millisecond)
				got := harry.interactions()
				switch {
				case c.own && (len(got) != 0 || len(harry.denied) != 1 || !strings.Contains(harry.denied[0], c.body("harry")+`],["deny","`)):
					t.Errorf("harry is answered %+v, %s", got, harry.denied)
				case !c.own && (len(got) != 1 || !strings.HasPrefix(string(got[0].Body), `["announce","error",1103,"denied by rule own1 (test)"`)):
					t.Errorf("harry is answered %+v, %s", got, harry.denied)
				}
				if code, gone := harry.disconnected(); !gone || code != netcode.CodeDenied {
					t.Errorf("disconnected %v with %d", gone, code)
				}
				if n := len(r.entities()); n != 2 {
					t.Errorf("%d entities, want the place and sally", n)
				}
			})
		})
	}
}

func TestWhatARuleDeniesIsNotCarriedAndToldInTheSendersWay(t *testing.T) {
	rules := rulesOf(t, `deny ["interaction", _, _, _, _, ["secret" | _]]`)
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		for _, typ := range []string{"request", "oneway", "one-way", "publication"} {
			t.Run(fmt.Sprint(version, typ), func(t *testing.T) {
				inPlace(t, Config{Rules: rules}, func(r *rig) {
					p, other := r.join(version, `{}`), r.join(4, `{}`)
					other.compare(`["subscribe","_"]`, `["subscribe","sub1"]`)
					to, id := other.avatar, ""
					switch typ {
					case "publication":
						to = ""
					case "request":
						id = "q"
					}
					p.command(interaction(typ, p.avatar, to, id, `["secret",1]`))
					other.wait()
					if got := other.interactions(); len(got) != 0 {
						t.Errorf("it arrived: %+v", got)
					}
					denial := fmt.Sprintf(`["interaction_denied",%s,["deny","[\"interaction\", _, _, _, _, [\"secret\" | _]]"]]`,
						interaction(typ, p.avatar, to, id, `["secret",1]`))
					var told []string
					for _, i := range p.interactions() {
						told = append(told, string(i.Body))
					}
					told = append(told, p.denied...)
					want := []string{denial}
					if version >= 3 && typ != "request" {
						want = nil
					}
					if fmt.Sprint(told) != fmt.Sprint(want) {
						t.Errorf("told %s, want %s", told, want)
					}
				})
			})
		}
	}
}

func TestADeniedResponseIsAnsweredByThePlace(t *testing.T) {
	inPlace(t, Config{Rules: rulesOf(t, `deny ["interaction", "response", _, _, _, ["poke", "rude"]]`)}, func(r *rig) {
		asker, asked := r.join(4, `{}`), r.join(4, `{}`)
		asker.command(interaction("request", "", asked.avatar, "q", `["poke",true]`))
		asked.command(interaction("response", "", asker.avatar, "q", `["poke","rude"]`))
		asker.wait()
		if got, want := asker.raw("q"), `["poke","error","the answer was denied"]`; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	})
}

func TestChangeACL(t *testing.T) {
	const shape = `["change_acl","error","want \"add\" and a list of [\"allow\" or \"deny\", pattern], \"remove\" and a list of rule ids"]`
	c := conformance{verb: "change_acl", cfg: Config{Rules: &Rules{Verdict: acl.Allow}, Limits: Limits{Rules: 3}},
		bad: [][2]string{
			{`["change_acl"]`, shape},
			{`["change_acl","add"]`, shape},
			{`["change_acl","add",7]`, shape},
			{`["change_acl","add",[["forbid","_"]]]`, shape},
			{`["change_acl","add",[["deny"]]]`, shape},
			{`["change_acl","add",[["deny",7]]]`, shape},
			{`["change_acl","add",[],"remove",7]`, shape},
			{`["change_acl","add",[],"forget",[]]`, shape},
			{`["change_acl","add",[["deny","_"]],"remove",["rule9"]]`, `["change_acl","failed","there is no rule \"rule9\""]`},
			{`["change_acl","add",[["allow","_"],["deny","["]]]`,
				`["change_acl","failed","add[1]:1:2: expected a pattern, not the end\n | [\n | .^"]`},
			{`["change_acl","add",[["allow","_"],["allow","_"],["allow","_"],["allow","_"]]]`, `["change_acl","failed","the place takes 3 rules at run time"]`},
		},
		good: [][2]string{
			{`["change_acl","add",[["allow","  _ "],["deny","[\"interaction\",_,_,_,_,[\"fly\"|_]]"]],"remove",[]]`, `["change_acl","ok",["rule1","rule2"]]`},
			{`["list_acl"]`, `["list_acl","ok",[["rule1","allow","_","change_acl by peer",0],["rule2","deny","[\"interaction\", _, _, _, _, [\"fly\" | _]]","change_acl by peer",0]]]`},
			{`["fly"]`, `["fly","error","the place does not know \"fly\""]`},
			{`["change_acl","remove",["rule1"]]`, `["change_acl","ok",[]]`},
			{`["fly"]`, `["interaction_denied",["interaction","request","AVATAR","place","REQUEST",["fly"]],["deny","[\"interaction\", _, _, _, _, [\"fly\" | _]]"]]`},
			{`["change_acl","add",{},"remove",["rule2"]]`, `["change_acl","ok",[]]`},
			{`["list_acl"]`, `["list_acl","ok",[]]`},
			{`["list_acl",1]`, `["list_acl","error","want nothing but the verb"]`},
		},
	}
	c.run(t)
	own := conformance{verb: "change_acl", cfg: Config{Rules: rulesOf(t, `allow ["interaction", "request", _, "place", _, ["change_acl" | _]]`)},
		bad: [][2]string{
			{`["change_acl","remove",["own1"]]`, `["change_acl","failed","rule \"own1\" is the place's own (test): it can be overruled, but not removed"]`},
		},
		good: [][2]string{
			{`["change_acl","add",[["deny","[_,_,_,_,_,[\"change_acl\"|_]]"]]]`, `["change_acl","ok",["rule1"]]`},
			{`["change_acl","remove",["rule1"]]`,
				`["interaction_denied",["interaction","request","AVATAR","place","REQUEST",["change_acl","remove",["rule1"]]],["deny","[_, _, _, _, _, [\"change_acl\" | _]]"]]`},
		},
	}
	own.run(t)
}

func TestSubscribe(t *testing.T) {
	c := conformance{verb: "subscribe", cfg: Config{Limits: Limits{Subscriptions: 2}},
		bad: [][2]string{
			{`["subscribe"]`, `["subscribe","error","want a pattern"]`},
			{`["subscribe",7]`, `["subscribe","error","want a pattern"]`},
			{`["subscribe","_","_"]`, `["subscribe","error","want a pattern"]`},
			{`["subscribe","["]`, `["subscribe","failed","pattern:1:2: expected a pattern, not the end\n | [\n | .^"]`},
			{`["unsubscribe"]`, `["unsubscribe","error","want a subscription id"]`},
			{`["unsubscribe",7]`, `["unsubscribe","error","want a subscription id"]`},
			{`["unsubscribe","sub1"]`, `["unsubscribe","not_subscribed"]`},
		},
		good: [][2]string{
			{`["subscribe","_"]`, `["subscribe","sub1"]`},
			{`["subscribe","[\"news\" | _]"]`, `["subscribe","sub2"]`},
			{`["subscribe","_"]`, `["subscribe","failed","you have 2 subscriptions already"]`},
			{`["unsubscribe","sub1"]`, `["unsubscribe","ok"]`},
			{`["unsubscribe","sub1"]`, `["unsubscribe","not_subscribed"]`},
			{`["subscribe","_"]`, `["subscribe","sub3"]`},
		},
	}
	c.run(t)
}

func TestPublicationsGoToWhoeverSubscribedAndToNobodyElse(t *testing.T) {
	const nevyns = `["subscribe","[\"new_tweet\", Sender, _] when Sender == \"nevyn\""]`
	inPlace(t, Config{}, func(r *rig) {
		fan, twice, other, author := r.join(1, `{}`), r.join(4, `{}`), r.join(4, `{}`), r.join(3, `{}`)
		fan.compare(nevyns, `["subscribe","sub1"]`)
		twice.compare(nevyns, `["subscribe","sub2"]`)
		twice.compare(`["subscribe","[\"new_tweet\" | _]"]`, `["subscribe","sub3"]`)
		say := func(body string) { author.command(interaction("publication", "", "", "", body)); fan.wait() }
		heard := func(p *peer) string {
			var all []string
			for _, i := range p.interactions() {
				if i.Type != "publication" || i.From != author.avatar || i.To != "" || i.RequestID != "" {
					t.Errorf("got %+v", i)
				}
				all = append(all, string(i.Body))
			}
			return strings.Join(all, ";")
		}
		say(`["new_tweet", "nevyn","hi"]`)
		say(`["new_tweet","harry","hello"]`)
		say(`["new_tweet",7]`)
		if got := heard(fan); got != `["new_tweet", "nevyn","hi"]` {
			t.Errorf("nevyn's fan heard %s", got)
		}
		if got := heard(twice); got != `["new_tweet", "nevyn","hi"];["new_tweet","harry","hello"];["new_tweet",7]` {
			t.Errorf("who has two subscriptions heard %s", got)
		}
		if got := heard(other) + heard(author); got != "" {
			t.Errorf("others heard %s", got)
		}
		fan.close()
		twice.compare(`["unsubscribe","sub3"]`, `["unsubscribe","ok"]`)
		say(`["new_tweet","harry","again"]`)
		if got := heard(twice); got != "" {
			t.Errorf("heard %s after it unsubscribed", got)
		}
		if n := r.place.news.Len(); n != 1 {
			t.Errorf("%d subscriptions are left, want 1", n)
		}
	})
}

func TestHostsPublishAndSubscribe(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.join(4, `{}`)
		p.compare(`["subscribe","[\"weather\" | _]"]`, `["subscribe","sub1"]`)
		heard := make(chan string, 9)
		var id string
		err := r.place.Do(func(t *Turn) (err error) {
			if id, err = t.Subscribe(`["vote", N] when N > 1`, func(_ *Turn, from string, body []any) {
				heard <- fmt.Sprint(from == p.avatar, body)
			}); err != nil {
				return err
			}
			return t.Publish(PlaceID, "weather", "rain", 2)
		})
		if err != nil {
			t.Fatal(err)
		}
		p.wait()
		if got := p.interactions(); len(got) != 1 || string(got[0].Body) != `["weather","rain",2]` || got[0].From != PlaceID {
			t.Errorf("heard %+v", got)
		}
		p.command(interaction("publication", "", "", "", `["vote",1]`))
		p.command(interaction("publication", "", "", "", `["vote",2]`))
		if got := <-heard; got != "true [vote 2]" || len(heard) != 0 {
			t.Errorf("the host heard %s and %d more", got, len(heard))
		}
		_ = r.place.Do(func(turn *Turn) error {
			if !turn.Unsubscribe(id) || turn.Unsubscribe(id) {
				t.Error("not unsubscribed once")
			}
			if _, err := turn.Subscribe("[", nil); err == nil {
				t.Error("subscribed to what is no pattern")
			}
			if err := turn.Publish(p.avatar, "weather"); !errors.Is(err, ErrNoEntity) {
				t.Errorf("published for an agent: %v", err)
			}
			return nil
		})
	})
}

func TestARuleThatCannotBeTriedDeniesAndTheLogNamesIt(t *testing.T) {
	rule := `allow ["interaction", "request", _, _, _, ["same", X, Y]] when X == Y and X == Y and X == Y`
	inPlace(t, Config{Rules: rulesOf(t, rule)}, func(r *rig) {
		p := r.join(4, `{}`)
		p.compare(`["same",[1],[1]]`, `["same","error","the place does not know \"same\""]`)
		list := "[" + strings.Repeat("1,", acl.MaxSteps/2) + "1]"
		p.command(interaction("request", "", PlaceID, "q", `["same",`+list+`,`+list+`]`))
		got := p.raw("q")
		if !strings.HasPrefix(got, `["interaction_denied",`) || !strings.Contains(got, "rule own1 (test) could not be tried: "+acl.ErrTooMuchWork.Error()) {
			t.Errorf("answered …%s", got[max(0, len(got)-300):])
		}
		if r.logs.find("access rule could not be tried") == "" {
			t.Error("the log does not tell")
		}
	})
}

// TestRulesChangeAThousandTimesASecondUnderTraffic swaps two lists that deny nothing by
// default only because each has an answer for every number: a decision by anything but
// one whole list would show.
func TestRulesChangeAThousandTimesASecondUnderTraffic(t *testing.T) {
	even := `["interaction", "request", _, "place", _, ["ask", N]] when rem(N, 2) == 0`
	odd := `["interaction", "request", _, "place", _, ["ask", N]] when rem(N, 2) == 1`
	lists := [2]*Rules{rulesOf(t, "deny "+even, "allow "+odd), rulesOf(t, "allow "+even, "deny "+odd)}
	for _, l := range lists {
		l.Verdict = acl.Deny
	}
	start := *lists[0]
	start.Own = append(slices.Clone(start.Own), rulesOf(t, `allow ["interaction", "request", _, "place", _, ["announce" | _]]`).Own...)
	for _, l := range lists {
		l.Own = append(l.Own, start.Own[2])
	}
	inPlace(t, Config{Rules: &start}, func(r *rig) {
		var peers []*peer
		for version := netcode.MinVersion + 2; version <= netcode.MaxVersion; version++ {
			peers = append(peers, r.join(version, `{}`))
		}
		var changes sync.WaitGroup
		changes.Go(func() {
			for i := range 1000 {
				_ = r.place.Do(func(turn *Turn) error {
					turn.SetRules(*lists[i%2])
					return nil
				})
				time.Sleep(time.Millisecond)
			}
		})
		const each = 500
		for n := range each {
			for _, p := range peers {
				p.send(netcode.CommandChannel, true, interaction("request", "", PlaceID, fmt.Sprint(n), fmt.Sprintf(`["ask",%d]`, n)))
			}
			time.Sleep(2 * time.Millisecond)
		}
		changes.Wait()
		time.Sleep(50 * time.Millisecond)
		for _, p := range peers {
			answers, allowed := p.interactions(), 0
			if len(answers) != each {
				t.Errorf("%d answers to %d requests", len(answers), each)
			}
			for _, i := range answers {
				body := string(i.Body)
				if body == `["ask","error","the place does not know \"ask\""]` {
					allowed++
				} else if n, _ := strconv.Atoi(i.RequestID); !strings.Contains(body, fmt.Sprintf(`when rem(N, 2) == %d"]`, n%2)) {
					t.Errorf("%d is denied by %s", n, body)
				}
			}
			if allowed < each/10 || allowed > each*9/10 {
				t.Errorf("%d of %d were allowed: the lists did not take turns", allowed, each)
			}
		}
	})
}

func TestGuardsOfSubscriptionsSeeOnlyTheNamesOfAgents(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.dial()
		p.command(asked("hi", `["announce","version",4,"identity",{"display_name":"ann","secret":"s"},"spawn_avatar",{}]`))
		p.avatar = p.answer("hi")[1].(string)
		p.compare(`["subscribe","[_, E] when identity(E)[\"secret\"] != nil or offered(E, E)"]`, `["subscribe","sub1"]`)
		p.command(interaction("publication", "", "", "", `["who","`+p.avatar+`"]`))
		if got := p.interactions(); len(got) != 0 {
			t.Errorf("a guard has read a secret: %+v", got)
		}
		p.compare(`["subscribe","[_, E] when identity(E)[\"display_name\"] == \"ann\""]`, `["subscribe","sub2"]`)
		p.command(interaction("publication", "", "", "", `["who","`+p.avatar+`"]`))
		if got := p.interactions(); len(got) != 1 {
			t.Errorf("heard %+v, want the publication", got)
		}
	})
}
