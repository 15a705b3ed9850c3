package acl

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readme is the text of README.md with its fenced blocks in order.
type readme struct {
	text   string
	blocks []readmeBlock
}

type readmeBlock struct{ heading, language, text string }

func readReadme(t *testing.T) readme {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	r := readme{text: string(text)}
	var heading string
	var open *readmeBlock
	for line := range strings.Lines(r.text) {
		fence, fenced := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fenced && open == nil:
			open = &readmeBlock{heading: heading, language: fence}
		case fenced:
			r.blocks, open = append(r.blocks, *open), nil
		case open != nil:
			open.text += line
		case strings.HasPrefix(line, "#"):
			heading = strings.Trim(line, "# \n")
		}
	}
	return r
}

// of returns the texts of the blocks in a language by their headings.
func (r readme) of(language string) map[string][]string {
	all := map[string][]string{}
	for _, b := range r.blocks {
		if b.language == language {
			all[b.heading] = append(all[b.heading], b.text)
		}
	}
	return all
}

// readmeRules reads a block of rules, each of which begins a line with its verdict.
// A block without a verdict is a subscription: no rules.
func readmeRules(t *testing.T, block string) (rules []*Rule) {
	t.Helper()
	begins := regexp.MustCompile(`(?m)^(allow|deny) `).FindAllStringSubmatchIndex(block, -1)
	for i, at := range begins {
		end := len(block)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		verdict, err := ParseVerdict(block[at[2]:at[3]])
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, &Rule{ID: fmt.Sprint(i + 1), Verdict: verdict, Pattern: compiled(t, block[at[1]:end])})
	}
	return rules
}

// asks is a request to the place, says one to somebody else's entity.
func asks(from, body string) string { return says("request", from, "place", body) }

func says(typ, from, to, body string) string {
	return fmt.Sprintf(`["interaction",%q,%q,%q,"7",%s]`, typ, from, to, body)
}

func hangs(from, entity, parent string) string {
	return fmt.Sprintf(`["attach",%q,%s,%q]`, from, entity, parent)
}

func announces(name string) string {
	return asks("", fmt.Sprintf(`["announce","version",4,"identity",{"display_name":%q},"spawn_avatar",{}]`, name))
}

// attic is the place of the examples: nevyn moderates, ann is a member, harry is
// neither. Ann's hat is offered to nevyn, the lamp is the place's.
var attic = &testTown{
	owners: map[string]string{
		"nevyn1": "agent1", "ann1": "agent2", "hat": "agent2", "harry1": "agent3",
		"place": "place", "lamp": "place", "board": "place", "boat": "place", "note": "agent2", "rope": "agent1",
	},
	offers: map[[2]string]bool{{"hat", "agent1"}: true},
	identities: map[string]map[string]any{
		"agent1": {"display_name": "nevyn"}, "agent2": {"display_name": "ann"}, "agent3": {"display_name": "harry"},
	},
	verified: map[string]string{"agent1": "pZ2G2Q2Aek5S1N9gE1c7XyNl3bqjTzV0cXr4o0KpX9M=", "agent2": "another"},
	bound:    map[string]bool{"agent1": true},
	components: map[[2]string]map[string]any{
		{"place", "moderators"}: {"agents": []any{"agent1"}},
		{"note", "note"}:        {},
		{"boat", "seat"}:        {},
		{"rope", "leash"}:       {},
		{"place", "members"}:    {"agents": []any{"agent1", "agent2"}},
	},
}

// readmeCase is what a block denies and allows; of a subscription, what it does not
// deliver and does.
type readmeCase struct{ denied, allowed []string }

const (
	moveHat  = `["change_components","hat","add_or_change",{"relationships":{"parent":"nevyn1"}},"remove",[]]`
	carryHat = `["change_components","hat","add_or_change",{"relationships":{"parent":"nevyn1"},"transform":{}},"remove",[]]`
	paintHat = `["change_components","hat","add_or_change",{"material":{}},"remove",[]]`
	stripHat = `["change_components","hat","remove",["material"],"add_or_change",{}]`
	moveMore = `["change_components","hat","add_or_change",{"relationships":{},"material":{}},"remove",[]]`
	moveLess = `["change_components","hat","add_or_change",{"relationships":{}},"remove",["material"]]`
	keepOut  = `["change_acl","add",[["deny","[\"interaction\", \"request\", _, \"place\", _, [\"announce\" | _]]"]]]`
	openUp   = `["change_acl","add",[["allow","_"]]]`
	denyAll  = `["change_acl","add",[["deny","_"]]]`
)

