package assets

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode"
)

// spoolPrefix begins the names of files that are coming in; those that an earlier
// run has left are removed.
const spoolPrefix = "incoming-"

// diskShelf keeps each asset in a file that is named by its hash and size, so that a
// look at the directory tells what is there, and what a crash has cut short. When it
// was last used is its modification time.
type diskShelf struct {
	dir string
	log *slog.Logger
}

var _ shelf = (*diskShelf)(nil)

func newDiskShelf(dir string, log *slog.Logger) (*diskShelf, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	probe, err := os.CreateTemp(dir, spoolPrefix) // better now than with the first asset
	if err != nil {
		return nil, err
	}
	return &diskShelf{dir: dir, log: log}, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (s *diskShelf) path(h netcode.AssetHash, size int64) string {
	return filepath.Join(s.dir, hex.EncodeToString(h[:])+"-"+strconv.FormatInt(size, 10))
}

// parseName is the inverse of path, for a file's name.
func parseName(name string) (item, bool) {
	digits, length, _ := strings.Cut(name, "-")
	h, err := netcode.ParseAssetID("asset:sha256:" + digits)
	if err != nil {
		return item{}, false
	}
	size, err := strconv.ParseInt(length, 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != length {
		return item{}, false
	}
	return item{h, size}, true
}

func (s *diskShelf) items() ([]item, error) {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	type dated struct {
		item
		at time.Time
	}
	var found []dated
	for _, file := range files {
		if strings.HasPrefix(file.Name(), spoolPrefix) {
			s.sweep(file.Name(), "was never complete")
			continue
		}
		i, ok := parseName(file.Name())
		if !ok {
			continue // not ours to touch
		}
		info, err := file.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() != i.size {
			s.sweep(file.Name(), "is not of the size it should be")
			continue
		}
		at := info.ModTime()
		if now := time.Now(); at.After(now) {
			// The machine's clock has been set back since: it must not count as used last
			// until that time comes.
			at = now
			s.touch(i.hash, i.size, now)
		}
		found = append(found, dated{i, at})
	}
	slices.SortStableFunc(found, func(a, b dated) int { return a.at.Compare(b.at) })
	items := make([]item, len(found))
	for n, f := range found {
		items[n] = f.item
	}
	return items, nil
}

func (s *diskShelf) sweep(name, why string) {
	s.log.Info("removing a file from the asset cache: it "+why, "file", name)
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.log.Warn("a file cannot be removed from the asset cache", "error", err)
	}
}

func (s *diskShelf) open(h netcode.AssetHash, size int64) (content, error) {
	f, err := os.Open(s.path(h, size))
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s *diskShelf) remove(h netcode.AssetHash, size int64) error {
	err := os.Remove(s.path(h, size))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *diskShelf) touch(h netcode.AssetHash, size int64, at time.Time) {
	if err := os.Chtimes(s.path(h, size), at, at); err != nil {
		s.log.Debug("an asset's last use cannot be noted", "error", err)
	}
}

func (s *diskShelf) spool() (spool, error) {
	f, err := os.CreateTemp(s.dir, spoolPrefix)
	if err != nil {
		return nil, err
	}
	return &diskSpool{shelf: s, File: f}, nil
}

// diskSpool is a file that is coming in.
type diskSpool struct {
	shelf *diskShelf
	*os.File
}

// commit has the content on the disk before its name says that it is there: else
// there would be a name without content after a power cut.
func (s *diskSpool) commit(h netcode.AssetHash, size int64) error {
	err := cmp.Or(s.Sync(), s.Close())
	if err == nil {
		err = os.Rename(s.Name(), s.shelf.path(h, size))
	}
	if err != nil {
		return fmt.Errorf("assets: keep %s: %w", h.ID(), err)
	}
	if dir, err := os.Open(s.shelf.dir); err == nil {
		_ = dir.Sync() // not every system can; the worst is that the name is missing
		_ = dir.Close()
	}
	return nil
}

func (s *diskSpool) discard() {
	_ = s.Close()
	if err := os.Remove(s.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.shelf.log.Warn("a file cannot be removed from the asset cache", "error", err)
	}
}
