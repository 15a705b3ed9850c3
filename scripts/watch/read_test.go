package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadTakesTheSourcesAndNothingElse(t *testing.T) {
	dir := place(t, t.TempDir())
	for _, name := range []string{"README.md", "components/deep/x.lua", "lib/x.txt", "lib/.x.lua", "tests/x_test.lua", "lib/.git/x.lua"} {
		write(t, dir, name, "x")
	}
	s, err := Read(dir)
	ok(t, err)
	ok(t, s.Err())
	want := []string{"acl.lua", "components/door.lua", "components/lamp.lua", "lib/a.lua", "lib/deep/b.lua", "place.lua"}
	if !slices.Equal(s.Paths(), want) {
		t.Errorf("paths %q, want %q", s.Paths(), want)
	}
	for _, path := range want {
		if source, ok := s.Source(path); !ok || source != "-- "+path {
			t.Errorf("%s: %q", path, source)
		}
	}
	if _, ok := s.Source("README.md"); ok {
		t.Error("README.md is in it")
	}
	s, err = Read(dir, SourcesAndTests()...)
	ok(t, err)
	if want = append(want, "tests/x_test.lua"); !slices.Equal(s.Paths(), want) {
		t.Errorf("with tests: %q, want %q", s.Paths(), want)
	}
}

func TestReadTellsWhatCannotBeRead(t *testing.T) {
	outside := place(t, t.TempDir())
	link := func(target, name string) func(testing.TB, string) {
		return func(t testing.TB, dir string) { ok(t, os.Symlink(target, filepath.Join(dir, name))) }
	}
	tests := map[string]struct {
		make    func(t testing.TB, dir string)
		problem string
		is      error
	}{
		"a link to a file outside":      {link(filepath.Join(outside, "acl.lua"), "lib/x.lua"), "lib/x.lua", ErrOutside},
		"a link to a directory outside": {link(outside, "lib/x"), "lib/x", ErrOutside},
		"a link to nothing outside":     {link("../../nowhere/x", "lib/x.lua"), "lib/x.lua", ErrOutside},
		"a link to nothing":             {link("nothing.lua", "lib/x.lua"), "lib/x.lua", fs.ErrNotExist},
		"a link to itself":              {link("x.lua", "lib/x.lua"), "lib/x.lua", ErrCircle},
		"a link to where it is":         {link(".", "lib/x"), "lib/x", ErrCircle},
		"a link to the whole place":     {link("..", "lib/x"), "lib/x", ErrCircle},
		"a file too large": {func(t testing.TB, dir string) { write(t, dir, "lib/x.lua", strings.Repeat("x", MaxFileBytes+1)) },
			"lib/x.lua", ErrLimit},
		"too much in all": {func(t testing.TB, dir string) {
			for i := range MaxTotalBytes / MaxFileBytes {
				write(t, dir, fmt.Sprintf("lib/x%02d.lua", i), strings.Repeat("x", MaxFileBytes))
			}
		}, "lib/x15.lua", ErrLimit},
		"too many files": {func(t testing.TB, dir string) {
			for i := range MaxFiles {
				write(t, dir, fmt.Sprintf("lib/x%04d.lua", i), "")
			}
		}, "lib/x1019.lua", ErrLimit},
		"too many directories": {func(t testing.TB, dir string) {
			for i := range MaxFolders {
				ok(t, os.Mkdir(filepath.Join(dir, fmt.Sprintf("lib/x%03d", i)), 0o777))
			}
		}, "lib/x252", ErrLimit},
		"too deep": {func(t testing.TB, dir string) { write(t, dir, "lib"+strings.Repeat("/x", MaxDepth)+"/x.lua", "") },
			"lib" + strings.Repeat("/x", MaxDepth), ErrLimit},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := place(t, t.TempDir())
			test.make(t, dir)
			s, err := Read(dir)
			ok(t, err)
			var problem Problem
			if err := s.Err(); !errors.As(err, &problem) || !errors.Is(err, test.is) {
				t.Fatalf("Err: %v, want %v", err, test.is)
			}
			if problem.Path != test.problem {
				t.Errorf("problem with %s: %v, want %s", problem.Path, problem.Err, test.problem)
			}
			if _, ok := s.Source("acl.lua"); !ok {
				t.Error("the rest is not in it")
			}
		})
	}
}

func TestLinksThatMultiplyAreBounded(t *testing.T) {
	dir := place(t, t.TempDir())
	for i := range 12 { // each way through is another one: 4^12
		for j := range 4 {
			at := filepath.Join(dir, fmt.Sprintf("lib/l%02d", i))
			ok(t, os.MkdirAll(at, 0o777))
			ok(t, os.Symlink(fmt.Sprintf("../l%02d", i+1), filepath.Join(at, fmt.Sprint("n", j))))
		}
	}
	write(t, dir, "lib/l12/x.lua", "")
	s, err := Read(dir)
	ok(t, err)
	if err := s.Err(); !errors.Is(err, ErrLimit) || strings.Count(err.Error(), "\n") > 0 {
		t.Errorf("Err: %v", err)
	}
}

func TestReadRefusesWhatIsNoDirectory(t *testing.T) {
	dir := place(t, t.TempDir())
	for _, name := range []string{"nowhere", "place.lua"} {
		if s, err := Read(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s: %q", name, s.Paths())
		}
	}
}

func TestChangesNameEveryDifference(t *testing.T) {
	with := func(err error) []Problem { return []Problem{{Path: "p", Err: err}} }
	old := &Snapshot{sources: map[string]string{"same": "1", "changed": "1", "removed": "1", "empty": ""}}
	now := &Snapshot{sources: map[string]string{"same": "1", "changed": "2", "added": "1"}, problems: with(ErrCircle)}
	if got := now.Changes(old); !slices.Equal(got, []string{"added", "changed", "empty", "p", "removed"}) {
		t.Errorf("changes %q", got)
	}
	other := &Snapshot{sources: now.sources, problems: with(ErrOutside)}
	if got := other.Changes(now); !slices.Equal(got, []string{"p"}) {
		t.Errorf("with another problem: %q", got)
	}
	if got := now.Changes(now); len(got) != 0 {
		t.Errorf("with itself: %q", got)
	}
}
