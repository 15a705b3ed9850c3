package client

import (
	"slices"

	"github.com/loci-place/loci/netcode"
)

// historySize is the number of revisions that a client keeps as bases for patches. The place
// patches the last acknowledged one: at 20 Hz these suffice for three seconds of round trip.
const historySize = 64

// history holds the newest documents of an agent, so that a state can patch any revision that
// the place may have seen acknowledged, not only the newest. Documents share what they have in
// common, so it costs little.
type history struct {
	documents []netcode.Document // newest last
}

// newest returns the newest document.
func (h *history) newest() netcode.Document {
	if len(h.documents) == 0 {
		return netcode.Document{}
	}
	return h.documents[len(h.documents)-1]
}

// base returns the document that a state starts from, and drops all older ones: the place has
// seen it acknowledged, and does not go back further.
func (h *history) base(style netcode.PatchStyle, from uint64) (netcode.Document, bool) {
	if style == netcode.StyleSet {
		return netcode.Document{}, true
	}
	i, ok := h.find(from)
	if !ok {
		return netcode.Document{}, false
	}
	h.documents = slices.Delete(h.documents, 0, i)
	return h.documents[0], true
}

// holds reports whether base would find a document.
func (h *history) holds(style netcode.PatchStyle, from uint64) bool {
	_, ok := h.find(from)
	return ok || style == netcode.StyleSet
}

func (h *history) find(revision uint64) (int, bool) {
	for i := len(h.documents) - 1; i >= 0; i-- {
		if h.documents[i].Revision == revision {
			return i, true
		}
	}
	return 0, false
}

// push adds a document. If there are too many it drops the second oldest: the place patches the
// oldest until it gets an acknowledgement of a newer one.
func (h *history) push(d netcode.Document) {
	if len(h.documents) == historySize {
		h.documents = slices.Delete(h.documents, 1, 2)
	}
	h.documents = append(h.documents, d)
}
