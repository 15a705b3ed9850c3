package scripts

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

func TestAReloadPutsEverythingInForceAtOnce(t *testing.T) {
	first := files{
		"place.lua": `place.name = "One"
			place.handle("which", function() return 1 end)
			place.every(0.1, function() place.state.old = (place.state.old or 0) + 1 end)
			place.subscribe([[ ["news" | _] ]], function(body) print("one", body[2]) end)
			place.scene{ door = { door = { open = false } } }`,
		"components/door.lua": `return { added = function(entity) print("added one") end, knock = function() return "one" end }`,
	}
	second := files{
		"place.lua": `place.name = "Two"
			place.on("reload", function(generation, files) print("reload", generation, #files, place.state.old, place.state.table.a[2]) end)
			place.handle("which", function() return 2 end)
			place.handle("state", function() return place.state.old end)
			place.subscribe([[ ["news" | _] ]], function(body) print("two", body[2]) end)
			place.scene{ door = { door = { open = false } } }`,
		"components/door.lua": `return { added = function(entity) print("added two") end, knock = function() return "two" end }`,
		"acl.lua":             `deny [=[ ["interaction", "request", _, "place", _, ["forbidden" | _]] ]=]`,
	}
	r := opened(t, first)
	r.want("added one")
	ann := r.join("ann")
	r.Advance(time.Second)
	r.equal(ann.request("place", `["which"]`), `["which",1]`)
	r.do(func(turn *engine.Turn) {
		r.rt.gen.State.Take(map[any]any{"table": map[string]any{"a": []any{1.0, 2.0}}})
	})
	if err := r.reload(second); err != nil {
		t.Fatal(err)
	}
	r.want("added two", "reload\\t2\\t3\\t10\\t2")
	r.equal(ann.request("place", `["which"]`), `["which",2]`)
	r.equal(ann.request("door", `["knock"]`), `["knock","two"]`)
	if got := ann.request("place", `["forbidden"]`); !strings.Contains(got, "interaction_denied") {
		t.Error(got)
	}
	ann.send("publication", "", "", `["news",3]`)
	r.want("two\\t3")
	r.Advance(time.Second)
	r.equal(ann.request("place", `["state"]`), `["state",10]`)
	bob := r.join("bob")
	_ = bob
	r.do(func(turn *engine.Turn) { r.equal(turn.Name(), "Two") })
}

