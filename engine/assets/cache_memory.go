package assets

import (
	"bytes"
	"io"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// memoryBlock is how content in memory is cut: so it needs little more than has come, and
// no more than a block is ever copied to grow.
const memoryBlock = 256 << 10

// memoryShelf is a shelf that is empty whenever the place opens.
type memoryShelf struct {
	mu     sync.RWMutex
	blocks map[netcode.AssetHash]memoryContent
}

var _ shelf = (*memoryShelf)(nil)

func newMemoryShelf() *memoryShelf {
	return &memoryShelf{blocks: map[netcode.AssetHash]memoryContent{}}
}

func (s *memoryShelf) spool() (spool, error) { return &memorySpool{shelf: s}, nil }

func (s *memoryShelf) open(h netcode.AssetHash, _ int64) (content, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.blocks[h]
	if !ok {
		return nil, errGone
	}
	return c, nil
}

func (s *memoryShelf) remove(h netcode.AssetHash, _ int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.blocks, h)
	return nil
}

func (s *memoryShelf) touch(netcode.AssetHash, int64, time.Time) {}

func (s *memoryShelf) items() ([]item, error) { return nil, nil }

// memorySpool is content that is coming into memory.
type memorySpool struct {
	shelf  *memoryShelf
	blocks memoryContent
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
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	s.shelf.blocks[h] = s.blocks
	return nil
}

func (s *memorySpool) discard() { s.blocks = nil }

// memoryContent is blocks that are full, but for the last.
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
