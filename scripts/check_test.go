package scripts

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// found checks files and gives what was found, a line each.
func found(sources files) string {
	var lines []string
	for _, f := range Check(sources, Config{}).Findings {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

func TestCheckFindsNothingInScriptsThatAreRight(t *testing.T) {
	sources := plus(door, "tests/door_test.lua", `
		local t = require "loci.test"
		t.it("joins", function(place)
			local ann = t.ok(place:join{ display_name = "ann" })
			local bob = place:join()
			bob:request("place", { "slow" })
			t.equal(bob.id, place.agents()[2].id)
			pcall(place.advance, place, 1)
		end)`)
	sources["lib/deep/doors.lua"] = `
		local M = {}
		function M.open(entity) entity.door.open = true return M end
		function M:close() self.closed = true return _G ~= nil, math.floor(1.5), ("x"):rep(3), #"y" end
		return M`
	sources["place.lua"] += `
		local doors = require "deep.doors"
		local log, lamp = place.log, nil
		place.on("open", function()
			lamp = place.spawn{ lamp = {} }
			lamp:move(1, 2, 3)
			lamp.anything.at_all = lamp.parent
			for i, e in ipairs(place.entities{ with = "lamp" }) do e:animate{ path = "x" } log.info(i, e.id) end
			for name in pairs(place.state) do print(name) end
			repeat local done = true until done
		end)
		place.on("change", function(entity, component, new, old) log.debug(entity.id, component, new and new.open, old) end)
		place.before("knock", function(request) return request.agent == nil or request.agent.identity.age > 3 end)`
	sources["acl.lua"] = `default "allow" deny '["interaction" | _] when false'`
	checked := Check(sources, Config{})
	for _, f := range checked.Findings {
		t.Error(f)
	}
	if got := fmt.Sprint(checked.Files, checked.Components, checked.Rules); got != "5 1 1" {
		t.Errorf("counted %s, want 5 files, 1 component, 1 rule", got)
	}
}

func TestCheckFindsNothingInWhatPeopleBeginWith(t *testing.T) {
	for _, dir := range []string{"starter", "bundled", "../examples/lobby"} {
		sources, err := FS(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Check(sources, Config{}).Findings {
			t.Errorf("%s: %s", dir, f)
		}
	}
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		file, source, want string
	}{
		"syntax":                 {"place.lua", "\nx = = 1", "place.lua:2: unexpected symbol near '='"},
		"a component's syntax":   {"components/a.lua", "return {", "components/a.lua:1: unexpected symbol at the end of the file"},
		"a test's syntax":        {"tests/a_test.lua", "(", "tests/a_test.lua:1: unexpected symbol at the end of the file"},
		"error at load":          {"place.lua", "\nerror('boo')", "place.lua:2: boo"},
		"error in a test":        {"tests/a_test.lua", "error('boo')", "tests/a_test.lua:1: boo"},
		"no component":           {"components/a.lua", "return 1", "components/a.lua:1: a component's file returns a table: return { added = function(entity, a) … end }"},
		"rule":                   {"acl.lua", "deny '[X] when ownr(X)'", "acl.lua:1: unknown function ownr: did you mean owner?"},
		"rule of some lines":     {"acl.lua", "deny [=[ [X]\n  when ownr(X) ]=]", "acl.lua:2: unknown function ownr: did you mean owner?"},
		"subscription":           {"place.lua", "place.on('open', function()\n place.subscribe('[X', print) end)", "place.lua:2: expected , or ] or |, not the end"},
		"subscription in a test": {"tests/a_test.lua", "local t = require 'loci.test'\nt.it('x', function(place) place:join():subscribe('[X] when Y') end)", "tests/a_test.lua:2: Y is not bound by the pattern"},
		"scene":                  {"place.lua", "place.scene{ a = { transform = { at = 1 } } }", "place.lua:1: place.scene: a: transform.at must be three numbers"},

		"unknown global":     {"place.lua", "local lamp\nplace.on('open', function() print(lmap) end)", "place.lua:2: there is no lmap: did you mean lamp?"},
		"misspelt global":    {"place.lua", "place.on('open', function() pirnt(1) end)", "place.lua:1: there is no pirnt: did you mean print?"},
		"removed global":     {"place.lua", "place.on('open', function() io.open('x') end)", "place.lua:1: there is no io: scripts run without Lua's io"},
		"removed function":   {"place.lua", "place.on('open', function() os.execute('x') end)", "place.lua:1: there is no os.execute"},
		"library":            {"lib/a.lua", "return math.flor(1)", "lib/a.lua:1: there is no math.flor: did you mean floor?"},
		"local out of scope": {"lib/a.lua", "do local x = 1 end return x", "lib/a.lua:1: there is no x"},
		"global assignment":  {"lib/a.lua", "count = 1\ncount = count + 1\nreturn count", "lib/a.lua:1: count is a global: write local count, or keep it in place.state"},
		"global of a typo":   {"lib/a.lua", "local count = 1\ncuont = 2\nreturn count", "lib/a.lua:2: cuont is a global: write local cuont, or keep it in place.state: did you mean count?"},
		"global function":    {"lib/a.lua", "function open() end return open()", "lib/a.lua:1: open is a global: write local open, or keep it in place.state"},
		"module":             {"lib/a.lua", "return require 'doors'", "lib/a.lua:1: there is no module \"doors\": there is no lib/doors.lua"},
		"misspelt module":    {"lib/a.lua", "return require 'loci.vce'", "lib/a.lua:1: there is no module \"loci.vce\": did you mean loci.vec?"},
		"test module":        {"lib/a.lua", "return function() return require 'loci.test' end", "lib/a.lua:1: loci.test is for tests/*_test.lua only"},

		"function of the place": {"place.lua", "place.on('open', function() place.spwan{} end)", "place.lua:1: place has no spwan: did you mean spawn?"},
		"setting":               {"place.lua", "place.nmae = 'x'", "place.lua:1: place has no nmae that could be assigned: did you mean name?"},
		"what is no setting":    {"place.lua", "place.time = 1", "place.lua:1: time of place cannot be assigned"},
		"log":                   {"place.lua", "place.on('open', function() place.log.inof('x') end)", "place.lua:1: place.log has no inof: did you mean info?"},
		"log through a local":   {"place.lua", "local log = place.log place.on('open', function() log.inof('x') end)", "place.lua:1: place.log has no inof: did you mean info?"},
		"store":                 {"lib/a.lua", "return function() place.store.gte('x') end", "lib/a.lua:1: place.store has no gte: did you mean get?"},
		"colon for a dot":       {"lib/a.lua", "return function() place:spawn{} end", "lib/a.lua:1: place.spawn is called with a dot"},
		"dot for a colon":       {"lib/a.lua", "return function() local a = place.spawn{} a.move(1, 2, 3) end", "lib/a.lua:1: move is called with a colon: a:move(…)"},
		"event":                 {"place.lua", "place.on('jion', function() end)", "place.lua:1: there is no event \"jion\": did you mean join?"},
		"method of an entity":   {"lib/a.lua", "return function() place.entity('x'):aniamte{} end", "lib/a.lua:1: loci.Entity has no aniamte: did you mean animate?"},
		"field of an entity":    {"lib/a.lua", "return function() place.entity('x').owner.identtiy = 1 end", "lib/a.lua:1: loci.Agent has no identtiy that could be assigned: did you mean identity?"},
		"in a list":             {"lib/a.lua", "return function() for _, a in ipairs(place.agents()) do a:kcik() end end", "lib/a.lua:1: loci.Agent has no kcik: did you mean kick?"},
		"request":               {"place.lua", "place.handle('x', function(request) return request.arg end)", "place.lua:1: loci.Request has no arg: did you mean args?"},
		"agent of an event":     {"place.lua", "place.on('join', function(who) print(who.identiy) end)", "place.lua:1: loci.Agent has no identiy: did you mean identity?"},
		"timer":                 {"place.lua", "local t = place.after(1, function() end) t:cancle()", "place.lua:1: loci.Timer has no cancle: did you mean cancel?"},
		"misspelt handler":      {"components/a.lua", "return {\nchagned = function(entity, a, old) end }", "components/a.lua:2: chagned is taken for a verb: did you mean changed?"},
		"request of a verb":     {"components/a.lua", "return { poke = function(entity, r) return r.form end }", "components/a.lua:1: loci.Request has no form: did you mean from?"},
		"entity of a component": {"components/a.lua", "return { added = function(entity) entity:anmate{} end }", "components/a.lua:1: loci.Entity has no anmate: did you mean animate?"},
		"test":                  {"tests/a_test.lua", "local t = require 'loci.test'\nt.it('x', function(place) t.equals(1, 1) end)", "tests/a_test.lua:2: loci.test has no equals: did you mean equal?"},
		"place of a test":       {"tests/a_test.lua", "local t = require 'loci.test'\nt.it('x', function(place) place:jion() end)", "tests/a_test.lua:2: loci.TestPlace has no jion: did you mean join?"},
		"agent of a test":       {"tests/a_test.lua", "local t = require 'loci.test'\nt.it('x', function(place) place:join():haerd() end)", "tests/a_test.lua:2: loci.TestAgent has no haerd: did you mean heard?"},
	} {
		got := found(files{c.file: c.source})
		line, more, _ := strings.Cut(got, "\n") // more is a pattern, with a caret below
		if line != c.want || more != "" && !strings.HasPrefix(more, " | ") {
			t.Errorf("%s: found\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

func TestCheckTakesVerbsForWhatTheyAre(t *testing.T) {
	for _, verb := range []string{
		"remove = function(entity, request)", "add = function(entity)", "change = function(entity, request)",
		"tock = function(entity, request)", "open = function(entity)",
	} {
		if got := found(files{"components/a.lua": "return { " + verb + " return 'ok' end }"}); got != "" {
			t.Errorf("%s: %s", verb, got)
		}
	}
}

func TestCheckForgetsTypesOfAssignedLocals(t *testing.T) {
	if got := found(files{"place.lua": `
		local log = place.log
		log = { write = print }
		place.on("open", function() log.write("x") end)
	`}); got != "" {
		t.Error(got)
	}
}

func TestCheckLooksAtTheOtherFilesWhereOneIsNoLua(t *testing.T) {
	got := found(files{"place.lua": "(", "lib/a.lua": "return nothing"})
	if want := "lib/a.lua:1: there is no nothing\nplace.lua:1: unexpected symbol at the end of the file"; got != want {
		t.Errorf("found\n%s\nwant\n%s", got, want)
	}
}

// What is checked may be anything.
func FuzzCheck(f *testing.F) {
	for path, source := range plus(door, "tests/a_test.lua", "local t = require 'loci.test' t.it('x', function(place) place:join():heard() end)") {
		f.Add(path, source)
	}
	f.Add("components/a.lua", "return { chagned = function() end, [1] = 2, poke = print }")
	f.Add("lib/a.lua", "for i, e in ipairs(place.entities()) do e.owner.avatar:move(i) end"+strings.Repeat(" a = b.c.d:e(f)", 20))
	f.Add("acl.lua", "default(deny, allow('[X]'))")
	f.Fuzz(func(t *testing.T, path, source string) {
		if path == "" {
			return // files have names
		}
		all, _ := lintNames(files{path: source}, Config{Logger: slog.New(slog.DiscardHandler)})
		for _, found := range all {
			if found.Line < 1 || found.Message == "" {
				t.Errorf("%+v", found)
			}
		}
	})
}
