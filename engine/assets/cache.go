package assets

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

var (
	// errDamaged: the stored content does not match its name.
	errDamaged = errors.New("assets: damaged")
	// errGone: the asset is no longer in the cache.
	errGone = errors.New("assets: gone from the cache")
)

// cache keeps track of what is in its storage, and evicts assets over its limit. It may be
// used from any goroutine.
type cache struct {
	storage storage
	limit   int64
	most    int // entries, as each costs something however small it is
	log     *slog.Logger

	storing sync.Mutex // held while something is put on the storage, or taken off

	mu      sync.Mutex // held only for moments: of what follows
	entries map[netcode.AssetHash]*entry
	recent  *list.List // of *entry, the one used last at the front
	used    int64      // bytes of all entries
	pinned  int64      // of those that are not to go
	coming  int64      // that are promised to spools
}

// entry is one cached asset.
type entry struct {
	hash     netcode.AssetHash
	size     int64
	verified bool // its content was seen to be what its hash says
	pinned   bool
	touched  time.Time
	place    *list.Element
}

// storage stores content by hash and size, on disk or in memory.
type storage interface {
	// spool begins new content, whose hash and size are not known yet.
	spool() (spool, error)
	open(h netcode.AssetHash, size int64) (content, error)
	remove(h netcode.AssetHash, size int64) error
	// touch records the time of use, for the next time the place opens.
	touch(h netcode.AssetHash, size int64, at time.Time)
	// items lists the contents, the least recently used first.
	items() ([]item, error)
}

type item struct {
	hash netcode.AssetHash
	size int64
}

// spool is content being received.
type spool interface {
	io.Writer
	// commit makes it durable; it may take long.
	commit(h netcode.AssetHash, size int64) error
	discard()
}

type content interface {
	io.ReaderAt
	io.Closer
}

// touchEvery is the minimum time between two calls of touch for an entry.
const touchEvery = time.Minute

func newCache(s storage, limit int64, log *slog.Logger) (*cache, error) {
	const leastMost, small = 64, 1 << 10
	c := &cache{storage: s, limit: limit, most: max(leastMost, int(limit/small)), log: log, entries: map[netcode.AssetHash]*entry{}, recent: list.New()}
	items, err := s.items()
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		c.put(i.hash, i.size)
	}
	c.discard(c.shrink(nil))
	return c, nil
}

// find reports whether an asset is cached, and whether it has been verified.
func (c *cache) find(h netcode.AssetHash) (size int64, there, verified bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[h]
	if e == nil {
		return 0, false, false
	}
	return e.size, true, e.verified
}

// read reads from an asset, and marks it as used.
func (c *cache) read(h netcode.AssetHash, b []byte, offset int64) error {
	c.mu.Lock()
	e := c.entries[h]
	if e == nil {
		c.mu.Unlock()
		return errGone
	}
	c.recent.MoveToFront(e.place)
	size, now := e.size, time.Now()
	touch := now.Sub(e.touched) >= touchEvery
	if touch {
		e.touched = now
	}
	c.mu.Unlock()
	if touch {
		c.storage.touch(h, size, now)
	}
	from, err := c.storage.open(h, size)
	if err != nil {
		return err
	}
	defer from.Close()
	return readFull(from, b, offset)
}

func readFull(from io.ReaderAt, b []byte, offset int64) error {
	if n, err := from.ReadAt(b, offset); n < len(b) {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return nil
}

// verify reads a whole asset, and removes it if it is damaged.
func (c *cache) verify(ctx context.Context, h netcode.AssetHash) error {
	size, there, _ := c.find(h)
	if !there {
		return errGone
	}
	err := c.check(ctx, h, size)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		c.log.Warn("a cached asset is damaged, and dropped", "asset", h.ID(), "error", err)
		c.remove(h)
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[h]; e != nil {
		e.verified = true
	}
	return nil
}

func (c *cache) check(ctx context.Context, h netcode.AssetHash, size int64) error {
	from, err := c.storage.open(h, size)
	if err != nil {
		return err
	}
	defer from.Close()
	got, n, err := hashOf(ctx, io.NewSectionReader(from, 0, size))
	if err == nil && (got != h || n != size) {
		err = errDamaged
	}
	return err
}

// hashOf reads all of r, unless ctx ends.
func hashOf(ctx context.Context, r io.Reader) (h netcode.AssetHash, n int64, err error) {
	sum := sha256.New()
	n, err = io.Copy(sum, &ctxReader{ctx, r})
	return netcode.AssetHash(sum.Sum(nil)), n, err
}

type ctxReader struct {
	ctx context.Context
	io.Reader
}

func (r *ctxReader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}

// doubt makes an asset unverified again.
func (c *cache) doubt(h netcode.AssetHash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[h]; e != nil {
		e.verified = false
	}
}

// room returns the maximum size of a further pinned asset.
func (c *cache) room() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(c.limit-c.pinned, 0)
}

// reserve reserves room for content being received, and reports whether there can be any. It
// evicts nothing yet, because the content may never arrive.
func (c *cache) reserve(size int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if size > c.limit-c.pinned-c.coming {
		return false
	}
	c.coming += size
	return true
}

func (c *cache) release(size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.coming -= size
}

// add adds the content of a spool, which matches its hash. A pinned asset stays while the
// place is open.
func (c *cache) add(s spool, h netcode.AssetHash, size int64, pin bool) error {
	c.storing.Lock()
	defer c.storing.Unlock()
	if err := s.commit(h, size); err != nil {
		s.discard()
		return err
	}
	e := c.put(h, size)
	c.mu.Lock()
	e.verified = true
	if pin && !e.pinned {
		e.pinned = true
		c.pinned += e.size
	}
	c.mu.Unlock()
	c.discard(c.shrink(e))
	return nil
}

// put adds an entry for stored content.
func (c *cache) put(h netcode.AssetHash, size int64) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[h]
	if e != nil {
		c.recent.MoveToFront(e.place)
		return e
	}
	e = &entry{hash: h, size: size}
	e.place = c.recent.PushFront(e)
	c.entries[h] = e
	c.used += size
	return e
}

// shrink removes the least recently used entries until the rest is within the limit. It
// returns them; the caller removes them from the storage.
func (c *cache) shrink(keep *entry) (gone []*entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at := c.recent.Back(); at != nil && (c.used > c.limit || len(c.entries) > c.most); {
		e := at.Value.(*entry)
		at = at.Prev()
		if e != keep && !e.pinned {
			c.forget(e)
			gone = append(gone, e)
		}
	}
	return gone
}

func (c *cache) forget(e *entry) {
	c.recent.Remove(e.place)
	delete(c.entries, e.hash)
	c.used -= e.size
	if e.pinned {
		c.pinned -= e.size
	}
}

// remove removes an asset; it may take long.
func (c *cache) remove(h netcode.AssetHash) {
	c.storing.Lock()
	defer c.storing.Unlock()
	c.mu.Lock()
	e := c.entries[h]
	if e != nil {
		c.forget(e)
	}
	c.mu.Unlock()
	if e != nil {
		c.discard([]*entry{e})
	}
}

func (c *cache) discard(gone []*entry) {
	for _, e := range gone {
		if err := c.storage.remove(e.hash, e.size); err != nil {
			c.log.Warn("an asset cannot be removed from the cache", "asset", e.hash.ID(), "error", err)
		}
	}
}
