package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// swap lets the link point elsewhere in one step, as deployments do.
func swap(t testing.TB, link, target string) {
	t.Helper()
	next := filepath.Join(filepath.Dir(link), ".next")
	ok(t, os.Symlink(target, next))
	ok(t, os.Rename(next, link))
}

func TestSwappedLinksAreFollowed(t *testing.T) {
	tests := map[string]struct{ first, inside string }{
		"the directory itself":           {"current", ""},
		"one on the way to it":           {"current", "places/lobby"},
		"one that another link leads to": {"alias", "places/lobby"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			link := filepath.Join(top, "current")
			before := place(t, filepath.Join(top, "releases/1", test.inside))
			after := place(t, filepath.Join(top, "releases/2", test.inside))
			write(t, after, "acl.lua", "new")
			ok(t, os.Symlink("releases/1", link))
			if test.first != "current" {
				ok(t, os.Symlink("current", filepath.Join(top, test.first)))
			}
			r := watched(t, filepath.Join(top, test.first, test.inside), Config{})
			r.write("place.lua", "to begin with")
			r.tells("place.lua")

			swap(t, link, filepath.Join(top, "releases/2"))
			r.tells("acl.lua", "place.lua")
			r.write("lib/a.lua", "edited after the swap")
			r.tells("lib/a.lua")
			write(t, before, "lib/a.lua", "no longer of interest")
			r.settled()
		})
	}
}

func TestLinksWithinTheDirectoryAreFollowed(t *testing.T) {
	tests := map[string]func(r *rig){
		"to a file": func(r *rig) {
			r.write("shared/x.lua", "1")
			ok(r, os.Symlink("../shared/x.lua", r.path("lib/x.lua")))
			r.tells("lib/x.lua")
			r.write("shared/x.lua", "2")
			r.tells("lib/x.lua")
		},
		"to a directory, by its full path": func(r *rig) {
			r.write("shared/x.lua", "1")
			ok(r, os.Symlink(r.path("shared"), r.path("lib/shared")))
			r.tells("lib/shared/x.lua")
			r.write("shared/x.lua", "2")
			r.tells("lib/shared/x.lua")
		},
		"to a hidden link, as mounted configurations have": func(r *rig) {
			r.write("..1/door.lua", "1")
			r.write("..2/door.lua", "2")
			ok(r, os.Symlink("..1", r.path("..data")))
			ok(r, os.Remove(r.path("components/door.lua")))
			ok(r, os.Symlink("../..data/door.lua", r.path("components/door.lua")))
			r.tells("components/door.lua")
			swap(r, r.path("..data"), "..2")
			r.tells("components/door.lua")
			ok(r, os.RemoveAll(r.path("..1")))
			r.settled()
		},
		"to what is not there yet": func(r *rig) {
			ok(r, os.Symlink("../shared/x.lua", r.path("lib/x.lua")))
			c := r.next()
			if err := c.snapshot.Err(); !errors.Is(err, fs.ErrNotExist) {
				r.Fatalf("Err: %v", err)
			}
			r.write("shared/x.lua", "1")
			for c.snapshot.Err() != nil {
				c = r.next()
			}
			if source, _ := c.snapshot.Source("lib/x.lua"); source != "1" {
				c = r.next()
			}
			if source, _ := c.snapshot.Source("lib/x.lua"); source != "1" {
				r.Errorf("source %q", source)
			}
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := watched(t, place(t, t.TempDir()), Config{})
			r.settled()
			test(r)
		})
	}
}
