package assets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

var quiet = slog.New(slog.DiscardHandler)

// shelves are the two kinds, each empty.
func shelves(t *testing.T) map[string]storage {
	t.Helper()
	disk, err := newDiskStorage(filepath.Join(t.TempDir(), "a", "b"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]storage{"memory": newMemoryStorage(), "disk": disk}
}

func openCache(t *testing.T, s storage, limit int64) *cache {
	t.Helper()
	c, err := newCache(s, limit, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// content is n bytes that differ by seed, and their hash.
func someContent(seed, n int) ([]byte, netcode.AssetHash) {
	b := bytes.Repeat([]byte{byte(seed), byte(seed >> 8), 7}, n/3+1)[:n]
	return b, netcode.AssetHash(sha256.Sum256(b))
}

func mustAdd(t *testing.T, c *cache, content []byte, h netcode.AssetHash) {
	t.Helper()
	s, err := c.storage.spool()
	if err != nil {
		t.Fatal(err)
	}
	for piece := range slices.Chunk(content, 100_000) {
		if _, err := s.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.add(s, h, int64(len(content)), false); err != nil {
		t.Fatal(err)
	}
}

// holds tells which of the assets of the given seeds and size the cache has.
func (c *cache) holds(t *testing.T, size int, seeds ...int) (held []int) {
	t.Helper()
	for _, seed := range seeds {
		content, h := someContent(seed, size)
		if _, there, _ := c.find(h); !there {
			continue
		}
		got := make([]byte, size)
		if err := c.read(h, got, 0); err != nil || !bytes.Equal(got, content) {
			t.Errorf("asset %d: %v", seed, err)
		}
		held = append(held, seed)
	}
	return held
}

func TestWhatWasNotUsedForLongestGoesFirst(t *testing.T) {
	for name, s := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			c := openCache(t, s, 3000)
			for seed := range 3 {
				mustAdd(t, c, first(someContent(seed, 1000)), second(someContent(seed, 1000)))
			}
			c.holds(t, 1000, 0) // uses it
			mustAdd(t, c, first(someContent(3, 1000)), second(someContent(3, 1000)))
			if got := fmt.Sprint(c.holds(t, 1000, 0, 1, 2, 3)); got != "[0 2 3]" {
				t.Errorf("holds %s", got)
			}
			big, h := someContent(9, 2500)
			mustAdd(t, c, big, h)
			if got := fmt.Sprint(c.holds(t, 1000, 0, 1, 2, 3), c.holds(t, 2500, 9)); got != "[] [9]" || c.used != 2500 {
				t.Errorf("holds %s, %d bytes", got, c.used)
			}
			c.remove(h)
			if len(c.entries) != 0 || c.used != 0 || c.recent.Len() != 0 || c.holds(t, 2500, 9) != nil {
				t.Errorf("%d entries are left, %d bytes", len(c.entries), c.used)
			}
		})
	}
}

func TestOfTinyAssetsNotTooManyAreKept(t *testing.T) {
	for name, s := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			c := openCache(t, s, 100<<10)
			for seed := range 150 {
				mustAdd(t, c, first(someContent(seed, 3)), second(someContent(seed, 3)))
			}
			if len(c.entries) != 100 || c.holds(t, 3, 49) != nil || c.holds(t, 3, 50) == nil {
				t.Errorf("%d are kept, want the last 100", len(c.entries))
			}
		})
	}
}

func TestContentInMemoryTakesNoMoreThanItIs(t *testing.T) {
	s := newMemoryStorage()
	c := openCache(t, s, 10<<20)
	for _, size := range []int{0, 1, 300, memoryBlock, memoryBlock + 300} {
		content, h := someContent(1, size)
		mustAdd(t, c, content, h)
		takes := 0
		for _, block := range s.blocks[h] {
			takes += cap(block)
		}
		if takes > size+size/8+64 {
			t.Errorf("%d bytes take %d", size, takes)
		}
	}
}

func first[A, B any](a A, _ B) A  { return a }
func second[A, B any](_ A, b B) B { return b }

func TestRangesReadAcrossBlocks(t *testing.T) {
	for name, s := range shelves(t) {
		t.Run(name, func(t *testing.T) {
			c := openCache(t, s, 10<<20)
			content, h := someContent(1, 2*memoryBlock+5)
			mustAdd(t, c, content, h)
			for _, r := range [][2]int{{0, len(content)}, {memoryBlock - 1, 2}, {2 * memoryBlock, 5}, {memoryBlock, memoryBlock}, {len(content), 0}} {
				got := make([]byte, r[1])
				if err := c.read(h, got, int64(r[0])); err != nil || !bytes.Equal(got, content[r[0]:r[0]+r[1]]) {
					t.Errorf("%v: %v", r, err)
				}
			}
			if err := c.read(h, make([]byte, 2), int64(len(content)-1)); !errors.Is(err, errDamaged) {
				t.Errorf("behind the end: %v", err)
			}
		})
	}
}

