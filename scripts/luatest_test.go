package scripts

import (
	"strings"
	"testing"
)

// door is a place with a door that opens when it is poked.
var door = files{
	"place.lua": `
		place.name = "Lobby"
		place.scene{ front_door = { transform = { at = {0, 0, -3} }, door = {} } }
		place.on("join", function(agent) print("hello", agent.identity.display_name) end)
		place.before("announce", function(request)
			if request.identity.display_name == "" then return false, "please pick a name" end
		end)
		place.handle("slow", function(request)
			return place.task(function() place.wait(2) return "ok", place.time() end)
		end)
		place.on("reload", function(generation) place.state.generation = generation end)
	`,
	"components/door.lua": `return {
		defaults = { open = false },
		changed = function(entity, door) entity.material = { color = { door.open and 1 or 0, 0, 0, 1 } } end,
		poke = function(entity, request)
			entity.door.open = not entity.door.open
			entity:send(request.agent, { "thanks" })
			place.publish{ "poked", entity }
			return "ok"
		end,
		break_it = function(entity)
			local nothing
			return nothing.at_all
		end,
	}`,
}

// tried runs a file of tests about the door, and gives what failed by the tests' names.
func tried(t *testing.T, source string) map[string]Outcome {
	t.Helper()
	with := files{"tests/door_test.lua": `local t = require "loci.test"` + "\n" + source}
	for path, source := range door {
		with[path] = source
	}
	tests, err := NewLuaTest(with, "tests/door_test.lua", LuaTestConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer tests.Close()
	outcomes := map[string]Outcome{}
	for i, c := range tests.Cases() {
		outcomes[c.Name] = tests.Run(i)
	}
	return outcomes
}

func TestATestPlaysInAPlaceOfItsOwn(t *testing.T) {
	for name, out := range tried(t, `
		t.describe("door", function()
			local count = 0
			t.before_each(function(place) count = count + 1 end)
			t.it("opens when poked", function(place)
				local ann, bob = place:join{ display_name = "ann" }, place:join{ display_name = "bob" }
				t.equal("ann", ann.identity.display_name)
				t.ok(bob:subscribe('["poked", _]'))
				local door = place:entity("front_door")
				t.equal(false, door.door.open)
				t.same({ "poke", "ok" }, ann:request(door, { "poke", true }))
				t.equal(true, door.door.open)
				t.same({ 1, 0, 0, 1 }, door.material.color)
				t.same({ "thanks" }, ann:heard("thanks")[1].body)
				t.equal(0, #ann:heard())
				local heard = bob:heard()
				t.equal("publication", heard[1].type)
				t.same({ "poked", "front_door" }, heard[1].body)
				t.same({ "info hello\tann", "info hello\tbob" }, place:log())
			end)
			t.it("is closed in the next test", function(place)
				t.equal(2, count)
				t.equal(false, place:entity("front_door").door.open)
				t.equal(0, #place:agents())
				t.same({}, place:log())
			end)
		end)
		t.it("lets time pass only when told, or for an answer", function(place)
			t.equal(0, place:time())
			place:advance(1)
			t.near(1, place:time())
			local ann = place:join{}
			t.near(1, place:time())
			local reply = ann:request("place", { "slow" })
			t.near(3, reply[3], 0.06)
			local reply, why = ann:request("place", { "slow" }, { timeout = 1 })
			t.equal(nil, reply)
			t.contains("no answer within 1s", why)
		end)
		t.it("tells why nobody is let in", function(place)
			local ann, why = place:join{ display_name = "" }
			t.equal(nil, ann)
			t.equal("please pick a name", why)
		end)
		t.it("spawns, edits and sees what follows at once", function(place)
			local door = place:spawn{ door = {}, transform = { at = { 1, 2, 3 } } }
			t.near({ 1, 2, 3 }, { door:position() })
			door.door.open = true
			t.same({ color = { 1, 0, 0, 1 } }, door.material)
			t.equal(door, place:entity(door.id))
			t.equal(2, #place:entities{ with = "door" })
			door:remove()
			t.equal(1, #place:entities{ with = "door" })
			t.equal(nil, place:entity(door.id))
		end)
		t.it("knows whose an entity is", function(place)
			local ann = place:join{}
			local ball = t.ok(ann:spawn{ ball = { size = 1 } })
			t.equal(ann, ball.owner)
			t.equal(2, #place:entities{ owner = ann })
			t.equal(ann, place:agents()[1])
			ann:leave()
			t.equal(false, ball:exists())
			t.error(function() ann:send("place", { "hi" }) end, "has left")
		end)
		t.it("reloads", function(place)
			local door = place:entity("front_door")
			door.door.open = true
			t.ok(place:reload())
			t.equal(true, door.door.open)
			t.equal(2, place.state.generation)
			t.ok(place:reload{ ["components/door.lua"] = 'return { poke = function() return "locked" end }' })
			t.same({ "poke", "locked" }, place:join{}:request(door, { "poke" }))
			local ok, why = place:reload{ ["place.lua"] = "place.nam = 1" }
			t.equal(nil, ok)
			t.contains("place.lua:1: place.nam cannot be set", why)
		end)
		t.it("plays agents that are asked", function(place)
			local ann, bob = place:join{}, place:join{}
			local reply, why = place:request(ann, { "lend" }, { timeout = 1 })
			t.equal(nil, reply)
			local asked = ann:heard("lend")[1]
			t.equal("request", asked.type)
			t.equal("place", asked.from.id)
			t.same({}, bob:heard())
		end)
		t.it("hears what an agent was told before it had to go", function(place)
			local ann = place:join{}
			place:entity("front_door"):send(ann, { "go" })
			ann:kick("now")
			t.same({ "go" }, ann:heard()[1].body)
			t.equal(false, ann:here())
			t.error(function() ann:request("place", { "slow" }) end, "this agent has left, with code 1005")
		end)
		t.it("expects errors that are logged", function(place)
			place:expect_error("attempt to index")
			t.same({ "break_it", "error", "script error" }, place:join{}:request("front_door", { "break_it" }))
		end)
		t.it("passes in a coroutine and a pcall too", function(place)
			t.ok(pcall(place.advance, place, 1))
			coroutine.wrap(function() place:advance(1) end)()
			t.near(2, place:time())
		end)
	`) {
		for _, failure := range out.Failures {
			t.Errorf("%s: %s", name, failure)
		}
	}
}

func TestAFailingTestSaysWhereAndWhy(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`t.equal(1, 2)`, "tests/door_test.lua:2: not equal\n  expected: 1\n  got:      2"},
		{`t.equal("1", 1, "the count")`, "tests/door_test.lua:2: the count: not equal\n  expected: \"1\"\n  got:      1"},
		{`t.equal({ 1 }, { 1 })`, "t.same compares what they hold"},
		{`t.same({ at = { x = 1, y = { 2, 3 } } }, { at = { x = 1, y = { 2, 4 } } })`,
			"tests/door_test.lua:2: not the same\n  expected: {at = {x = 1, y = {2, 3}}}\n  got:      {at = {x = 1, y = {2, 4}}}\n  differ at .at.y[2]"},
		{`t.same({ open = true }, place:entity("front_door").door)`, "got:      {open = false}\n  differ at .open"},
		{`t.equal(true, place:entity("front_door"))`, "got:      entity front_door"},
		{`t.near(1, 1.1)`, "not within 1e-06\n  expected: 1\n  got:      1.1"},
		{`t.contains("b", "acd")`, `"b" is not in "acd"`},
		{`t.contains({ 1 }, { { 2 }, { 3 } })`, `{1} is not in {{2}, {3}}`},
		{`t.ok(nil, "the door")`, "the door: expected something, got nil"},
		{`t.error(function() end)`, "expected an error, and there was none"},
		{`t.error(function() error("boo") end, "bah")`, "another error"},
		{`t.fail("so")`, "tests/door_test.lua:2: so: failed"},
		{`local nothing nothing.at = 1`, "tests/door_test.lua:2: attempt to index local 'nothing' (a nil value)"},
		{`place:join{}:request("front_door", { "break_it" })`, "an error was logged: components/door.lua:12: attempt to index"},
		{`place:expect_error("boo")`, "tests/door_test.lua:2: no error with \"boo\" was logged"},
		{`place:spwan{}`, `tests/door_test.lua:2: a test's place has no "spwan": did you mean spawn?`},
		{`t.it("x", function() end)`, "t.it declares tests, which a test cannot"},
		{`while true do end`, "over the budget"},
	} {
		tests, err := NewLuaTest(plus(door, "tests/door_test.lua", "local t = require 'loci.test' t.it('fails', function(place)\n"+c.body+" end)"),
			"tests/door_test.lua", LuaTestConfig{Time: 200e6})
		if err != nil {
			t.Fatal(err)
		}
		out := tests.Run(0)
		if len(out.Failures) != 1 || !strings.Contains(out.Failures[0], c.want) {
			t.Errorf("%s fails with\n%s\nwant\n%s", c.body, strings.Join(out.Failures, "\n"), c.want)
		}
		tests.Close()
	}
}

func TestTheGlobalPlaceIsNoTestsPlace(t *testing.T) {
	_, err := NewLuaTest(plus(door, "tests/a_test.lua", `place.name = "x"`), "tests/a_test.lua", LuaTestConfig{})
	if err == nil || !strings.Contains(err.Error(), "tests/a_test.lua:1: in a test the place is what the test is given") {
		t.Error(err)
	}
}

// plus adds a file.
func plus(f files, path, source string) files {
	more := files{path: source}
	for p, s := range f {
		more[p] = s
	}
	return more
}
