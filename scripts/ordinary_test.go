package scripts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/scripts/internal/lib"
)

func TestOpenHandlerMayTakeAsLongAsLoading(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			place.on("open", function(again)
				for x = 1, 40 do for z = 1, 40 do
					place.spawn{ transform = { at = { x, 0, z } }, tile = { x = x, z = z } }
				end end
			end)
			place.handle("count", function() return "ok", #place.entities{ with = "tile" } end)
			place.handle("tiles", function() return "ok", place.state.tiles end)`,
		"components/tile.lua": `return { added = function() place.state.tiles = (place.state.tiles or 0) + 1 end }`,
	})
	ann := r.join("ann")
	r.equal(ann.request("place", `["count"]`), `["count","ok",1600]`)
	r.equal(ann.request("place", `["tiles"]`), `["tiles","ok",1600]`)
	if log := r.logs.take(); strings.Contains(log, "level=ERROR") {
		t.Error(log)
	}
}

func TestOpenHandlerThatNeverEndsIsCutOff(t *testing.T) {
	r := opened(t, lua1(`place.on("open", function() while true do end end) place.handle("ping", function() return "ok" end)`),
		func(c *Config) { c.Limits.Load = 1_000_000 })
	r.equal(r.join("ann").request("place", `["ping"]`), `["ping","ok"]`)
	if log := r.logs.take(); !strings.Contains(log, "place.task and place.wait") {
		t.Error(log)
	}
}

func TestSceneHoldsAsManyEntitiesAsAPlace(t *testing.T) {
	source := `local scene = {}
		for i = 1, 7000 do
			scene["crate" .. i] = { transform = { at = { i % 100, 0, math.floor(i / 100) } }, material = { color = { 1, 1, 1, 1 } } }
		end
		place.scene(scene)
		place.handle("count", function() return "ok", #place.entities{ with = "material" } end)`
	r := opened(t, lua1(source))
	r.equal(r.join("ann").request("place", `["count"]`), `["count","ok",7000]`)
	_, err := open(t, lua1(source), func(c *Config) { c.Limits.Entities = 6999 })
	if err == nil || !strings.Contains(err.Error(), "place.lua:5: place.scene: there are more than 6999 entities") {
		t.Error(err)
	}
	_, err = open(t, lua1(`place.scene{ a = { big = { text = ("x"):rep(2^20) } } }`))
	if err == nil || !strings.Contains(err.Error(), "place.scene: a: ") {
		t.Error(err)
	}
}

func TestLongLinesOfTheLogAreCutShort(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("log", function(request) place.log.info("said", ("x"):rep(request.args[1])) return "ok" end)
		place.handle("print", function(request) print("said", ("x"):rep(request.args[1])) return "ok" end)`))
	ann := r.join("ann")
	for _, verb := range []string{"log", "print"} {
		for _, n := range []int{lib.MaxLine - 10, lib.MaxLine, 20_000, 1_000_000} {
			r.equal(ann.request("place", fmt.Sprintf(`[%q,%d]`, verb, n)), fmt.Sprintf(`[%q,"ok"]`, verb))
			log := r.logs.take()
			if cut := strings.Contains(log, "xxx…"); len(log) > lib.MaxLine+500 || len(log) < min(n, lib.MaxLine) || cut != (n > lib.MaxLine-10) {
				t.Errorf("%s of %d bytes: %d in the log, cut: %v", verb, n, len(log), cut)
			}
		}
	}
}

func TestStateHoldsWhatItHoldsAfterAReload(t *testing.T) {
	sources := lua1(`
		place.scene{ lamp = { lamp = { lit = false, colors = { 1, 2 } } } }
		place.on("open", function()
			local lamp = place.entity("lamp")
			place.state.entity = lamp
			place.state.part = lamp.lamp
			place.state.nested = lamp.lamp.colors
			place.state.list = { lamp, { lamp }, place.json.null }
			place.state[1] = lamp
		end)
		place.on("join", function(agent) place.state.agent = agent end)
		place.handle("what", function()
			local s = place.state
			return type(s.entity), s.entity, type(s.part), s.part.lit, type(s.nested), #s.nested, type(s.list[1]), type(s.list[2][1]),
				s.list[3] == place.json.null, type(s.agent), type(s[1])
		end)`)
	r := opened(t, sources)
	ann := r.join("ann")
	want := `["what","string","lamp","table",false,"table",2,"string","string",true,"string","string"]`
	r.equal(ann.request("place", `["what"]`), want)
	if err := r.reload(sources); err != nil {
		t.Fatal(err)
	}
	r.equal(ann.request("place", `["what"]`), want)
}

func TestStoreTakesOnlyWhatSurvives(t *testing.T) {
	r := opened(t, lua1(`
		local function try(key, value)
			local ok, why = pcall(place.store.set, key, value)
			print(ok, why)
		end
		place.on("open", function()
			try(("Zoë"):sub(1, 3), 1)
			try("a\0b", 1)
			try("note", "a\0b")
			try("note", { deep = { "a\0b" } })
			try("note", { ["a\0b"] = 1 })
			try("note", "Zoë")
			print(place.store.get("note"), #place.store.keys())
		end)`))
	r.Advance(time.Second)
	log := r.logs.take()
	for _, want := range []string{
		`a key is text in UTF-8 without zero bytes, which \"Zo\\xc3\" is not`, `which \"a\\x00b\" is not`,
		"value: text with a zero byte", ".deep[1]: text with a zero byte", "a key that is not text", `Zoë\t1`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}
}
