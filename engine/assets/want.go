package assets

import (
	"slices"

	"github.com/loci-place/loci/netcode"
)

// want is a range of an asset that an agent is to get: because it has asked, or
// because it is pushed the whole.
type want struct {
	agent       *Agent
	hash        netcode.AssetHash
	offset      int64
	length      int64
	publishedBy string // an entity whose agent has it, or ""
	push        bool
	asset       *asset // that it waits for, if that is not here yet
}

// look sees to it that what is wanted comes here, unless it is here; or, where the
// agent has too many searches going, unless one of those ends.
func (c *Centre) look(w *want) {
	_, there, verified := c.local(w.hash)
	if w.asset != nil || there && verified {
		return
	}
	s := c.assets[w.hash]
	if another := s == nil || s.waits[w.agent] == 0; another && w.agent.searches >= c.cfg.Searches {
		return
	}
	if s == nil {
		s = c.search(w.hash)
		if there {
			s.verify()
		}
	}
	s.join(w)
}

// lookOnSoon does lookOn when all is done that is being done.
func (a *Agent) lookOnSoon() { a.centre.logic.do(a.lookOn) }

// lookOn looks for what an agent wants and had too many searches going for.
func (a *Agent) lookOn() {
	if a.gone {
		return
	}
	for _, w := range slices.Clone(a.wants) {
		if slices.Contains(a.wants, w) { // and was not refused meanwhile
			a.centre.look(w)
		}
	}
	a.pump()
}

// ready reports whether something can be answered now, and how large the asset is.
func (c *Centre) ready(w *want) (total int64, ready bool) {
	if s := w.asset; s != nil {
		return s.total, s.phase == streaming && (w.length == 0 || w.offset >= s.total || c.window.find(w.hash, w.offset) != nil)
	}
	size, there, verified := c.local(w.hash)
	return size, there && verified
}

// piece makes the frame that answers w with up to n bytes.
func (c *Centre) piece(w *want, n, total int64) (piece, error) {
	var data []byte
	if w.asset != nil && n > 0 {
		data = c.window.find(w.hash, w.offset)
		n = min(n, int64(len(data)))
	}
	f := netcode.AssetFrame{MID: netcode.AssetData, Header: netcode.AssetHeader{
		ID: w.hash.ID(), Offset: uint64(w.offset), Length: uint64(n), TotalLength: uint64(total),
	}}
	c.frame = f.Append(c.frame[:0])
	head := len(c.frame)
	c.frame = slices.Grow(c.frame, int(n))[:head+int(n)]
	var err error
	if w.asset != nil {
		copy(c.frame[head:], data)
	} else if n > 0 {
		err = c.read(w.hash, c.frame[head:], w.offset)
	}
	return piece{c.frame, int(n)}, err
}

// detach is for when it no longer waits: it was answered, or the agent has left.
func (w *want) detach() {
	s := w.asset
	if s == nil {
		return
	}
	s.part(w)
	s.wants = slices.DeleteFunc(s.wants, func(o *want) bool { return o == w })
	if len(s.wants) == 0 {
		s.unwanted()
	}
	w.agent.lookOnSoon()
}
