package scripts

import (
	"strings"
	"testing"
)

func TestMissingEntityIsExplained(t *testing.T) {
	const missing = `place.entity("gaurd") is nil: no such entity; did you mean guard?`
	for name, c := range map[string]struct{ source, want string }{
		"index":     {`place.entity("gaurd").guard.on = false`, "attempt to index a nil value: " + missing},
		"assign":    {`place.entity("gaurd").guard = nil`, "attempt to index a nil value: " + missing},
		"method":    {`place.entity("gaurd"):move(1, 2, 3)`, "attempt to index a nil value: " + missing},
		"local":     {`local g = place.entity("gaurd") local x = 1 g.guard = x`, "attempt to index local 'g' (a nil value): " + missing},
		"variable":  {`local id = "gaurd" local g = place.entity(id) return g.guard`, "attempt to index local 'g' (a nil value): " + missing},
		"alias":     {`local entity = place.entity local g = entity("gaurd") return g.guard`, "attempt to index local 'g' (a nil value): " + missing},
		"like none": {`return place.entity("xyz").guard`, `place.entity("xyz") is nil: no such entity`},
		"other":     {`return place.entity("guard").nothing.x`, "attempt to index field 'nothing' (a nil value)"},
		"own":       {`local function entity() end return entity("x").y`, "attempt to index a nil value"},
	} {
		t.Run(name, func(t *testing.T) {
			r := opened(t, lua1(`place.scene{ guard = { guard = { on = true } } }
				place.handle("go", function() `+c.source+` end)`))
			r.join("ann").request("place", `["go"]`)
			log := strings.ReplaceAll(r.logs.take(), `\"`, `"`)
			if want := "place.lua:2: " + c.want + `"`; !strings.Contains(log, want) && !strings.Contains(log, c.want+"\" ") {
				t.Errorf("logged\n%s\nwant %s", log, want)
			}
		})
	}
}
