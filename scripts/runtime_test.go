package scripts

import (
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
