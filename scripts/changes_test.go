package scripts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
)

// remover returns what takes files of a saved place away.
func remover(r *rig) func(name string) {
	return func(name string) {
		r.Helper()
		if err := os.Remove(filepath.Join(r.rt.config.Dir, name)); err != nil {
			r.Fatal(err)
		}
	}
}

func TestVanishedFileTakesNothingAway(t *testing.T) {
	place := `place.scene{ door = { door = { open = false } } }
		place.handle("which", function() return 1 end)
		place.handle("open", function() place.entity("door").door.open = true return true end)`
	rule := `deny [=[ ["interaction", _, _, _, _, ["secret" | _]] ]=]`
	r, write := saved(t, files{"place.lua": place, "acl.lua": rule})
	remove := remover(r)
	ann := r.join("ann")
	r.equal(ann.request("place", `["open"]`), `["open",true]`)
	for _, file := range []string{"place.lua", "acl.lua"} {
		remove(file)
		await.Until(r, "word of "+file, func() bool { return strings.Contains(r.logs.take(), file+" is gone") })
		r.equal(ann.request("place", `["which"]`), `["which",1]`)
		r.equal(r.component("door", "door"), `{"open":true}`)
		if got := ann.request("place", `["secret"]`); !strings.Contains(got, "interaction_denied") {
			t.Errorf("without %s: %s", file, got)
		}
		write(file, map[string]string{"place.lua": place, "acl.lua": rule}[file])
		await.Until(r, "a reload", func() bool { return strings.Contains(r.logs.take(), "scripts reloaded") })
		r.equal(r.component("door", "door"), `{"open":true}`)
	}
	write("acl.lua", "") // which says that it is meant
	await.Until(r, "a reload without rules", func() bool { return strings.Contains(r.logs.take(), "scripts reloaded") })
	if got := ann.request("place", `["secret"]`); strings.Contains(got, "interaction_denied") {
		t.Error(got)
	}
}

func TestReloadSaysWhatItDid(t *testing.T) {
	patrol := "return { defaults = { at = 1 } }"
	r := opened(t, files{
		"place.lua":              `place.scene{ guard = { patrol = {} }, cat = { patrol = {} }, dog = { bark = {} } }`,
		"components/patrol.lua":  patrol,
		"components/bark.lua":    patrol,
		"components/nothing.lua": patrol,
	})
	r.logs.take()
	if err := r.reload(files{
		"place.lua":             `place.scene{ guard = { patrol = {} }, cat = { patrol = {} }, dog = { bark = { loud = true } } }`,
		"components/growl.lua":  patrol,
		"components/patrol.lua": patrol,
	}); err != nil {
		t.Fatal(err)
	}
	said := r.logs.take()
	for _, want := range []string{
		"level=WARN", "added=[components/growl.lua]", "changed=[place.lua]", `removed="[components/bark.lua components/nothing.lua]"`,
		`left="dog has bark, which no file defines any more"`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%s does not say %s", said, want)
		}
	}
	if err := r.reload(files{"place.lua": string(`place.scene{ guard = { patrol = {} }, cat = { patrol = {} } }`)}); err != nil {
		t.Fatal(err)
	}
	if said := r.logs.take(); !strings.Contains(said, `left="cat and 1 more have patrol, which no file defines any more"`) {
		t.Error(said)
	}
}

func TestEditedAssetIsServed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "assets"), 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("assets/chair.txt", "a chair")
	write("assets/other.txt", "nobody asks for this")
	write("place.lua", `local id = place.asset("chair.txt")
		place.scene{ chair = { geometry = { type = "asset", name = id } } }`)
	r := opened(t, nil, func(c *Config) { c.Dir = dir })
	first := r.component("chair", "geometry")
	write("assets/other.txt", "still nobody")
	write("assets/chair.txt", "a chair, with arms")
	await.Until(r, "the scene with the new id", func() bool { return r.component("chair", "geometry") != first })
	if n := r.rt.gen.n; n != 2 {
		t.Errorf("%d generations, want 2: what nobody asked for reloads nothing", n)
	}
	var id string
	r.do(func(turn *engine.Turn) { id, _ = turn.AssetID("chair.txt") })
	if id == "" || !strings.Contains(r.component("chair", "geometry"), id) {
		t.Error("the scene's id is not the one that the place serves")
	}
}
