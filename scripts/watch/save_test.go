package watch

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

func TestEverySaveIsToldByItsPath(t *testing.T) {
	tests := map[string]struct {
		change func(r *rig)
		files  []string
	}{
		"a file written in place": {func(r *rig) { r.write("components/door.lua", "new") }, []string{"components/door.lua"}},
		"a file added":            {func(r *rig) { r.write("components/bell.lua", "new") }, []string{"components/bell.lua"}},
		"a file removed":          {func(r *rig) { ok(r, os.Remove(r.path("acl.lua"))) }, []string{"acl.lua"}},
		"a file renamed": {func(r *rig) { r.rename("components/door.lua", "components/gate.lua") },
			[]string{"components/door.lua", "components/gate.lua"}},
		"a file renamed so that it no longer counts": {func(r *rig) { r.rename("components/door.lua", "components/door.off") },
			[]string{"components/door.lua"}},
		"an atomic save": {func(r *rig) {
			r.write("components/.door.lua.new", "new")
			r.rename("components/.door.lua.new", "components/door.lua")
		}, []string{"components/door.lua"}},
		"a save with a backup, as vim's": {func(r *rig) {
			r.write("components/4913", "")
			ok(r, os.Remove(r.path("components/4913")))
			r.rename("components/door.lua", "components/door.lua~")
			r.write("components/door.lua", "new")
			ok(r, os.Remove(r.path("components/door.lua~")))
		}, []string{"components/door.lua"}},
		"a swap of two files": {func(r *rig) {
			r.rename("components/door.lua", "components/x")
			r.rename("components/lamp.lua", "components/door.lua")
			r.rename("components/x", "components/lamp.lua")
		}, []string{"components/door.lua", "components/lamp.lua"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := watched(t, place(t, t.TempDir()), Config{})
			r.settled()
			test.change(r)
			r.tells(test.files...)
			r.settled()
		})
	}
}

func TestWhatIsNoChangeOfContentIsNotTold(t *testing.T) {
	tests := map[string]func(r *rig){
		"a touch": func(r *rig) {
			now := time.Now()
			ok(r, os.Chtimes(r.path("place.lua"), now, now))
		},
		"a chmod":                     func(r *rig) { ok(r, os.Chmod(r.path("place.lua"), 0o600)) },
		"a rewrite of the same bytes": func(r *rig) { r.write("place.lua", "-- place.lua") },
		"an atomic save of the same bytes": func(r *rig) {
			r.write("new", "-- place.lua")
			r.rename("new", "place.lua")
		},
		"what editors leave about": func(r *rig) {
			for _, name := range []string{".place.lua.swp", "place.lua~", "4913", "#place.lua#",
				"lib/.hidden.lua", "lib/#a.lua#", "lib/4913/x.lua", "lib/.git/x.lua", "components/door.lua.tmp"} {
				r.write(name, "x")
			}
			ok(r, os.Symlink("nobody@nowhere:1", r.path("components/.#door.lua")))
		},
		"files that do not count": func(r *rig) {
			for _, name := range []string{"README.md", "other.lua", "components/deep/x.lua", "lib/x.txt", "tests/x_test.lua"} {
				r.write(name, "x")
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Longer than a test is ever held up between emptying a file and writing it.
			r := watched(t, place(t, t.TempDir()), Config{Quiet: 200 * time.Millisecond, AtMost: time.Minute})
			r.settled()
			change(r)
			r.settled()
		})
	}
}

func TestChangeBackWithinTheDebounceIsNotTold(t *testing.T) {
	r := watched(t, place(t, t.TempDir()), Config{Quiet: 200 * time.Millisecond, AtMost: time.Minute})
	r.settled()
	r.write("place.lua", "other")
	r.write("acl.lua", "other")
	r.write("place.lua", "-- place.lua")
	if c := r.next(); !slices.Equal(c.files, []string{"acl.lua"}) {
		t.Errorf("told of %q", c.files)
	}
}

