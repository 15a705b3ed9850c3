package view

import "github.com/loci-place/loci/engine/world"

// log is what one agent was sent and acknowledged.
type log struct {
	sent   []world.Stamp // a ring: state s is at s modulo its length
	newest world.Stamp   // last state sent, 0 = none
	acked  world.Stamp   // newest state acknowledged, 0 = none
}

func newLog(window int) log { return log{sent: make([]world.Stamp, window)} }

func (l *log) send(s world.Stamp) {
	l.sent[l.slot(s)] = s
	l.newest = s
}

// acknowledge notes that the agent holds a revision and tells whether it was sent
// to it lately. Zero means that it holds nothing; one older than the newest
// acknowledged is late, and says nothing new.
func (l *log) acknowledge(rev uint64) bool {
	if rev == 0 {
		l.acked = 0
		return true
	}
	s, ok := l.stamp(rev)
	if ok && s > l.acked {
		l.acked = s
	}
	return ok
}

// stamp finds the state behind a revision: the newest sent that it can mean.
func (l *log) stamp(rev uint64) (world.Stamp, bool) {
	if l.newest == 0 || rev > MaxRevision {
		return 0, false
	}
	behind := (revision(l.newest) + MaxRevision - rev) % MaxRevision
	if behind >= uint64(len(l.sent)) || behind >= uint64(l.newest) {
		return 0, false
	}
	s := l.newest - world.Stamp(behind)
	return s, l.sent[l.slot(s)] == s
}

func (l *log) slot(s world.Stamp) int { return int(s % world.Stamp(len(l.sent))) }
