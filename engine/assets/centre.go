package assets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/loci-place/loci/netcode"
)

var (
	// ErrNoRoom: an asset is larger than MaxBytes, or than what the host's other
	// assets leave of the cache.
	ErrNoRoom = errors.New("assets: no room in the cache")
	// ErrClosed: the centre has been closed.
	ErrClosed = errors.New("assets: closed")
)

// Centre serves assets to agents. Its methods may be called from any goroutine; none
// but Add, FileID and Close takes long.
type Centre struct {
	cfg    Config
	log    *slog.Logger
	cache  *cache  // nil if there is none
	folder *folder // nil if there is none
	logic  *worker // decides, and reads and writes pieces
	disk   *worker // does what takes long
	ctx    context.Context
	cancel context.CancelFunc

	hits, misses atomic.Uint64

	// All below belongs to logic.
	agents []*Agent // in the order they came
	assets map[netcode.AssetHash]*asset
	window window
	frame  []byte // memory for one to send
}

// New opens the cache. Nothing is served before Start.
func New(cfg Config) (*Centre, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	c := &Centre{
		cfg: cfg, log: cfg.Logger, logic: newWorker(cfg.Logger), disk: newWorker(cfg.Logger),
		assets: map[netcode.AssetHash]*asset{},
	}
	if cfg.CacheBytes > 0 {
		s, err := newStorage(&cfg)
		if err == nil {
			c.cache, err = newCache(s, cfg.CacheBytes, cfg.Logger)
		}
		if err != nil {
			return nil, fmt.Errorf("assets: cache: %w", err)
		}
	}
	if cfg.Folder != "" {
		f, err := openFolder(cfg.Folder, cfg.MaxBytes)
		if err != nil {
			return nil, fmt.Errorf("assets: folder: %w", err)
		}
		c.folder = f
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, nil
}

func newStorage(cfg *Config) (storage, error) {
	if cfg.Dir == "" {
		return newMemoryStorage(), nil
	}
	return newDiskStorage(cfg.Dir, cfg.Logger)
}

// Start begins to serve.
func (c *Centre) Start() {
	c.logic.start()
	c.disk.start()
}

// Close ends all transfers and waits until nothing is at work any more. Closing twice
// is fine.
func (c *Centre) Close() error {
	c.cancel()
	c.logic.close()
	c.disk.close()
	for _, s := range c.assets {
		s.discard()
	}
	clear(c.assets)
	if c.folder != nil {
		return c.folder.close()
	}
	return nil
}

// Join adds an agent, whose asset frames travel on a channel of a connection. Waits, if not nil, is
// called with how many bytes of them wait from now on, and with the same below 0 when they no
// longer do, from any goroutine.
func (c *Centre) Join(id string, conn netcode.Conn, channel uint8, waits func(bytes int64)) *Agent {
	a := c.newAgent(id, conn, channel, waits)
	c.logic.do(func() { c.agents = append(c.agents, a) })
	return a
}

// newAgent makes an agent that nobody asks for anything.
func (c *Centre) newAgent(id string, conn netcode.Conn, channel uint8, waits func(bytes int64)) *Agent {
	if waits == nil {
		waits = func(int64) {}
	}
	return &Agent{
		centre: c, id: id, to: []netcode.Conn{conn}, channel: channel, waits: waits, transport: c.cfg.Transport,
		in: newPace(), out: newPace(), pushed: map[netcode.AssetHash]*want{},
	}
}

// Leave ends what an agent wanted, and looks elsewhere for what it was to give.
func (c *Centre) Leave(a *Agent) {
	c.logic.do(func() {
		a.gone = true
		c.agents = slices.DeleteFunc(c.agents, func(o *Agent) bool { return o == a })
		for _, w := range a.wants {
			w.detach()
		}
		a.wants = nil
		for _, s := range c.assets {
			s.giveUpOther(a)
			if s.source == a {
				s.lose("left")
			}
		}
	})
}

// Add takes an asset of the host's, which stays while the place is open, and gives its
// id. It takes as long as reading it does; with a cache on disk, until it is safe
// there.
func (c *Centre) Add(r io.Reader) (id string, err error) {
	switch {
	case c.ctx.Err() != nil:
		return "", ErrClosed
	case c.cache == nil:
		return "", ErrNoRoom
	}
	s, err := c.cache.storage.spool()
	if err != nil {
		return "", fmt.Errorf("assets: %w", err)
	}
	room := min(c.cfg.MaxBytes, c.cache.room())
	hash, n, err := hashOf(c.ctx, io.TeeReader(io.LimitReader(r, room+1), s))
	if err == nil && n > room {
		err = fmt.Errorf("%w for more than %d bytes", ErrNoRoom, room)
	}
	if err != nil {
		s.discard()
		return "", err
	}
	if err := c.cache.add(s, hash, n, true); err != nil {
		return "", err
	}
	c.arrived(hash)
	return hash.ID(), nil
}

// FileID returns the id of a file in the folder, by which it is served from now on. The
// name is a path in it, with slashes: "models/door.glb". It is read as a whole, unless
// it has not changed since the last time. The error is [ErrNoFile] if it is not there,
// or outside.
func (c *Centre) FileID(name string) (id string, err error) {
	hash, err := c.file(name)
	if err != nil {
		return "", err
	}
	return hash.ID(), nil
}

func (c *Centre) file(name string) (netcode.AssetHash, error) {
	if c.folder == nil {
		return netcode.AssetHash{}, fmt.Errorf("%w: there is no folder", ErrNoFile)
	}
	hash, err := c.folder.id(c.ctx, name)
	if err == nil {
		c.arrived(hash)
	}
	return hash, err
}

// KnownFile is FileID without looking at the disk: it tells what the id was when the
// file was last read, if it was.
func (c *Centre) KnownFile(name string) (id string, known bool) {
	if c.folder == nil {
		return "", false
	}
	hash, ok := c.folder.known(name)
	if !ok {
		return "", false
	}
	return hash.ID(), true
}

// arrived serves those who wait for what is here now.
func (c *Centre) arrived(h netcode.AssetHash) {
	c.logic.do(func() {
		if s := c.assets[h]; s != nil && s.phase == searching {
			s.finish()
		}
	})
}

// local reports whether an asset is here, and may be served.
func (c *Centre) local(h netcode.AssetHash) (size int64, there, verified bool) {
	if c.folder != nil {
		if size, there = c.folder.find(h); there {
			return size, true, true
		}
	}
	if c.cache != nil {
		return c.cache.find(h)
	}
	return 0, false, false
}

// read reads from an asset that is here. What cannot be read is not served again
// before it was looked at.
func (c *Centre) read(h netcode.AssetHash, b []byte, offset int64) error {
	if c.folder != nil {
		if _, there := c.folder.find(h); there {
			return c.folder.read(h, b, offset)
		}
	}
	err := c.cache.read(h, b, offset)
	if err != nil {
		c.cache.doubt(h)
	}
	return err
}
