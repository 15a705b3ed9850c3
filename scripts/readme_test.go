package scripts

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/loci-place/loci/scripts/internal/lib"
	"github.com/loci-place/loci/scripts/sandbox"
)

var update = flag.Bool("update", false, "write README.md anew")

func TestTheReadmeIsUpToDate(t *testing.T) {
	template, err := os.ReadFile("README.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	want := "<!-- Generated from README.tmpl and the API by go generate. -->\n\n" +
		strings.Replace(string(template), "<!-- reference -->\n", Reference(), 1)
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("README.md is stale: run go generate ./scripts")
	}
}

// claims are tests of what each section of the README says, by its heading. The name
// place stands for the test's place, t for loci.test.
var claims = map[string]string{
	"A first place": `
		t.equal("Attic", place.name)
		local ann = place:join{ display_name = "ann" }
		t.same({ "info hello ann" }, place:log())
		t.near({ 0, 0, 2 }, { ann.avatar:position() })
		t.near({ 0, 2, -3 }, { place:entity("lamp"):position() })`,
	"Asking and answering": `
		local nobody, why = place:join()
		t.equal(nil, nobody)
		t.equal("please pick a name", why)
		local ann = place:join{ display_name = "ann" }
		t.same({ "knock", "ok", "who is there?" }, ann:request("place", { "knock" }))
		t.same({ "enter", "failed", "the door is locked" }, ann:request("place", { "enter" }))
		t.same({ "enter", "ok" }, ann:request("place", { "enter", "please" }))
		t.contains(ann.avatar.id, place.json.encode(ann:request("place", { "list_agents" })))
		t.contains("wants to know who is here", place:log()[1])`,
	"Components": `
		local ann = place:join()
		local door = place:entity("front_door")
		t.same({ open = false, angle = 1.6 }, door.door)
		t.same({ "info a door front_door" }, place:log())
		t.same({ "poke", "ok" }, ann:request(door, { "poke", true }))
		t.same({ "poke", "ok" }, ann:request(door, { "poke", false }))
		place:advance(1)
		t.near(-math.sin(1.6), door.transform.matrix[3], 1e-3)
		local nothing, why = ann:spawn{ door = { open = 1 } }
		t.equal(nil, nothing)
		t.contains("open must be true or false", why)`,
	"Entities": `
		place:advance(1)
		t.same({ 2, 2, 0 }, place.state.lamp_stood_at)
		t.near({ 1, 1, 0.6, 1 }, place:entity(place.state.bulb).material.color)
		t.equal(0, #place:entities{ with = "lamp" })`,
	"What takes time": `
		local ann = place:join{ display_name = "ann" }
		ann:subscribe('["countdown", _]')
		t.same({ "countdown", "ok", "lift-off" }, ann:request("place", { "countdown" }))
		t.near(3, place:time(), 0.06)
		local heard = ann:heard("countdown")
		t.equal(3, #heard)
		t.same({ "countdown", 1 }, heard[3].body)
		local asked = ann:heard("how_are_you")[1]
		ann:respond(asked, { "how_are_you", "fine" })
		t.same({ "info ann fine" }, place:log())
		place:advance(60)
		t.same({ "info ann fine", "info ten seconds old" }, place:log())`,
	"News": `
		local ann = place:join()
		ann:subscribe('["retweet" | _]')
		ann:publish{ "tweet", "nevyn", "hi" }
		ann:publish{ "tweet", "spammer", "buy" }
		local heard = ann:heard()
		t.equal(1, #heard)
		t.same({ "retweet", "hi" }, heard[1].body)`,
	"Who may do what": `
		t.equal(nil, (place:join{ display_name = "harry" }))
		local ann, owner = place:join{ display_name = "ann" }, place:join{ display_name = "owner" }
		t.equal("interaction_denied", ann:request("place", { "kick_agent", owner.id })[1])
		t.equal("interaction_denied", ann:request("place", { "spawn_entity", { relationships = { parent = "place" } } })[1])
		t.equal("ok", owner:request("place", { "kick_agent", ann.id })[2])`,
	"What is kept": `
		place:join{ display_name = "ann" }
		place:join{ display_name = "bob" }
		place:join{ display_name = "ann" }
		t.equal("info ann is visitor 3 of 2 names", place:log()[3])
		t.ok(place:reload())
		t.equal(3, place.state.visits)
		t.same({ "seen/ann", "seen/bob" }, place.store.keys())`,
	"Reloading": `
		t.ok(place:reload{ ["lib/new.lua"] = "return 1" })
		t.same({ "info generation 2 because of lib/new.lua" }, place:log())`,
	"Tests": "",
}

