package world

import "math"

// Stamp numbers the states of a world, from 1 up. State n holds every edit
// stamped n or less.
type Stamp uint64

// life is when something existed: now, if since is not 0, and in earlier spans.
type life struct {
	since Stamp // first state it is in; 0 = it is not there now
	past  []span
}

// span is an earlier existence: in the states from <= s < to.
type span struct{ from, to Stamp }

func (l *life) alive() bool { return l.since != 0 }

func (l *life) begin(at Stamp) { l.since = at }

// end closes the current existence. Spans that no delta can start in any more,
// those over by floor, are let go.
func (l *life) end(at, floor Stamp) {
	kept := l.past[:0]
	for _, s := range l.past {
		if s.to > floor {
			kept = append(kept, s)
		}
	}
	if l.since < at {
		kept = append(kept, span{l.since, at})
	}
	l.past, l.since = kept, 0
}

// lastEnd is when the newest past existence ended.
func (l *life) lastEnd() Stamp {
	if len(l.past) == 0 {
		return 0
	}
	return l.past[len(l.past)-1].to
}

// existed reports whether it was there in the base state of d.
func (l *life) existed(d *delta) bool {
	if l.since != 0 && !d.after(l.since) {
		return true
	}
	for _, s := range l.past {
		if !d.after(s.from) && d.after(s.to) {
			return true
		}
	}
	return false
}

// delta is one walk from a base state to the newest. It notes which other bases
// would have given the very same result: each lo <= base < hi.
type delta struct {
	base   Stamp
	lo, hi Stamp
}

func newDelta(base Stamp) delta { return delta{base: base, hi: math.MaxUint64} }

// after reports whether s is newer than the base. Every decision of a walk goes
// through it, which is what makes lo and hi exact.
func (d *delta) after(s Stamp) bool {
	if s > d.base {
		d.hi = min(d.hi, s)
		return true
	}
	d.lo = max(d.lo, s)
	return false
}
