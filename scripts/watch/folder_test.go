package watch

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFoldersAreFollowed(t *testing.T) {
	tests := map[string]func(r *rig){
		"a new one, filled at once": func(r *rig) {
			r.write("lib/new/and/deep/c.lua", "new")
			r.tells("lib/new/and/deep/c.lua")
			r.write("lib/new/and/deep/c.lua", "newer")
			r.tells("lib/new/and/deep/c.lua")
		},
		"a new one, filled later": func(r *rig) {
			ok(r, os.Mkdir(r.path("lib/new"), 0o777))
			r.settled()
			r.write("lib/new/c.lua", "new")
			r.tells("lib/new/c.lua")
		},
		"one moved in": func(r *rig) {
			outside := r.TempDir()
			write(r, outside, "new/c.lua", "new")
			ok(r, os.Rename(filepath.Join(outside, "new"), r.path("lib/new")))
			r.tells("lib/new/c.lua")
			r.write("lib/new/d.lua", "new")
			r.tells("lib/new/d.lua")
		},
		"one removed and made again": func(r *rig) {
			ok(r, os.RemoveAll(r.path("components")))
			r.tells("components/door.lua", "components/lamp.lua")
			r.write("components/door.lua", "new")
			r.tells("components/door.lua")
			r.write("components/door.lua", "newer")
			r.tells("components/door.lua")
		},
		"one removed and made again at once": func(r *rig) {
			for range 20 {
				ok(r, os.RemoveAll(r.path("components")))
				ok(r, os.Mkdir(r.path("components"), 0o777))
			}
			r.write("components/door.lua", "new")
			r.tells("components/door.lua", "components/lamp.lua")
			r.write("components/door.lua", "newer")
			r.tells("components/door.lua")
		},
		"one renamed": func(r *rig) {
			r.rename("lib/deep", "lib/deeper")
			r.tells("lib/deep/b.lua", "lib/deeper/b.lua")
			r.write("lib/deeper/b.lua", "new")
			r.tells("lib/deeper/b.lua")
		},
		"one renamed to and fro": func(r *rig) {
			for range 20 {
				r.rename("lib/deep", "lib/deeper")
				r.rename("lib/deeper", "lib/deep")
			}
			r.write("lib/deep/b.lua", "new")
			r.tells("lib/deep/b.lua")
			r.write("lib/deep/b.lua", "newer")
			r.tells("lib/deep/b.lua")
		},
		"one replaced by another": func(r *rig) {
			r.write("next/door.lua", "new")
			r.rename("components", "previous")
			r.rename("next", "components")
			r.tells("components/door.lua", "components/lamp.lua")
			r.write("components/door.lua", "newer")
			r.tells("components/door.lua")
			r.write("previous/door.lua", "no longer of interest")
			r.settled()
		},
		"many moved away and deleted": func(r *rig) {
			outside := r.TempDir()
			for range 50 {
				ok(r, os.Rename(r.path("lib/deep"), filepath.Join(outside, "deep")))
				ok(r, os.RemoveAll(filepath.Join(outside, "deep")))
				ok(r, os.Mkdir(r.path("lib/deep"), 0o777))
			}
			r.write("lib/deep/b.lua", "new")
			r.tells("lib/deep/b.lua")
			r.settled()
		},
		"the place's own, removed and made again": func(r *rig) {
			ok(r, os.RemoveAll(r.dir))
			place(r, r.dir)
			r.write("acl.lua", "new")
			told := map[string]bool{}
			for c := r.next(); ; c = r.next() { // emptiness may have been seen on the way
				for _, file := range c.files {
					told[file] = true
				}
				if source, _ := c.snapshot.Source("acl.lua"); source == "new" && len(c.snapshot.Paths()) == 6 {
					break
				}
			}
			if !told["acl.lua"] {
				r.Errorf("told of %v", told)
			}
			r.settled()
		},
		"the place's own, gone for a while": func(r *rig) {
			away := r.dir + ".away"
			ok(r, os.Rename(r.dir, away))
			write(r, away, "acl.lua", "new")
			ok(r, os.Rename(away, r.dir))
			r.tells("acl.lua")
			r.settled()
		},
		"the place's own, replaced by a copy": func(r *rig) {
			write(r, place(r, r.dir+".next"), "acl.lua", "new")
			write(r, r.dir+".next", "lib/settled.lua", "new")
			ok(r, os.Rename(r.dir, r.dir+".old"))
			ok(r, os.Rename(r.dir+".next", r.dir))
			r.tells("acl.lua", "lib/settled.lua")
			r.settled()
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := watched(t, place(t, filepath.Join(t.TempDir(), "lobby")), Config{})
			r.settled()
			test(r)
		})
	}
}

func TestMissingParentsAreWaitedFor(t *testing.T) {
	top := t.TempDir()
	r := watched(t, place(t, filepath.Join(top, "a", "b", "lobby")), Config{})
	r.settled()
	ok(t, os.RemoveAll(r.dir))
	ok(t, os.Remove(filepath.Join(top, "a", "b")))
	ok(t, os.Remove(filepath.Join(top, "a")))
	place(t, r.dir)
	r.write("acl.lua", "new")
	for c := r.next(); ; c = r.next() {
		if source, _ := c.snapshot.Source("acl.lua"); source == "new" && len(c.snapshot.Paths()) == 6 {
			break
		}
	}
	r.settled()
}
