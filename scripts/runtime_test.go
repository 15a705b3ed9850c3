package scripts

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestADoorOpensWhenPoked(t *testing.T) {
	r := opened(t, files{
		"place.lua": `place.name = "Lobby" place.scene{ front_door = { transform = { at = {0, 0, -3} }, door = {} } }`,
		"components/door.lua": `return {
			defaults = { open = false, angle = 1.6 },
			validate = function(door) return type(door.open) == "boolean", "open must be true or false" end,
			added = function(entity, door) print("added", entity.id, door.open, door.angle) end,
			changed = function(entity, door, old) print("changed", door.open, old.open) end,
			removed = function(entity, old) print("removed", entity.id, old.open) end,
			poke = function(entity, request) entity.door.open = not entity.door.open return "ok" end,
		}`,
	})
	r.Advance(time.Second)
	r.want("added\\tfront_door\\tfalse\\t1.6")
	ann := r.join("ann")
	r.equal(ann.request("front_door", `["poke",true]`), `["poke","ok"]`)
	r.want("changed\\ttrue\\tfalse")
	r.equal(r.component("front_door", "door"), `{"angle":1.6,"open":true}`)
	answer := ann.request("place", `["spawn_entity",{"door":{"open":1}}]`)
	if !strings.Contains(answer, "door: open must be true or false") {
		t.Error(answer)
	}
	r.equal(r.component("front_door", "transform"), `{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,-3,1]}`)
}

func TestScriptsHearOfThingsInTheSameOrderEveryTime(t *testing.T) {
	for range 10 {
		r := opened(t, lua1(`
			for i = 1, 4 do place.subscribe([=[ ["x" | _] ]=], function() print("sub", i) end) end
			for i = 1, 4 do place.task(function() print("task", i) end) end
			place.on("open", function() place.publish{"x"} end)
			place.on("change", function(e, name) print(name) end)
			place.handle("keys", function(request)
				local keys = ""
				for key in pairs(request.args[1]) do keys = keys .. key end
				return keys
			end)`))
		r.want(`task\t1`, `task\t2`, `task\t3`, `task\t4`, `sub\t1`, `sub\t2`, `sub\t3`, `sub\t4`)
		ann := r.join("ann")
		ann.request("place", fmt.Sprintf(`["change_components",%q,"add_or_change",{"c":{},"a":{},"b":{}}]`, ann.avatar))
		r.want("a", "b", "c")
		r.equal(ann.request("place", `["keys",{"d":1,"a":2,"c":3,"b":4}]`), `["keys","abcd"]`)
	}
}

func TestWritingDoesNotChangeWhatWasWrittenFrom(t *testing.T) {
	r := opened(t, lua1(`
		place.scene{ presets = { presets = { home = { at = {1, 2, 3} } } }, a = {} }
		place.on("open", function()
			local presets, a = place.entity("presets").presets, place.entity("a")
			for _ = 1, 2 do a.transform = presets.home end
			print(presets.home.matrix, presets.home.at[3])
		end)`))
	r.want(`nil\t3`)
}

func TestComponentsCountInWhatTheyAreWrittenInto(t *testing.T) {
	r := opened(t, lua1(`
		place.scene{ a = { big = { text = ("x"):rep(10000) } } }
		place.on("open", function()
			local big, list = place.entity("a").big, {}
			for i = 1, 1000 do list[i] = big end
			print(pcall(place.json.encode, list))
		end)`))
	if said := r.logs.take(); !strings.Contains(said, "larger than 1048576 bytes") {
		t.Error(said[:min(len(said), 500)])
	}
}

func TestMuchStateThatDoesNotCrossOverIsOneLine(t *testing.T) {
	r := opened(t, lua1(`place.on("open", function() for i = 1, 1000 do place.state["k" .. i] = i end end)`),
		func(c *Config) { c.Limits.StateBytes = 100 })
	r.logs.take()
	if err := r.reload(lua1(`place.handle("x", function() end)`)); err != nil {
		t.Fatal(err)
	}
	if said := r.logs.take(); strings.Count(said, "level=ERROR") > 2 || !strings.Contains(said, "values=") {
		t.Error(said[:min(len(said), 1000)])
	}
}
