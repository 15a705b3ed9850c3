package assets

import (
	"crypto/sha256"
	"slices"

	"github.com/loci-place/loci/netcode"
)

// windowBytes is how much of what streams through is kept for those who come for it a
// little later than others.
const windowBytes = 4 << 20

// window holds what has streamed through lately.
type window struct {
	chunks []chunk // the newest last
	bytes  int
}

type chunk struct {
	hash   netcode.AssetHash
	offset int64
	data   []byte
}

func (w *window) add(c chunk) {
	w.chunks = append(w.chunks, c)
	w.bytes += len(c.data)
	for w.bytes > windowBytes && len(w.chunks) > 1 {
		w.bytes -= len(w.chunks[0].data)
		w.chunks = slices.Delete(w.chunks, 0, 1)
	}
}

// find gives what there is from an offset on, nil if there is nothing.
func (w *window) find(h netcode.AssetHash, offset int64) []byte {
	for _, c := range slices.Backward(w.chunks) {
		if at := offset - c.offset; c.hash == h && at >= 0 && at < int64(len(c.data)) {
			return c.data[at:]
		}
	}
	return nil
}

func (w *window) drop(h netcode.AssetHash) {
	w.chunks = slices.DeleteFunc(w.chunks, func(c chunk) bool {
		if c.hash == h {
			w.bytes -= len(c.data)
		}
		return c.hash == h
	})
}

// beginStream has it pass through from now on. Some may have waited for no more than
// its size.
func (s *asset) beginStream() {
	s.phase, s.have, s.sum = streaming, 0, sha256.New()
	s.serve()
}

func (s *asset) serve() {
	for _, w := range slices.Clone(s.wants) {
		w.agent.pump()
	}
}

// stream asks for what somebody waits for, who waits longest first.
func (s *asset) stream() {
	for _, w := range s.wants {
		if _, ready := s.centre.ready(w); !ready {
			s.ask(w.offset)
			return
		}
	}
}

// pass serves what has come to all who wait for it. Who is served it cannot be told in
// time that it is not what it should be, but the next who ask get it from elsewhere.
func (s *asset) pass(offset int64, data []byte) {
	if offset == s.have {
		s.sum.Write(data)
		s.have += int64(len(data))
	}
	if s.have == s.total && netcode.AssetHash(s.sum.Sum(nil)) != s.hash {
		s.source.lies++
		s.centre.window.drop(s.hash)
		s.phase = searching
		s.lose("gave something else")
		return
	}
	s.centre.window.add(chunk{s.hash, offset, data})
	s.serve()
}