// readmeCases are the messages for each block below a heading, in order.
var readmeCases = map[string][]readmeCase{
	"acl": {{
		denied:  []string{says("request", "harry1", "ann1", `["poke",true]`), says("oneway", "ann1", "place", `["poke",true]`)},
		allowed: []string{says("request", "harry1", "ann1", `["poke",false]`), says("request", "harry1", "ann1", `["poke","true"]`)},
	}},
	"Which rule decides": {{
		denied: []string{
			asks("nevyn1", openUp), asks("nevyn1", `["kick_agent","agent3"]`),
			asks("harry1", moveHat), asks("harry1", `["change_components","lamp"]`), asks("harry1", `["change_components",7]`),
			asks("nevyn1", `["remove_entity","hat"]`), asks("nevyn1", `["remove_entity","lamp","reparent"]`),
			asks("nevyn1", paintHat), asks("nevyn1", stripHat), asks("nevyn1", moveMore), asks("nevyn1", moveLess),
			hangs("harry1", `"hat"`, "ann1"), hangs("", `null`, "lamp"), hangs("ann1", `"hat"`, "place"), `["detach","ann1","lamp","ann1"]`,
		},
		allowed: []string{
			asks("ann1", moveHat), asks("nevyn1", moveHat), asks("ann1", `["remove_entity","hat"]`),
			asks("harry1", `["remove_entity","nothing"]`), asks("harry1", `["list_acl"]`), announces("harry"),
			says("oneway", "harry1", "ann1", `["kick_agent"]`), asks("nevyn1", carryHat), asks("ann1", paintHat),
			hangs("nevyn1", `null`, "hat"), `["detach","ann1","rope","ann1"]`,
		},
	}, {
		denied:  []string{says("request", "ann1", "nevyn1", `["sell",{"price":101}]`), asks("ann1", `["sell",{"price":"1"}]`), asks("ann1", `["sell"]`)},
		allowed: []string{says("request", "ann1", "nevyn1", `["sell",{"price":100,"of":"hats"}]`), asks("ann1", `["buy"]`)},
	}, {
		denied:  []string{asks("nevyn1", `["list_agents"]`), says("publication", "ann1", "", `["news"]`)},
		allowed: []string{announces("harry"), says("response", "ann1", "harry1", `["poke","ok"]`), says("oneway", "ann1", "harry1", `["wave"]`)},
	}},
	"Keep harry out": {{
		denied: []string{announces("harry")},
		allowed: []string{
			announces("ron"), asks("harry1", `["list_agents"]`),
			asks("", `["announce","identity",{"display_name":"harry"},"version",4]`), asks("", `["announce",["identity",{"display_name":"harry"}],{}]`),
		},
	}, {
		denied: []string{
			announces("harry"), asks("", `["announce","identity",{"display_name":"harry"},"version",4]`),
			asks("", `["announce",["identity",{"display_name":"harry"}],{}]`), asks("", `["announce","version",4,"identity",{},"spawn_avatar",{}]`),
		},
		allowed: []string{announces("ron"), asks("harry1", `["list_agents"]`)},
	}, {
		denied:  []string{asks("harry1", `["list_agents"]`), says("publication", "harry1", "", `["news"]`)},
		allowed: []string{asks("ann1", `["list_agents"]`), announces("harry"), says("request", "ann1", "harry1", `["poke",true]`)},
	}},
	"Who has proven a key": {{
		denied:  []string{asks("ann1", `["kick_agent","agent3"]`), asks("harry1", `["kick_agent","agent3"]`), asks("lamp", `["kick_agent","agent3"]`)},
		allowed: []string{asks("nevyn1", `["kick_agent","agent3"]`)},
	}, {
		denied:  []string{announces("ann")},
		allowed: []string{asks("ann1", `["list_agents"]`)},
	}},
	"Moderators only": {{
		denied:  []string{asks("ann1", `["kick_agent","agent3"]`), asks("harry1", `["kick_agent","agent1"]`), asks("nevyn1", `["kick_agent"]`)},
		allowed: []string{asks("nevyn1", `["kick_agent","agent3"]`)},
	}, {
		denied:  []string{asks("harry1", `["kick_agent","agent1"]`)},
		allowed: []string{asks("nevyn1", `["kick_agent","agent3"]`), asks("ann1", `["kick_agent","agent3"]`)},
	}},
	"Read-only guests": {{
		denied: []string{
			asks("harry1", `["spawn_entity",{}]`), asks("harry1", `["allocate_track","audio","opus",{}]`), asks("harry1", `["what is new"]`),
			says("oneway", "harry1", "place", `["ring"]`), says("request", "harry1", "lamp", `["switch"]`),
		},
		allowed: []string{
			announces("harry"), asks("harry1", `["list_agents"]`), says("oneway", "harry1", "place", `["point-exit"]`),
			says("oneway", "harry1", "ann1", `["wave"]`), says("publication", "harry1", "", `["news"]`),
			asks("ann1", `["spawn_entity",{}]`), says("request", "ann1", "lamp", `["switch"]`),
		},
	}},
	"Who may change the rules": {{
		denied:  []string{asks("ann1", openUp)},
		allowed: []string{asks("nevyn1", openUp), asks("nevyn1", `["change_acl","remove",["rule1"]]`)},
	}, {
		denied: []string{
			asks("nevyn1", openUp), asks("nevyn1", denyAll), asks("nevyn1", strings.Replace(keepOut, "deny", "allow", 1)),
			asks("nevyn1", `["change_acl","add",[["deny",7]]]`),
			asks("nevyn1", strings.Replace(keepOut, "]]]", "]],\"remove\",[]]", 1)), asks("ann1", keepOut), asks("ann1", `["change_acl","remove",["rule1"]]`),
		},
		allowed: []string{asks("nevyn1", keepOut), asks("nevyn1", `["change_acl","remove",["rule1"]]`)},
	}, {
		denied:  []string{asks("ann1", `["list_acl"]`)},
		allowed: []string{asks("nevyn1", `["list_acl"]`)},
	}},
	"What hangs on what": {{
		denied: []string{
			hangs("harry1", `"hat"`, "ann1"), hangs("harry1", `null`, "lamp"), hangs("", `null`, "place"), hangs("ann1", `"hat"`, "board"),
		},
		allowed: []string{
			hangs("harry1", `null`, "board"), hangs("ann1", `"note"`, "board"), hangs("", `null`, "boat"), hangs("nevyn1", `null`, "hat"),
		},
	}, {
		denied:  []string{`["detach","nevyn1","lamp","nevyn1"]`, `["detach","harry1","rope","harry1"]`},
		allowed: []string{`["detach","nevyn1","note","nevyn1"]`, `["detach","harry1","hat","harry1"]`},
	}},
	"Wrist widgets, and other things handed over": {{
		denied:  []string{asks("harry1", moveHat), asks("harry1", paintHat), asks("nevyn1", `["remove_entity","hat"]`)},
		allowed: []string{asks("nevyn1", moveHat), asks("nevyn1", paintHat), asks("nevyn1", stripHat), asks("ann1", moveHat)},
	}},
	"When a guard goes wrong": {{
		denied: []string{
			says("oneway", "ann1", "harry1", `["shout",11]`), says("oneway", "ann1", "harry1", `["shout","loud"]`),
			says("oneway", "ann1", "harry1", `["murmur",11]`),
		},
		allowed: []string{
			says("oneway", "ann1", "harry1", `["shout",10]`), says("oneway", "ann1", "harry1", `["murmur",10]`),
			says("oneway", "ann1", "harry1", `["murmur","loud"]`),
		},
	}},
	"Subscriptions": {{
		denied:  []string{`["new_tweet","harry","hello"]`, `["new_tweet","nevyn"]`, `["tweet","nevyn","hello"]`, `["new_tweet",7,"hello"]`},
		allowed: []string{`["new_tweet","nevyn","hello"]`, `["new_tweet","nevyn",null]`},
	}, {
		denied:  []string{says("publication", "harry1", "", `["new_tweet","nevyn","hello"]`)},
		allowed: []string{says("publication", "nevyn1", "", `["new_tweet","nevyn","hello"]`), says("publication", "harry1", "", `["new_poem","nevyn"]`)},
	}},
}

