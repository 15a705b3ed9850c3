package scripts

import (
	"slices"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine"
)

func TestWorldIsAMatrixThatPlacesEntities(t *testing.T) {
	r := opened(t, lua1(`local vec = require "loci.vec"
		place.scene{ a = { transform = { at = {1, 2, 3}, turn = {0.1, 0.2, 0.3}, scale = 2 }, children = {
			b = { transform = { at = {4, 5, 6}, turn = {-1, 2, 3}, scale = {1, 2, 3} }, children = {
				c = { transform = { at = {7, 8, 9} } } } } } } }
		place.on("open", function()
			local a, b, c = place.entity("a"), place.entity("a.b"), place.entity("a.b.c")
			print(getmetatable(c:world()), b:world():point{7, 8, 9}:distance(c:world():position()) < 1e-9)
			place.spawn{ seen = {
				world = c:world(),
				chained = vec.matrix(a.transform.matrix) * b.transform.matrix * c.transform.matrix,
			} }
		end)
		place.handle("put", function(request)
			local b, c = place.entity("a.b"), place.entity("a.b.c")
			b.transform = b:world():decompose()
			c.transform = { matrix = b:world():inverse() * vec.compose(request.args[1]) }
			return "ok"
		end)`))
	r.Advance(time.Second)
	r.want(`loci.Matrix\ttrue`)
	r.do(func(turn *engine.Turn) {
		for e := range turn.World().Entities() {
			seen, ok := e.Component("seen")
			if !ok {
				continue
			}
			want := turn.World().Entity("a.b.c").World()
			for name, m := range seen {
				if got := floats(t, m); !alike(got, want[:]) {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			return
		}
		t.Error("nothing seen")
	})
	var before, after, put mgl64.Mat4
	r.do(func(turn *engine.Turn) { before = turn.World().Entity("a.b").World() })
	r.equal(r.join("ann").request("place", `["put",{"at":[1,0,-1],"turn":[0,1,0]}]`), `["put","ok"]`)
	r.do(func(turn *engine.Turn) {
		after, put = turn.World().Entity("a.b").Local(), turn.World().Entity("a.b.c").World()
	})
	if !alike(after[:], before[:]) {
		t.Errorf("taken apart and put together it is %v, was %v", after, before)
	}
	if want := mgl64.Translate3D(1, 0, -1).Mul4(mgl64.HomogRotate3DY(1)); !alike(put[:], want[:]) {
		t.Errorf("it was put to %v, not %v", put, want)
	}
}

// floats reads a list of plain data.
func floats(t *testing.T, v any) (out []float64) {
	t.Helper()
	for _, item := range v.([]any) {
		out = append(out, item.(float64))
	}
	return out
}

func TestVectorsCrossAsPlainData(t *testing.T) {
	sources := func(reload string) files {
		return lua1(`local vec = require "loci.vec"
		place.on("open", function()
			place.state.v = vec.new(1, 2, 3)
			place.store.set("q", vec.quat({0, 1, 0}, math.pi))
			place.spawn{ transform = { matrix = vec.compose{ at = {1, 2, 3} } }, path = { points = { vec.new(4, 5, 6) } } }
		end)
		place.on("reload", function() ` + reload + ` end)`)
	}
	r := opened(t, sources(""))
	if err := r.reload(sources(`
		local q = place.store.get("q")
		print(getmetatable(place.state.v), getmetatable(q))
		print(vec.new(place.state.v) + place.state.v, vec.rotate(q, place.state.v):distance{-1, 2, -3} < 1e-9)
		local e = place.entities{ with = "path" }[1]
		local first = e.path.points[1]
		print(vec.length(first) == vec.new(4, 5, 6):length(), vec.new(first) - first, first + vec.new(first))
		print(vec.position(e.transform.matrix), vec.matrix(e.transform.matrix) == vec.translation(1, 2, 3))
		print(vec.matrix(e.transform.matrix) * e.transform.matrix * vec.new(first))
		print((select(2, pcall(vec.length, e.path)):gsub("^.* of %w+", "")))
		e.path.points[1] = vec.new(first) * 2
		e:move(unpack(vec.position(e.transform.matrix) * 2))
		print(vec.new(first), vec.new(e:position()))
		e:remove()
		print((select(2, pcall(vec.length, first)):gsub("^.* of %w+", "")))
	`)); err != nil {
		t.Fatal(err)
	}
	r.want(
		`nil\tnil`,
		`vector(2, 4, 6)\ttrue`,
		`true\tvector(0, 0, 0)\tvector(8, 10, 12)`,
		`vector(1, 2, 3)\ttrue`,
		`vector(6, 9, 12)`,
		`)`,
		`vector(8, 10, 12)\tvector(2, 4, 6)`,
		`.points[1])`,
	)
}

func alike(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(a, b float64) bool {
		return max(a-b, b-a) <= 1e-9*max(1, a, -a)
	})
}

func TestVectorsBecomeJSONLists(t *testing.T) {
	r := opened(t, lua1(`place.on("open", function() print(place.json.encode{require("loci.vec").new(1, 2, 3)}) end)`))
	r.Advance(time.Second)
	r.want("[[1,2,3]]")
}
