package client

import (
	"slices"

	"github.com/loci-place/loci/netcode"
)

// historySize is how many revisions a client can be patched from. The place
// patches what was acknowledged last: at 20 Hz these last for three seconds of
// acknowledgements under way.
const historySize = 64

// history is the newest documents an agent had, so that a state can patch any
// revision that the place may take it to hold, not only the newest. As documents
// share what they have in common it costs little.
type history struct {
	documents []netcode.Document // newest last
}

// newest returns what the agent knows now.
func (h *history) newest() netcode.Document {
	if len(h.documents) == 0 {
		return netcode.Document{}
	}
	return h.documents[len(h.documents)-1]
}

// base finds the document a state starts from and forgets all older ones: the
// place has seen it acknowledged, and goes back no further.
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

// push adds a document. When there are too many the second oldest goes: the
// oldest is what the place patched last, and will patch again until it hears an
// acknowledgement, which will be of a new one.
func (h *history) push(d netcode.Document) {
	if len(h.documents) == historySize {
		h.documents = slices.Delete(h.documents, 1, 2)
	}
	h.documents = append(h.documents, d)
}