func TestReadmeExamplesDecideAsTheyClaim(t *testing.T) {
	blocks := readReadme(t).of("elixir")
	defaults := blocks["Which rule decides"][0]
	for heading, cases := range readmeCases {
		if len(blocks[heading]) != len(cases) {
			t.Errorf("%d examples below %q, %d are tested", len(blocks[heading]), heading, len(cases))
			continue
		}
		for i, c := range cases {
			t.Run(fmt.Sprint(heading, "/", i+1), func(t *testing.T) {
				if len(c.denied) == 0 || len(c.allowed) == 0 {
					t.Error("nothing that it denies, or that it allows")
				}
				allows := readmeDecision(t, blocks[heading][i], defaults)
				for _, message := range c.denied {
					if allows(t, message) {
						t.Errorf("allows %s", message)
					}
				}
				for _, message := range c.allowed {
					if !allows(t, message) {
						t.Errorf("denies %s", message)
					}
				}
			})
		}
	}
	for heading := range blocks {
		if readmeCases[heading] == nil {
			t.Errorf("the examples below %q are not tested", heading)
		}
	}
}

// readmeDecision gives what tells if a block lets a message through, before the
// default rules and with "allow" where nothing matches.
func readmeDecision(t *testing.T, block, defaults string) func(*testing.T, string) bool {
	t.Helper()
	rules := readmeRules(t, block)
	if len(rules) == 0 {
		p := compiled(t, block)
		return func(t *testing.T, body string) bool { return p.Match(decoded(t, []byte(body)), attic).Matched }
	}
	list := NewList(Allow, slices.Concat(rules, readmeRules(t, defaults))...)
	return func(t *testing.T, message string) bool {
		d := list.Decide(decoded(t, []byte(message)).([]any), attic)
		if d.Failure != nil {
			t.Errorf("%s: %s", message, d.Reason())
		}
		return d.Verdict == Allow
	}
}

