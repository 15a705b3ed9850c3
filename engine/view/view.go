package view

import "time"

// SetInterval is how long an agent that was sent the whole state may take to
// acknowledge it before it is sent again.
const SetInterval = time.Second

// View is what one agent knows of the world.
type View struct {
	press *Press
	patch bool // understands JSON Patch
	log   log
	// set is when the whole state was last sent and not yet acknowledged.
	set  time.Time
	sets uint64
}

// New gives the view of an agent that knows nothing yet. Acknowledgements of the
// last window states are understood. With patch, the agent understands JSON Patch.
func New(press *Press, window int, patch bool) *View {
	return &View{press: press, patch: patch, log: newLog(window)}
}

// Acknowledge notes that the agent holds a revision, or nothing at all if it is
// 0, and tells whether that can be: only what was sent to it lately counts.
func (v *View) Acknowledge(rev uint64) bool {
	if rev == 0 && v.log.acked == 0 {
		return true // it says so until the whole state has reached it
	}
	ok := v.log.acknowledge(rev)
	if ok && v.log.acked != 0 || rev == 0 {
		v.set = time.Time{}
	}
	return ok
}

// Next gives the agent's packet for the newest state, or nil if it should wait.
// The bytes are shared, and good until the world advances.
func (v *View) Next(now time.Time) []byte {
	w := v.press.w
	base := v.log.acked
	if base != 0 && base < w.Oldest() {
		base = 0
	}
	if base == 0 {
		if !v.set.IsZero() && now.Sub(v.set) < SetInterval {
			return nil
		}
		v.set = now
		v.sets++
	}
	v.log.send(w.Now())
	return v.press.Packet(base, v.patch)
}

// Sets counts how often the whole state was sent.
func (v *View) Sets() uint64 { return v.sets }
