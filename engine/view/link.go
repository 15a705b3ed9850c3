package view

import "time"

// MinBudget is what fits in one unreliable datagram: nothing stalls behind it.
// What is larger than [NoResendBudget] travels as reliable fragments, each of which
// holds up the rest when it is lost.
const MinBudget = 1372

const (
	// quick is how soon a packet must be acknowledged for the link to be trusted
	// with more: two heartbeats of the place and one of the agent, and some way.
	quick = 250 * time.Millisecond
	// slow is how long nothing may be acknowledged before it is given less.
	slow = 800 * time.Millisecond
	// wary and patient are how long a link that was given too much stays below
	// that: at first, and at most.
	wary    = 2 * time.Second
	patient = time.Minute
)

// link learns how many bytes a packet to one agent may have: twice as many after
// each acknowledgement that comes quickly, half after none came for a while, and
// less where packets take several heartbeats to arrive.
type link struct {
	budget, most int
	ceiling      int           // too much, not long ago
	until        time.Time     // when ceiling is forgotten
	caution      time.Duration // how long the next ceiling holds
	heard        time.Time     // last acknowledgement, or cut of the budget
	behind       float64       // share of heartbeats skipped, lately
	weight       float64       // of the newest heartbeat in that
	trip         time.Duration // round trip, as the transport has it
}

// usualPeriod is the time between states at the usual rate, and usualWeight that of one of
// them in link.behind.
const (
	usualPeriod = 50 * time.Millisecond
	usualWeight = 0.1
)

// newLink returns the link to a new agent, for packets of up to most bytes. An
// acknowledgement takes as long where heartbeats are more, so each of them weighs less.
func newLink(most int, period time.Duration) link {
	most = max(most, MinBudget)
	return link{
		budget: MinBudget, most: most, ceiling: most, caution: wary,
		weight: usualWeight * min(1, float64(period)/float64(usualPeriod)),
	}
}

// acknowledged notes that a packet of size bytes sent at a time has arrived. The
// budget grows only if it was used.
func (l *link) acknowledged(size int, sent, now time.Time) {
	l.heard = now
	if now.After(l.until) {
		l.ceiling = l.most
	}
	if size > l.budget/2 && now.Sub(sent) <= quick {
		l.budget = min(2*l.budget, l.ceiling)
	}
}

// tick halves the budget if acknowledgements are overdue, but no further of an agent
// that has stalled: that says nothing about its link.
func (l *link) tick(now time.Time, stalled bool) {
	if l.heard.IsZero() || stalled {
		l.heard = now
	}
	if now.Sub(l.heard) < slow {
		return
	}
	l.heard = now
	l.cut(l.budget/2, now)
}

// skip notes a heartbeat without a packet, since one of size bytes was still on its
// way. On a long way that is fine for two of three: where more are skipped, less at
// a time is better. On a short way it means that somebody cannot keep up.
func (l *link) skip(size int, now time.Time) {
	often := 0.8
	if l.short() {
		often = 0.15
	}
	l.behind += l.weight * (1 - l.behind)
	if l.behind > often {
		l.behind = 0
		l.cut(size/2, now)
	}
}

// short reports whether a packet can be acknowledged before the next but one.
func (l *link) short() bool { return l.trip < 70*time.Millisecond }

// keepUp notes a heartbeat with a packet.
func (l *link) keepUp() { l.behind *= 1 - l.weight }

// cut lowers the budget, and keeps it there longer each time.
func (l *link) cut(to int, now time.Time) {
	if l.budget <= MinBudget {
		return
	}
	l.budget = max(min(to, l.budget), MinBudget)
	l.ceiling = l.budget
	l.until = now.Add(l.caution)
	l.caution = min(2*l.caution, patient)
}
