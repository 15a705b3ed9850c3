package assets_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
)

// write makes a file.
func write(t *testing.T, content []byte, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFilesOfTheFolderAreServed(t *testing.T) {
	dir := t.TempDir()
	door := noise(1, 2<<20)
	write(t, door, dir, "models", "door.glb")
	write(t, door, dir, "copy.glb")
	inPlace(t, engine.Config{Assets: assets.Options{Folder: dir, CacheBytes: -1}}, func(r *rig) {
		bob := r.join(nil)
		if err := r.place.Do(func(t *engine.Turn) error { return t.PushAsset(bob.id, "models/door.glb") }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		var pushed int
		for _, f := range bob.take() {
			pushed += len(f.Data)
		}
		if pushed != len(door) {
			t.Errorf("%d bytes were pushed", pushed)
		}
		id, err := r.place.AssetID("copy.glb")
		if err != nil || id != netcode.AssetID(door) {
			t.Fatalf("got %s, %v", id, err)
		}
		_ = r.place.Do(func(turn *engine.Turn) error {
			if got, known := turn.AssetID("models/door.glb"); got != id || !known {
				t.Errorf("known as %q", got)
			}
			if got, known := turn.AssetID("models/window.glb"); got != "" || known {
				t.Errorf("known as %q", got)
			}
			return nil
		})
		bob.fetches(id, door, "")

		window := noise(2, 100_000)
		write(t, window, dir, "copy.glb")
		bob.fetches(id, door, "") // the other file has it still
		write(t, window, dir, "models", "door.glb")
		if _, err := bob.FetchAsset(r.within(time.Minute), id, ""); err == nil {
			t.Error("what is no longer there is served")
		}
		id, err = r.place.AssetID("models/door.glb")
		if err != nil || id != netcode.AssetID(window) {
			t.Fatalf("got %s, %v", id, err)
		}
		bob.fetches(id, window, "")
	})
}

func TestNothingOutsideTheFolderIsServed(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "assets")
	write(t, []byte("secret"), dir, "secret")
	write(t, []byte("door"), folder, "door")
	write(t, make([]byte, 2000), folder, "large")
	for link, to := range map[string]string{
		"link": filepath.Join(dir, "secret"), "relative": "../secret", "up": "..", "null": "/dev/null", "loop": "loop",
		"absolute": "/etc/passwd",
	} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Skip(err)
		}
	}
	inPlace(t, engine.Config{Assets: assets.Options{Folder: folder, MaxBytes: 1000}}, func(r *rig) {
		bob := r.join(nil)
		for _, name := range []string{
			"", ".", "..", "/", "/etc/passwd", "../secret", "door/../../secret", "./door", "door/", "//door", `..\secret`, "door\x00",
			"link", "relative", "up/secret", "null", "loop", "absolute", "missing", "large", "door/door", "C:\\door", "up",
		} {
			if id, err := r.place.AssetID(name); !errors.Is(err, assets.ErrNoFile) {
				t.Errorf("%q is %s, %v", name, id, err)
			}
			_ = r.place.Do(func(t *engine.Turn) error { return t.PushAsset(bob.id, name) })
		}
		soon()
		if got := bob.take(); len(got) > 0 {
			t.Errorf("pushed %s", shows(got))
		}
		if id, err := r.place.AssetID("door"); err != nil || id != netcode.AssetID([]byte("door")) {
			t.Errorf("the door is %s, %v", id, err)
		}
	})
}

func TestFileIDIsWhatAPlaceWillSayItIs(t *testing.T) {
	dir := t.TempDir()
	door := noise(1, 100_000)
	write(t, door, dir, "assets", "models", "door.glb")
	write(t, door, dir, "secret")
	if err := os.Symlink("../secret", filepath.Join(dir, "assets", "link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"models/door.glb": netcode.AssetID(door), "models": "", "none": "", "link": "", "../secret": "", "/etc/passwd": "", "": "",
	} {
		id, err := assets.FileID(filepath.Join(dir, "assets"), name)
		if id != want || errors.Is(err, assets.ErrNoFile) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", name, id, err, want)
		}
	}
	if id, err := assets.FileID(filepath.Join(dir, "none"), "x"); id != "" || err == nil {
		t.Errorf("no folder: %q, %v", id, err)
	}
}