// TestCacheUseTimesFromAClockAheadDoNotLast has an asset from before the
// machine's clock was set back by a day.
func TestCacheUseTimesFromAClockAheadDoNotLast(t *testing.T) {
	disk := first(newDiskStorage(t.TempDir(), quiet))
	c := openCache(t, disk, 1<<20)
	for seed := range 3 {
		content, h := someContent(seed, 1000)
		mustAdd(t, c, content, h)
	}
	disk.touch(second(someContent(0, 1000)), 1000, time.Now().Add(24*time.Hour))
	openCache(t, disk, 1<<20)
	for seed := 1; seed < 3; seed++ { // are used afterwards
		disk.touch(second(someContent(seed, 1000)), 1000, time.Now())
	}
	c = openCache(t, disk, 2000)
	if got := fmt.Sprint(c.holds(t, 1000, 0, 1, 2)); got != "[1 2]" {
		t.Errorf("it holds %s", got)
	}
}

// TestDiskCacheOpensWithWhatACrashHasLeft has files that are cut short, changed, half
// written, somebody else's and not files.
func TestDiskCacheOpensWithWhatACrashHasLeft(t *testing.T) {
	dir := t.TempDir()
	disk := first(newDiskStorage(dir, quiet))
	c := openCache(t, disk, 1<<20)
	for seed := range 5 {
		content, h := someContent(seed, 1000)
		mustAdd(t, c, content, h)
		used := time.Now().Add(-time.Duration(seed) * time.Hour) // 4 was used longest ago
		disk.touch(h, 1000, used)
	}
	path := func(seed int) string { return disk.path(second(someContent(seed, 1000)), 1000) }
	if err := os.Truncate(path(1), 500); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path(2), bytes.Repeat([]byte("x"), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		spoolPrefix + "123": "half", "notes.txt": "mine", filepath.Base(path(0)) + "0": "wrong", filepath.Base(path(0))[:64] + "-+1": "1",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, filepath.Base(path(0))[:64]+"-7"), 0o755); err != nil {
		t.Fatal(err)
	}
	c = openCache(t, disk, 3000)
	if _, there, verified := c.find(second(someContent(0, 1000))); !there || verified {
		t.Errorf("there %v, verified %v before anyone looked", there, verified)
	}
	if err := c.verify(context.Background(), second(someContent(2, 1000))); !errors.Is(err, errDamaged) {
		t.Errorf("verified what was changed: %v", err)
	}
	if err := c.verify(context.Background(), second(someContent(3, 1000))); err != nil {
		t.Errorf("verified what was not: %v", err)
	}
	if got := fmt.Sprint(c.holds(t, 1000, 0, 1, 2, 3, 4)); got != "[0 3]" {
		t.Errorf("holds %s", got)
	}
	var left []string
	for _, file := range first(os.ReadDir(dir)) {
		left = append(left, file.Name())
	}
	want := []string{filepath.Base(path(0)), filepath.Base(path(3)), filepath.Base(path(0))[:64] + "-+1", "notes.txt"}
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left are %q,\nwant %q", left, want)
	}
}

func TestMissingFileIsFoundOut(t *testing.T) {
	disk := first(newDiskStorage(t.TempDir(), quiet))
	c := openCache(t, disk, 1<<20)
	content, h := someContent(1, 1000)
	mustAdd(t, c, content, h)
	if err := os.Remove(disk.path(h, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := c.read(h, make([]byte, 1), 0); err == nil {
		t.Error("it could be read")
	}
	if err := c.verify(context.Background(), h); err == nil {
		t.Error("it is verified")
	}
	if _, there, _ := c.find(h); there {
		t.Error("it is still there")
	}
}

func TestPinnedAssetsStay(t *testing.T) {
	c := openCache(t, newMemoryStorage(), 3000)
	ours, h := someContent(1, 2000)
	s := first(c.storage.spool())
	if _, err := s.Write(ours); err != nil {
		t.Fatal(err)
	}
	if err := c.add(s, h, 2000, true); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, c, first(someContent(2, 1000)), second(someContent(2, 1000)))
	mustAdd(t, c, first(someContent(3, 1000)), second(someContent(3, 1000)))
	if got := fmt.Sprint(c.holds(t, 2000, 1), c.holds(t, 1000, 2, 3)); got != "[1] [3]" {
		t.Errorf("holds %s", got)
	}
	if c.reserve(1001) || !c.reserve(600) || c.reserve(600) || c.room() != 1000 {
		t.Errorf("room for what is coming: %d bytes pinned, %d coming", c.pinned, c.coming)
	}
	c.release(600)
	if !c.reserve(1000) {
		t.Error("no room after a release")
	}
}
