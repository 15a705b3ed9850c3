package scripts

import (
	"io"
	"log/slog"
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/store"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// keeping opens a place with scripts that keeps its data in a directory.
func keeping(t *testing.T, dir, source string) (r *rig, closePlace func()) {
	t.Helper()
	kept, err := store.Open(dir, store.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := KeepStore(kept)
	if err != nil {
		t.Fatal(err)
	}
	r = &rig{TB: t, direct: direct.New(), logs: &logBook{}}
	log := slog.New(slog.NewTextHandler(r.logs, nil))
	if r.rt, err = New(Config{Sources: lua1(source), Logger: log, Store: shelf}); err != nil {
		t.Fatal(err)
	}
	if r.place, err = engine.New(engine.Config{Transports: []netcode.Transport{r.direct}, Behaviour: r.rt, Logger: log, Store: kept}); err != nil {
		t.Fatal(err)
	}
	if r.Driver, err = r.place.Drive(); err != nil {
		t.Fatal(err)
	}
	return r, func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		r.rt.Wait()
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	}
}

const keptScene = `
	place.scene{
		door = { door = { open = false, angle = 1.6 }, paint = { color = "red" } },
		lamp = { lamp = {}, children = { bulb = { lit = {} } } },
		gone = {},
	}
	place.on("open", function(again)
		print("open", again, place.store.get("n"))
		if not again then place.spawn{ vase = {} } end
	end)
	place.handle("poke", function()
		place.entity("door").door.open = true
		place.entity("lamp.bulb"):remove()
		place.entity("place").mood = { good = true }
		place.store.set("n", 0.1)
	end)`

func TestASceneIsReconciledOverARestartAsAtAReload(t *testing.T) {
	dir := t.TempDir()
	r, closePlace := keeping(t, dir, keptScene)
	r.want("open\\tfalse\\tnil")
	r.equal(r.join("ann").request("place", `["poke"]`), `["poke","ok"]`)
	closePlace()

	r, closePlace = keeping(t, dir, keptScene)
	r.want("open\\ttrue\\t0.1")
	r.equal(r.component("door", "door"), `{"angle":1.6,"open":true}`)
	r.equal(r.component("lamp.bulb", "lit"), "")
	r.equal(r.component("place", "mood"), `{"good":true}`)
	r.do(func(turn *engine.Turn) {
		if got := len(turn.Entities()); got != 5 {
			t.Errorf("%v stand there", turn.Entities())
		}
	})
	closePlace()

	r, closePlace = keeping(t, dir, `
		place.scene{
			door = { door = { open = false, angle = 1.6 }, paint = { color = "blue" } },
			lamp = { lamp = {}, children = { bulb = { lit = { on = true } } } },
		}`)
	r.equal(r.component("door", "door"), `{"angle":1.6,"open":true}`)
	r.equal(r.component("door", "paint"), `{"color":"blue"}`)
	r.equal(r.component("lamp.bulb", "lit"), `{"on":true}`)
	r.equal(r.component("gone", "transform"), "")
	closePlace()
}

func TestATaskWaitsUntilWhatItSetsIsDurable(t *testing.T) {
	dir := t.TempDir()
	const source = `
		place.handle("put", function(request)
			return place.task(function() return place.store.set(request.args[1], request.args[2], { sync = true }) end)
		end)
		place.handle("now", function() place.store.set("a", 1, { sync = true }) end)
		place.on("open", function()
			print(pcall(place.store.set, "a", 1, { sinc = true }))
			print(pcall(place.store.set, "a", 1, { sync = true }))
			print(pcall(place.store.set, "a", 1, { sync = false }))
		end)`
	r, closePlace := keeping(t, dir, source)
	r.want(`false\tplace.lua:7: bad argument #3 to (anonymous) (unknown option \"sinc\": did you mean sync?)`,
		"false\\tplace.lua:8: place.store.set with sync works in a task only, see place.task", "true")
	ann := r.join("ann")
	r.equal(ann.request("place", `["put","key",{"n":1.25}]`), `["put",true]`)
	r.equal(ann.request("place", `["put","gone",1]`), `["put",true]`)
	r.equal(ann.request("place", `["put","gone"]`), `["put",true]`)
	r.equal(ann.request("place", `["now"]`), `["now","error","script error"]`)
	closePlace()
	kept, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	got := map[string]string{}
	for key, value := range kept.Records(KindStore) {
		got[key] = string(value)
	}
	if got["key"] != `{"n":1.25}` || got["gone"] != "" {
		t.Errorf("kept is %v", got)
	}
}