func TestTheReadmeHasTheDefaultLimits(t *testing.T) {
	text, err := os.ReadFile("README.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var l Limits
	l.setDefaults()
	var number func(n int) string // 10,000
	number = func(n int) string {
		if n < 1000 {
			return fmt.Sprint(n)
		}
		return fmt.Sprintf("%s,%03d", number(n/1000), n%1000)
	}
	for _, row := range []string{
		fmt.Sprintf("two waits | %s instructions, and %d ms of the processor |", number(int(l.Call)), l.CallTime.Milliseconds()),
		fmt.Sprintf("from one heartbeat to the next | %s instructions |", number(int(l.Heartbeat))),
		fmt.Sprintf("what agents cause in that time, all together | %s instructions |", number(int(l.Agents))),
		fmt.Sprintf("it has used up its part of that | %s instructions |", number(int(l.Reserve))),
		fmt.Sprintf("wait for the next heartbeat | %d |", l.Deferred),
		fmt.Sprintf("100 ms, twice as long each time, %d s at most", int(l.Backoff.Seconds())),
		fmt.Sprintf("`open` handlers | %s instructions, and %d s of the processor |", number(int(l.Load)), int(l.LoadTime.Seconds())),
		fmt.Sprintf("subscriptions | %s, %s, %s |", number(l.Timers), number(l.Tasks), number(l.Subscriptions)),
		fmt.Sprintf("that wait | %s |", number(l.Queue)),
		fmt.Sprintf("each other off | %d deep |", l.Chain),
		fmt.Sprintf("`place.state` | %d MiB", l.StateBytes>>20),
		fmt.Sprintf("memory | %d GiB |", l.Heap>>30),
		fmt.Sprintf("sources %d KB", sandbox.MaxSource>>10),
		fmt.Sprintf("Texts are %d MiB", sandbox.MaxString>>20),
		fmt.Sprintf("nest %d deep, calls %d deep, %d in tasks", sandbox.MaxNesting, sandbox.MaxCalls, sandbox.MaxCoroutineCalls),
	} {
		if !strings.Contains(string(text), row) {
			t.Errorf("there is no %q", row)
		}
	}
}

// block is a block of Lua in the README: the file that its first line names, and the
// heading that it stands under.
var block = regexp.MustCompile("(?s)\n```lua\n-- ([a-z_/]+\\.lua)\n(.*?)\n```\n")

func TestTheReadmesLuaRuns(t *testing.T) {
	text, err := os.ReadFile("README.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	claimed := map[string]bool{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		heading, _, _ := strings.Cut(section, "\n")
		found := block.FindAllStringSubmatch(section, -1)
		blocks += len(found)
		claim, ok := claims[heading]
		if ok != (len(found) > 0) {
			t.Errorf("%q has %d blocks of Lua, and claims: %v", heading, len(found), ok)
		}
		if len(found) == 0 {
			continue
		}
		claimed[heading] = true
		t.Run(heading, func(t *testing.T) { runSection(t, found, claim) })
	}
	if written := strings.Count(string(text), "```lua"); blocks != written {
		t.Errorf("%d blocks of Lua, of which %d begin with their file", written, blocks)
	}
	for heading := range claims {
		if !claimed[heading] {
			t.Errorf("there is no section %q", heading)
		}
	}
}

func TestTheFrontPagesLuaRuns(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "```lua\n")
	source, rest, ok := strings.Cut(after, "```\n")
	if !ok || strings.Contains(rest, "```lua") {
		t.Fatal("there is not one block of Lua")
	}
	runSection(t, [][]string{{"", "place.lua", source}}, `
		local ann = place:join{ display_name = "ann" }
		t.same({ "info hello ann" }, place:log())
		t.same({ "switch", "ok", true }, ann:request("place", { "switch" }))
		t.equal(true, place:entity("lamp").lamp.lit)
		t.same({ "switch", "ok", false }, ann:request("place", { "switch" }))`)
}

// runSection runs the blocks of a section as one place, and checks what is claimed.
func runSection(t *testing.T, found [][]string, claim string) {
	sources := files{}
	for _, b := range found {
		if sources[b[1]] != "" {
			t.Fatalf("%s stands there twice", b[1])
		}
		sources[b[1]] = "-- " + b[1] + "\n" + b[2] + "\n"
	}
	sources["tests/claims_test.lua"] = "local t = require 'loci.test'\nt.it('is so', function(place)\n" + claim + "\nend)"
	for _, f := range Check(sources, Config{}).Findings {
		t.Error(f)
	}
	for _, file := range sources.Paths() {
		if !lib.IsTest(file) {
			continue
		}
		tests, err := NewLuaTest(sources, file, LuaTestConfig{})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range tests.Cases() {
			for _, failure := range tests.Run(i).Failures {
				t.Errorf("%s: %s", c.Name, failure)
			}
		}
		tests.Close()
	}
}
