package assets

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// spoolPrefix begins the names of files being received; those left by an earlier process are
// removed.
const spoolPrefix = "incoming-"

// diskStorage stores each asset in a file named by its hash and size, so that the directory
// shows what is there and what a crash has truncated. The modification time is the time of
// last use.
type diskStorage struct {
	dir string
	log *slog.Logger
}

var _ storage = (*diskStorage)(nil)

func newDiskStorage(dir string, log *slog.Logger) (*diskStorage, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	probe, err := os.CreateTemp(dir, spoolPrefix) // better now than with the first asset
	if err != nil {
		return nil, err
	}
	return &diskStorage{dir: dir, log: log}, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

func (s *diskStorage) path(h netcode.AssetHash, size int64) string {
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

func (s *diskStorage) items() ([]item, error) {
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
			// Not after now, even if the machine's clock has been set back since: otherwise it would
			// count as the most recently used until then.
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

func (s *diskStorage) sweep(name, why string) {
	s.log.Info("removing a file from the asset cache: it "+why, "file", name)
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.log.Warn("a file cannot be removed from the asset cache", "error", err)
	}
}

func (s *diskStorage) open(h netcode.AssetHash, size int64) (content, error) {
	f, err := os.Open(s.path(h, size))
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (s *diskStorage) remove(h netcode.AssetHash, size int64) error {
	err := os.Remove(s.path(h, size))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *diskStorage) touch(h netcode.AssetHash, size int64, at time.Time) {
	if err := os.Chtimes(s.path(h, size), at, at); err != nil {
		s.log.Debug("an asset's last use cannot be noted", "error", err)
	}
}

func (s *diskStorage) spool() (spool, error) {
	f, err := os.CreateTemp(s.dir, spoolPrefix)
	if err != nil {
		return nil, err
	}
	return &diskSpool{storage: s, File: f}, nil
}

// diskSpool is a file being received.
type diskSpool struct {
	storage *diskStorage
	*os.File
}

// commit writes the content to disk before it renames the file: otherwise there could be a
// name without content after a power cut.
func (s *diskSpool) commit(h netcode.AssetHash, size int64) error {
	err := cmp.Or(s.Sync(), s.Close())
	if err == nil {
		err = os.Rename(s.Name(), s.storage.path(h, size))
	}
	if err != nil {
		return fmt.Errorf("assets: keep %s: %w", h.ID(), err)
	}
	if dir, err := os.Open(s.storage.dir); err == nil {
		_ = dir.Sync() // not every system can; the worst is that the name is missing
		_ = dir.Close()
	}
	return nil
}

func (s *diskSpool) discard() {
	_ = s.Close()
	if err := os.Remove(s.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.storage.log.Warn("a file cannot be removed from the asset cache", "error", err)
	}
}

// memoryBlock is the size of the blocks of content in memory, so that growing content copies
// at most a block.
const memoryBlock = 256 << 10

// memoryStorage is a storage that is empty whenever the place opens.
type memoryStorage struct {
	mu     sync.RWMutex
	blocks map[netcode.AssetHash]memoryContent
}

var _ storage = (*memoryStorage)(nil)

func newMemoryStorage() *memoryStorage {
	return &memoryStorage{blocks: map[netcode.AssetHash]memoryContent{}}
}

func (s *memoryStorage) spool() (spool, error) { return &memorySpool{storage: s}, nil }

func (s *memoryStorage) open(h netcode.AssetHash, _ int64) (content, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.blocks[h]
	if !ok {
		return nil, errGone
	}
	return c, nil
}

func (s *memoryStorage) remove(h netcode.AssetHash, _ int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blocks, h)
	return nil
}

func (s *memoryStorage) touch(netcode.AssetHash, int64, time.Time) {}

func (s *memoryStorage) items() ([]item, error) { return nil, nil }

// memorySpool is content being received into memory.
type memorySpool struct {
	storage *memoryStorage
	blocks  memoryContent
}

func (s *memorySpool) Write(b []byte) (int, error) {
	written := len(b)
	for len(b) > 0 {
		last := len(s.blocks) - 1
		if last < 0 || len(s.blocks[last]) == memoryBlock {
			s.blocks = append(s.blocks, nil)
			last++
		}
		n := min(len(b), memoryBlock-len(s.blocks[last]))
		s.blocks[last] = append(s.blocks[last], b[:n]...)
		b = b[n:]
	}
	return written, nil
}

func (s *memorySpool) commit(h netcode.AssetHash, _ int64) error {
	if last := len(s.blocks) - 1; last >= 0 {
		s.blocks[last] = bytes.Clone(s.blocks[last]) // without what it had room for
	}
	s.storage.mu.Lock()
	defer s.storage.mu.Unlock()
	s.storage.blocks[h] = s.blocks
	return nil
}

func (s *memorySpool) discard() { s.blocks = nil }

// memoryContent is a list of blocks, which are full except for the last.
type memoryContent [][]byte

func (c memoryContent) ReadAt(b []byte, offset int64) (n int, err error) {
	for n < len(b) {
		at := offset + int64(n)
		block := int(at / memoryBlock)
		if at < 0 || block >= len(c) || int(at%memoryBlock) >= len(c[block]) {
			return n, io.EOF
		}
		n += copy(b[n:], c[block][at%memoryBlock:])
	}
	return n, nil
}

func (memoryContent) Close() error { return nil }
