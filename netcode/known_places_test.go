package netcode

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func publicOf(seed byte) ed25519.PublicKey { return testKey(seed).Public().(ed25519.PublicKey) }

func TestPlacesAreRememberedByHowTheyWereDialed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "known_places")
	for name, places := range map[string]KnownPlaces{"in memory": &PlaceMemory{}, "in a file": NewPlaceFile(file)} {
		if key, err := places.PlaceKey("lobby:21337"); key != nil || err != nil {
			t.Errorf("%s: knows %q at first, %v", name, KeyText(key), err)
		}
		for range 2 {
			if err := places.RememberPlace("lobby:21337", publicOf(1)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := places.RememberPlace("attic:21337", publicOf(2)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err := places.RememberPlace("lobby:21337", publicOf(2))
		var changed *PlaceKeyError
		if !errors.As(err, &changed) || !changed.Known.Equal(publicOf(1)) || !changed.Shown.Equal(publicOf(2)) {
			t.Errorf("%s: another key: %v", name, err)
		}
		for dialed, want := range map[string]ed25519.PublicKey{"lobby:21337": publicOf(1), "attic:21337": publicOf(2), "lobby:1": nil} {
			if key, err := places.PlaceKey(dialed); !key.Equal(want) || err != nil {
				t.Errorf("%s: knows %s by %q, %v", name, dialed, KeyText(key), err)
			}
		}
	}
	text, err := os.ReadFile(file)
	want := "lobby:21337 ed25519 " + KeyText(publicOf(1)) + "\nattic:21337 ed25519 " + KeyText(publicOf(2)) + "\n"
	if string(text) != want || err != nil {
		t.Errorf("the file is %q, %v", text, err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAFileOfPlacesMayBeEdited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known_places")
	key := KeyText(publicOf(1))
	text := "# my places\n\n  Lobby ed25519 " + key + " # at work\nlobby:21337 ed25519 " + KeyText(publicOf(2)) + "\nattic:1\ted25519\t" + key // without an end
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	places := NewPlaceFile(path)
	if got, err := places.PlaceKey("lobby:21337"); !got.Equal(publicOf(1)) || err != nil {
		t.Errorf("knows %q, %v", KeyText(got), err)
	}
	if err := places.RememberPlace("shed:1", publicOf(3)); err != nil {
		t.Error(err)
	}
	for dialed, want := range map[string]byte{"attic:1": 1, "shed:1": 3} {
		if got, err := places.PlaceKey(dialed); !got.Equal(publicOf(want)) || err != nil {
			t.Errorf("knows %s by %q, %v", dialed, KeyText(got), err)
		}
	}
	err := places.RememberPlace("lobby:21337", publicOf(2))
	if err == nil || !strings.Contains(err.Error(), path+":3") || !strings.Contains(err.Error(), "remove that line") {
		t.Errorf("another key: %v", err)
	}
}

func TestALineAboutPlacesThatMakesNoSenseIsNamed(t *testing.T) {
	for _, line := range []string{
		"lobby:21337", "lobby:21337 ed25519", "lobby:21337 ed25519 short", "lobby:21337 rsa " + KeyText(publicOf(1)),
		"lobby:0 ed25519 " + KeyText(publicOf(1)), "lobby:21337 ed25519 " + KeyText(publicOf(1)) + " more",
	} {
		path := filepath.Join(t.TempDir(), "known_places")
		if err := os.WriteFile(path, []byte("# one\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		places := NewPlaceFile(path)
		_, err := places.PlaceKey("attic:1")
		if err == nil || !strings.Contains(err.Error(), path+":2: want") {
			t.Errorf("%q: %v", line, err)
		}
		if err := places.RememberPlace("attic:1", publicOf(1)); err == nil {
			t.Errorf("%q: remembers a place beside it", line)
		}
	}
	if _, err := NewPlaceFile(t.TempDir()).PlaceKey("attic:1"); err == nil {
		t.Error("a directory is read")
	}
}

func FuzzKnownPlaces(f *testing.F) {
	f.Add([]byte("lobby:21337 ed25519 " + KeyText(publicOf(1)) + "\n# x\n\nlobby ed25519 " + KeyText(publicOf(2))))
	f.Add([]byte("lobby:21337 ed25519"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, line, err := findPlace(data, "lobby:21337")
		if err != nil && (line < 1 || key != nil) || err == nil && (key == nil) != (line == 0) {
			t.Errorf("%q: %q in line %d, %v", data, KeyText(key), line, err)
		}
	})
}