func TestWhatIsWrongLeavesTheOldGenerationRunning(t *testing.T) {
	good := files{"place.lua": `place.handle("which", function() return 1 end)`, "lib/m.lua": "return {}"}
	r := opened(t, good)
	ann := r.join("ann")
	for name, c := range map[string]struct{ file, source, want string }{
		"syntax":           {"place.lua", "local x = \nif", "place.lua:2: unexpected symbol"},
		"runtime":          {"place.lua", "\nlocal x = nil .. 1", "place.lua:2: attempt to concatenate a nil value"},
		"endless":          {"place.lua", "while true do end", "place.lua:1: the top level takes too long"},
		"rule":             {"acl.lua", "\ndeny [[\n [\"interaction\", _ ] when ownr(X) == 1 ]]", "acl.lua:3:"},
		"long bracket":     {"acl.lua", "deny [[ [\"interaction\", [_ | _]] ]]", "write [=[ … ]=]"},
		"verdict":          {"acl.lua", "default 'perhaps'", "acl.lua:1:"},
		"subscription":     {"place.lua", "place.subscribe('[', function() end)", "place.lua:1:"},
		"component":        {"components/a.lua", "return 1", "components/a.lua:1: a component's file returns a table"},
		"no component":     {"components/a.lua", "return { [1] = 2 }", "components/a.lua:1: the table has the key 1"},
		"no function":      {"components/a.lua", "return { poke = 1 }", "components/a.lua:1: poke must be a function"},
		"defaults":         {"components/a.lua", "return { defaults = { a = print } }", "components/a.lua:1: defaults:"},
		"module":           {"place.lua", "require 'nothing'", `place.lua:1: require: no module "nothing"`},
		"broken module":    {"lib/m.lua", "return (", "lib/m.lua:1:"},
		"event":            {"place.lua", "place.on('jion', function() end)", `place.lua:1: there is no event "jion": did you mean join?`},
		"setting":          {"place.lua", "place.nmae = 'x'", "place.lua:1: place.nmae cannot be set: did you mean name?"},
		"long name":        {"place.lua", "\nplace.name = ('x'):rep(257)", "place.lua:2: place.name has 257 bytes, at most 256 may be"},
		"function":         {"place.lua", "place.spwan{}", "place.lua:1: there is no place.spwan: did you mean spawn?"},
		"log":              {"place.lua", "place.log.inof('x')", "place.lua:1: there is no place.log.inof: did you mean info?"},
		"spawn":            {"place.lua", "place.spawn{}", "place.lua:1: place.spawn works in handlers"},
		"edit":             {"place.lua", "place.entity('x')", "place.lua:1: place.entity works in handlers"},
		"state":            {"place.lua", "place.state.x = 1", "place.lua:1: writing place.state works in handlers"},
		"store":            {"place.lua", "place.store.set('x', 1)", "place.lua:1: place.store.set works in handlers"},
		"publish":          {"place.lua", "place.publish{ 'x' }", "place.lua:1: place.publish works in handlers"},
		"twice":            {"place.lua", "place.handle('a', function() end) place.handle('a', function() end)", `place.lua:1: "a" has a handler already`},
		"go function":      {"place.lua", "place.on('join', print)", "place.lua:1: bad argument #2"},
		"scene":            {"place.lua", "place.scene{ a = 1 }", "place.lua:1: place.scene: a must be a table of components"},
		"scene twice":      {"place.lua", "place.scene{ a = {} } place.scene{ a = {} }", "a is declared twice"},
		"scene place":      {"place.lua", "place.scene{ place = {} }", `"place" cannot be the id`},
		"scene matrix":     {"place.lua", "place.scene{ a = { transform = { matrix = {1} } } }", "place.scene: a: transform.matrix must be 16 numbers"},
		"scene children":   {"place.lua", "place.scene{ a = { children = { {} } } }", "children have names in a scene"},
		"somebody's id":    {"place.lua", "place.scene{ [" + fmt.Sprintf("%q", ann.avatar) + "] = {} }", "already, of an agent's"},
		"components of no": {"place.lua", "place.scene{ a = { door = 1 } }", "component door must be a table"},
	} {
		t.Run(name, func(t *testing.T) {
			r.TB = t
			bad := maps.Clone(good)
			bad[c.file] = c.source
			if name == "broken module" {
				bad["place.lua"] = "require 'm'"
			}
			if name == "endless" {
				r.rt.config.Limits.Load = 1_000_000
				defer func() { r.rt.config.Limits.Load = 100_000_000 }()
			}
			err := r.reload(bad)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v", err)
			}
			r.equal(ann.request("place", `["which"]`), `["which",1]`)
			if r.rt.gen.n != 1 {
				t.Error("generation", r.rt.gen.n)
			}
		})
	}
}

func TestTheSceneIsReconciled(t *testing.T) {
	r := opened(t, lua1(`place.scene{
		door = { transform = { at = {0, 0, 0} }, door = { open = false }, children = { handle = { knob = {} } } },
		lamp = { lamp = { lit = true }, shade = {} },
		old = {}, lost = {},
	}`))
	r.do(func(turn *engine.Turn) {
		_ = turn.Change("door", map[string]any{"door": map[string]any{"open": true}, "note": map[string]any{}})
		_ = turn.Change("lamp", map[string]any{"lamp": map[string]any{"lit": false}})
		turn.Remove("lost", 0)
		_, _ = turn.Spawn("mine", map[string]any{})
	})
	if err := r.reload(lua1(`place.scene{
		door = { transform = { at = {1, 0, 0} }, door = { open = false }, children = { handle = { knob = { big = true } }, lock = {} } },
		lamp = { lamp = { lit = true, watts = 5 } },
		lost = {}, new = { a = {} },
	}`)); err != nil {
		t.Fatal(err)
	}
	var ids string
	r.do(func(turn *engine.Turn) { ids = strings.Join(turn.Entities(), " ") })
	r.equal(ids, "door door.handle door.lock lamp mine new place")
	r.equal(r.component("door", "door"), `{"open":true}`) // the declaration is as it was
	r.equal(r.component("door", "note"), `{}`)
	r.equal(r.component("door", "transform"), `{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,1,0,0,1]}`)
	r.equal(r.component("lamp", "lamp"), `{"lit":true,"watts":5}`)
	r.equal(r.component("lamp", "shade"), ``)
	r.equal(r.component("door.handle", "knob"), `{"big":true}`)
}