func TestCheckoutOfManyFilesIsToldOnce(t *testing.T) {
	r := watched(t, place(t, t.TempDir()), Config{Quiet: 200 * time.Millisecond, AtMost: time.Minute})
	r.settled()
	var want []string
	for i := range 150 {
		name := fmt.Sprintf("lib/branch%d/file%d.lua", i%7, i)
		r.write(name, "new")
		want = append(want, name)
	}
	for _, name := range []string{"place.lua", "lib/deep/b.lua"} { // git unlinks, then writes
		ok(t, os.Remove(r.path(name)))
		r.write(name, "other branch")
		want = append(want, name)
	}
	ok(t, os.RemoveAll(r.path("components")))
	want = append(want, "components/door.lua", "components/lamp.lua")
	slices.Sort(want)
	if c := r.next(); !slices.Equal(c.files, want) {
		t.Errorf("told of %d files: %q\nwant %d", len(c.files), c.files, len(want))
	}
}

func TestHalfAFileIsFollowedByTheWhole(t *testing.T) {
	r := watched(t, place(t, t.TempDir()), Config{})
	r.settled()
	file, err := os.Create(r.path("place.lua"))
	ok(t, err)
	defer file.Close()
	whole := ""
	for _, part := range []string{"half", " a file"} {
		_, err = file.WriteString(part)
		ok(t, err)
		for whole += part; ; { // the empty file may be seen first
			got, _ := r.next().snapshot.Source("place.lua")
			if got == whole {
				break
			}
			if got != "" {
				t.Fatalf("told of %q, want %q", got, whole)
			}
		}
	}
}

func TestWritingWithoutEndIsToldAllTheSame(t *testing.T) {
	r := watched(t, place(t, t.TempDir()), Config{Quiet: time.Hour, AtMost: 50 * time.Millisecond})
	i := 0
	await.Until(t, "there are callbacks while writing goes on", func() bool {
		i++
		r.write("place.lua", fmt.Sprint(i))
		return len(r.calls) >= 3
	})
}

func TestAFileThatIsEmptyForAMomentIsNotToldOf(t *testing.T) {
	r := watched(t, place(t, t.TempDir()), Config{})
	r.settled()
	began := time.Now()
	r.write("place.lua", "")
	time.Sleep(60 * time.Millisecond)
	r.write("place.lua", "new")
	got := r.next()
	if source, _ := got.snapshot.Source("place.lua"); source != "new" && time.Since(began) < defaultAtMost {
		t.Errorf("told of %q", source)
	}
}

func TestAFileThatStaysEmptyIsToldOf(t *testing.T) {
	r := watched(t, place(t, t.TempDir()), Config{})
	r.settled()
	r.write("place.lua", "")
	r.tells("place.lua")
}

func TestMarksTellOfWritesWithoutReading(t *testing.T) {
	dir := place(t, t.TempDir())
	since, err := ReadMarks(dir, "**/*")
	if err != nil {
		t.Fatal(err)
	}
	watcher, err := New(dir, Config{Patterns: []string{"**/*"}, Marks: true, Since: since, Poll: -1})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{TB: t, dir: dir, calls: make(chan call, 1000)}
	r.run(watcher)
	file, err := os.Create(r.path("model.glb"))
	ok(r, err)
	ok(r, file.Truncate(10*MaxFileBytes)) // more than would be read
	ok(r, file.Close())
	r.notices("model.glb")
	file, err = os.OpenFile(r.path("model.glb"), os.O_WRONLY, 0)
	ok(r, err)
	_, err = file.WriteString("glTF") // as large as before
	ok(r, err)
	ok(r, file.Close())
	r.notices("model.glb")
}

// notices takes callbacks until one tells of a file, and only of that.
func (r *rig) notices(file string) {
	r.Helper()
	if c := r.next(); !slices.Equal(c.files, []string{file}) {
		r.Fatalf("told of %q, want %q", c.files, file)
	}
}
