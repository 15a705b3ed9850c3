package view

import (
	"time"

	"github.com/loci-place/loci/engine/world"
)

// MaxRevision is the largest revision sent; after it comes 1 again. The protocol
// allows more (2^53), but deployed C clients acknowledge with what they keep in a
// C int: past 2^31-1 they would name the same revision for ever.
const MaxRevision = 1<<31 - 1

// Revision is a state's number on the wire. Zero is left out: an acknowledgement
// of 0 asks for everything.
func Revision(number world.Stamp) uint64 {
	return uint64(number-1)%MaxRevision + 1
}

// Reach is how many revisions back the base of a patch may lie. C clients keep a
// state in the slot of its revision modulo 64, so one 64 revisions older has been
// overwritten (netcode/PROTOCOL.md, "State"). It is 62, as revisions leave out 0 when they
// wrap.
const Reach = 64 - 2

const (
	// promptTime is for how long an agent may acknowledge nothing and still be sent every
	// state, which is longer than acknowledgements take on any good link. As revisions it
	// is at least leastPrompt, and at most mostPrompt: those beyond are for stalls. So it is
	// 1.2 s up to 28 Hz, and 0.57 s at 60 Hz.
	promptTime  = 1200 * time.Millisecond
	leastPrompt = 24
	mostPrompt  = 34
	// stride is how far beyond its base an agent catches up with the place's numbers.
	stride = 16
	// creep is how many states there are for each number that it skips to catch up, where
	// acknowledgements take longer than that many states: more would leave too few numbers
	// for one in every heartbeat.
	creep = 16
	// doubtful is how many revisions it may be behind to be tried often, doubtInterval;
	// beyond, stallInterval lasts until the world has forgotten the base.
	doubtful      = 36
	doubtInterval = 250 * time.Millisecond
	stallInterval = 930 * time.Millisecond
	// silence is how long an agent acknowledges nothing before the next word from it
	// shows that it is back.
	silence = 500 * time.Millisecond
)

// numbering chooses the revisions of the states that one agent is sent, and how
// often it is sent one. A state's number is its stamp, the same for all agents, as
// long as acknowledgements come. An agent that has stalled is sent fewer states, which
// have numbers of their own, so that it can be patched from what it holds when it is
// back, however long it took. Then its numbers catch up with those of the others.
type numbering struct {
	prompt     world.Stamp // how many revisions the agent may be behind and still be sent every state
	base, last world.Stamp // of the base document and of the newest packet
	sent       time.Time   // when that went
	heard      time.Time   // when the last acknowledgement came
	woke       bool        // it came after a silence
}

func newNumbering(period time.Duration) numbering {
	return numbering{prompt: world.Stamp(min(max(promptTime/period, leastPrompt), mostPrompt))}
}

// next returns the number of the newest state.
func (n *numbering) next(now world.Stamp) world.Stamp {
	if n.base == 0 || now-n.base <= leastPrompt {
		return now
	}
	next := n.last + 1
	if next%creep == 0 && next-n.base < n.prompt {
		next++
	}
	return min(now, max(next, n.base+stride))
}

// spent reports whether no number is left that the base can be patched to.
func (n *numbering) spent() bool { return n.base != 0 && n.last >= n.base+Reach }

// waits reports whether it is too early for another state, as none of the last has
// been acknowledged.
func (n *numbering) waits(now time.Time) bool {
	if n.base == 0 || n.woke {
		return false
	}
	switch behind := n.last - min(n.base, n.last); {
	case behind < n.prompt:
		return false
	case behind < doubtful:
		return now.Sub(n.sent) < doubtInterval
	default:
		return now.Sub(n.sent) < stallInterval
	}
}

// stalled reports whether the agent has acknowledged none of the last states.
func (n *numbering) stalled() bool { return n.base != 0 && n.last >= n.base+n.prompt }

// hear notes that an acknowledgement came, whatever it names.
func (n *numbering) hear(now time.Time) {
	n.woke = n.woke || !n.heard.IsZero() && now.Sub(n.heard) >= silence
	n.heard = now
}

// send notes that a state went out under a number.
func (n *numbering) send(number world.Stamp, now time.Time) {
	n.last, n.sent, n.woke = number, now, false
}