func TestReadmeGuestsAreDeniedWithoutMembers(t *testing.T) {
	list := NewList(Allow, readmeRules(t, readReadme(t).of("elixir")["Read-only guests"][0])...)
	empty := *attic
	empty.components = nil
	for message, want := range map[string]Verdict{announces("ann"): Allow, asks("ann1", `["spawn_entity",{}]`): Deny} {
		d := list.Decide(decoded(t, []byte(message)).([]any), &empty)
		if d.Verdict != want || (d.GuardError != nil) != (want == Deny) {
			t.Errorf("%s: %s, %s", message, d.Verdict, d.Reason())
		}
	}
}

func TestPatternsInTheReadmesMessagesCompile(t *testing.T) {
	var patterns int
	for heading, blocks := range readReadme(t).of("json") {
		for _, block := range blocks {
			message := decoded(t, []byte(block)).([]any)
			for _, source := range patternsIn(message) {
				patterns++
				if p := compiled(t, source); p.String() != source {
					t.Errorf("below %q: the canonical form is %s", heading, p)
				}
			}
		}
	}
	if patterns != 3 {
		t.Errorf("%d patterns", patterns)
	}
}

// patternsIn returns the texts in a value that are patterns.
func patternsIn(v any) (all []string) {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "[") {
			all = append(all, v)
		}
	case []any:
		for _, item := range v {
			all = append(all, patternsIn(item)...)
		}
	}
	return all
}

func TestReadmeListsTheWholeLanguage(t *testing.T) {
	text := readReadme(t).text
	for _, f := range functionList {
		foreign := f.name == "elem" || f.name == "tuple_size" || f.name == "is_bitstring" // of no use with JSON
		if strings.Contains(text, "`"+f.name) == foreign {
			t.Errorf("%s is missing, or should be", f.name)
		}
	}
	_, table, _ := strings.Cut(text, "| pattern | matches |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		forms, _, _ := strings.Cut(strings.ReplaceAll(row, `\|`, "¦"), " | ")
		for i, form := range strings.Split(forms, "`") {
			if i%2 == 1 {
				compiled(t, strings.ReplaceAll(form, "¦", "|"))
			}
		}
	}
	if strings.Count(table, "\n") < 8 {
		t.Errorf("the table of patterns is short:\n%s", table)
	}
}
