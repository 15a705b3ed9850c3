package assets_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func TestHostsAssetsStayWhateverAgentsFetch(t *testing.T) {
	inPlace(t, engine.Config{Assets: assets.Options{CacheBytes: 10_000}}, func(r *rig) {
		ours := noise(1, 4000)
		id, err := r.place.AddAsset(bytes.NewReader(ours))
		if err != nil || id != netcode.AssetID(ours) {
			t.Fatalf("got %s, %v", id, err)
		}
		if _, err := r.place.AddAsset(bytes.NewReader(ours)); err != nil {
			t.Errorf("the same again: %v", err)
		}
		if _, err := r.place.AddAsset(bytes.NewReader(noise(2, 6001))); !errors.Is(err, assets.ErrNoRoom) {
			t.Errorf("more than there is room for: %v", err)
		}
		broken := errors.New("broken")
		if _, err := r.place.AddAsset(io.MultiReader(bytes.NewReader(ours), &brokenReader{broken})); !errors.Is(err, broken) {
			t.Errorf("from a broken reader: %v", err)
		}
		ann, bob := r.plain(), r.plain()
		for n := range 10 {
			content := noise(10+n, 3000)
			bob.fetches(ann.PublishAsset(content), content, "")
		}
		bob.fetches(id, ours, "")
	})
}

type brokenReader struct{ err error }

func (b *brokenReader) Read([]byte) (int, error) { return 0, b.err }

func TestClosedPlaceTakesNoAssets(t *testing.T) {
	place, err := engine.New(engine.Config{Transports: []netcode.Transport{pipe.New(pipe.Config{}).Listen()}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := place.AddAsset(bytes.NewReader([]byte("before it serves"))); err != nil {
		t.Error(err)
	}
	place.Close()
	if _, err := place.AddAsset(bytes.NewReader(nil)); !errors.Is(err, assets.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestPlaceWithoutItsFoldersDoesNotOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, opts := range []assets.Options{{Dir: file}, {Dir: filepath.Join(file, "below")}, {Folder: file + "s"}, {MaxBytes: -1}} {
		if place, err := engine.New(engine.Config{Listen: "127.0.0.1:0", Assets: opts}); err == nil {
			t.Errorf("%+v: opened", opts)
			place.Close()
		}
	}
}