func TestPlaceStateCrossesOver(t *testing.T) {
	source := lua1(`
		place.handle("write", function()
			place.state.n = 1 place.state.list = { 1, { a = "x" } } place.state[5] = "five"
			print(pcall(function() place.state.f = print end))
			place.state.late = {} place.state.late.f = print
			return #place.state
		end)
		place.handle("read", function()
			local keys = {}
			for k, v in pairs(place.state) do keys[#keys + 1] = tostring(k) end
			table.sort(keys)
			return place.state.n, place.state.list, place.state[5], table.concat(keys, " ")
		end)
		print("top", place.state.n)`)
	r := opened(t, source)
	ann := r.join("ann")
	r.want("top\\tnil")
	ann.request("place", `["write"]`)
	r.want("false\\tplace.lua:4: not plain data: value: a function")
	if err := r.reload(source); err != nil {
		t.Fatal(err)
	}
	log := r.logs.take()
	if !strings.Contains(log, `do not cross over" generation=1 values=1 key=late error="not plain data: .f: a function"`) || !strings.Contains(log, `msg="top\t1"`) {
		t.Error(log)
	}
	r.equal(ann.request("place", `["read"]`), `["read",1,[1,{"a":"x"}],"five","5 list n"]`)
}

// saved is a place's directory on disk, served by a watching runtime.
func saved(t *testing.T, sources files) (*rig, func(name, source string)) {
	dir := t.TempDir()
	write := func(name, source string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, source := range sources {
		write(name, source)
	}
	return opened(t, nil, func(c *Config) { c.Dir = dir }), write
}

func TestASavedFileIsReloaded(t *testing.T) {
	r, write := saved(t, files{"place.lua": `place.handle("which", function() return 1 end)`})
	ann := r.join("ann")
	r.equal(ann.request("place", `["which"]`), `["which",1]`)
	ann.request("place", `["subscribe","[\"loci\" | _]"]`)
	write("place.lua", `place.handle("which", function() return 2 end)`)
	await.Until(r, "the second generation", func() bool { return ann.request("place", `["which"]`) == `["which",2]` })
	write("place.lua", "\nplace.handle(")
	told := ""
	await.Until(r, "news of the failure", func() bool {
		r.do(func(*engine.Turn) { // who watches publishes them on the place's turn
			if len(ann.heard) > 0 {
				told = string(ann.heard[0].Body)
			}
		})
		return told != ""
	})
	if !strings.HasPrefix(told, `["loci","reload_failed",{"error":"place.lua:2: `) || !strings.Contains(told, `"file":"place.lua","generation":2,"line":2`) {
		t.Error(told)
	}
	r.equal(ann.request("place", `["which"]`), `["which",2]`)
	write("lib/three.lua", "return 3")
	write("place.lua", `place.handle("which", function() return require "three" end)`)
	await.Until(r, "the third generation", func() bool { return ann.request("place", `["which"]`) == `["which",3]` })
}

func TestNoReloadLeavesFilesAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte(`place.handle("which", function() return 1 end)`), 0o666); err != nil {
		t.Fatal(err)
	}
	r := opened(t, nil, func(c *Config) { c.Dir, c.NoReload = dir, true })
	ann := r.join("ann")
	if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte(`place.handle("which", function() return 2 end)`), 0o666); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	r.equal(ann.request("place", `["which"]`), `["which",1]`)
	if err := r.rt.Reload(r.place); err != nil {
		t.Fatal(err)
	}
	r.equal(ann.request("place", `["which"]`), `["which",2]`)
}

func TestAValidateThatFailsWhileLoadingSaysWhere(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"endless": {"\nwhile true do end", "components/n.lua:2: over the budget"},
		"wrong":   {"\nreturn n.v.w.x", "components/n.lua:2: attempt to index"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, files{
				"components/n.lua": "return { validate = function(n) " + c.body + " end }",
				"place.lua":        `place.scene{ a = { n = { v = 0 } } }`,
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Error(err)
			}
		})
	}
}

func TestAPlaceThatIsNotOpenCannotReload(t *testing.T) {
	rt, err := New(Config{Sources: files{}})
	if err != nil {
		t.Fatal(err)
	}
	place, err := engine.New(engine.Config{Transports: []netcode.Transport{direct.New()}, Behaviour: rt})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Reload(place); err == nil {
		t.Error("reloaded")
	}
	if err := place.Close(); err != nil {
		t.Error(err)
	}
}
