package scripts

import (
	"fmt"
	"strings"
	"testing"
)

func TestSpawnTakesWhatASceneTakes(t *testing.T) {
	spec := `{ transform = { at = {1, 2, 3} }, children = {
		bulb = { components = { transform = { at = {0, 1, 0} } }, children = { wire = { copper = {} } } },
		cord = { children = { { knot = {} } } },
	} }`
	r := opened(t, lua1(fmt.Sprintf(`
		place.scene{ there = %s }
		place.on("open", function() place.state.id = place.spawn(%[1]s).id end)
		place.handle("list", function(request)
			local list, id = {}, request.args[1] or place.state.id
			for i, e in ipairs(place.entities{ with = "relationships" }) do
				local name = e.id:gsub("^" .. id, "lamp")
				if name ~= e.id then list[#list + 1] = { name, (e.relationships.parent:gsub("^" .. id, "lamp")), e.transform.matrix[14] } end
			end
			return list
		end)
	`, strings.Replace(spec, "{ { knot = {} } }", "{}", 1))))
	ann := r.join("ann")
	want := `["list",[["lamp.bulb","lamp",1],["lamp.bulb.wire","lamp.bulb",0],["lamp.cord","lamp",0]]]`
	r.equal(ann.request("place", `["list","there"]`), want)
	r.equal(ann.request("place", `["list"]`), want)
}

func TestSpawnWithABadChildMakesNothing(t *testing.T) {
	for name, c := range map[string]struct{ children, want string }{
		"no table":  {`{ bulb = 1 }`, "the child bulb must be a table of components"},
		"component": {`{ a = {}, bulb = { lit = 1 } }`, `component \"lit\" must be an object`},
		"deeper":    {`{ bulb = { children = { a = {}, wire = { transform = { matrix = {} } } } } }`, "transform.matrix must be 16 numbers"},
	} {
		r := opened(t, lua1(fmt.Sprintf(`place.handle("go", function()
			local ok, why = pcall(place.spawn, { children = %s })
			return why, #place.entities()
		end)`, c.children)))
		ann := r.join("ann")
		answer := ann.request("place", `["go"]`)
		if !strings.Contains(answer, c.want) || !strings.HasSuffix(answer, `,2]`) {
			t.Errorf("%s: %s", name, answer)
		}
	}
}
