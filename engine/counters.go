package engine

import (
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine/view"
	"github.com/loci-place/loci/netcode"
)

// counters are what the place has done since it was made. Fields without atomics are
// used on the place's turn only.
type counters struct {
	due         atomic.Int64 // when the next heartbeat is, in nanoseconds on the place's clock; 0 = not open
	phases      [phases]Histogram
	beats, late Histogram
	states      [stateStyles]uint64
	joined      uint64
	shed        [sheddings]atomic.Uint64
	limited     [limits]atomic.Uint64
	decisions   [acl.Allow + 1][reasons]uint64
	traffic     [2][kinds][versions]flow
	verbs       map[string]*outcomeCounts // the official ones; never changed
	otherVerbs  outcomeCounts             // agents make up as many as they like
}

type outcomeCounts [outcomes]atomic.Uint64

func newCounters() *counters {
	c := &counters{beats: newHistogram(), late: newHistogram(), verbs: map[string]*outcomeCounts{}}
	for i := range c.phases {
		c.phases[i] = newHistogram()
	}
	for verb := range officialVerbs {
		c.verbs[verb] = &outcomeCounts{}
	}
	return c
}

// Phases of a heartbeat, in order.
const (
	phaseIntents = iota
	phaseSimulation
	phaseScripts
	phaseStates
	phases
)

var phaseNames = [phases]string{"intents", "simulation", "scripts", "states"}

// laps times the phases of one heartbeat.
type laps struct {
	counters    *counters
	began, last time.Time
}

func (c *counters) beat() laps {
	now := time.Now()
	return laps{c, now, now}
}

// end ends a phase, and begins the next.
func (l *laps) end(phase int) {
	now := time.Now()
	l.counters.phases[phase].observe(now.Sub(l.last))
	l.last = now
}

// over ends the heartbeat, and gives how long it took.
func (l *laps) over() time.Duration {
	took := time.Since(l.began)
	l.counters.beats.observe(took)
	return took
}

// Styles of states by why they are sent so.
const (
	stateFirst  = iota // from scratch, to an agent that was never sent one
	stateAgain         // from scratch, because the agent lost what it had or never got it
	stateChange        // what has changed
	stateStyles
)

var stateNames = [stateStyles]string{"first", "again", "change"}

// state counts a packet of an agent's that was sent a number of states from scratch
// before.
func (c *counters) state(a *agent, packet view.Packet, sets uint64) {
	if packet.Data == nil {
		return
	}
	style := stateChange
	if a.view.Sets() != sets {
		style = stateAgain
		if sets == 0 {
			style = stateFirst
		}
	}
	c.states[style]++
	c.sent(netcode.KindState, a.session.version(), len(packet.Data), 1)
}

// Directions of packets, as the place sees them.
const (
	directionIn = iota
	directionOut
)

const (
	kinds = int(netcode.KindClock) + 1
	// Versions 1 to 3 are sent media and assets alike, by whole lists of connections:
	// there they count as one.
	versionsAlike = netcode.MaxVersion + 1
	versions      = netcode.MaxVersion + 2 // 0 = not announced
)

var versionNames = [versions]string{"none", "1", "2", "3", "4", "1-3"}

var kindNames = [kinds]string{"unknown", "state", "command", "asset", "media", "clock"}

type flow struct{ packets, bytes atomic.Uint64 }

// sent counts a packet that goes to so many connections.
func (c *counters) sent(kind netcode.Kind, version, bytes, to int) {
	f := &c.traffic[directionOut][kind][version]
	f.packets.Add(uint64(to))
	f.bytes.Add(uint64(to) * uint64(bytes))
}

func (c *counters) received(kind netcode.Kind, version, bytes int) {
	f := &c.traffic[directionIn][kind][version]
	f.packets.Add(1)
	f.bytes.Add(uint64(bytes))
}

// versionOf returns the version of the agents that get packets of a kind on a channel,
// versionsAlike if several do.
func versionOf(kind netcode.Kind, channel uint8) int {
	version := 0
	for v := netcode.MinVersion; v <= netcode.MaxVersion; v++ {
		if d, _ := netcode.DialectOf(v); d.Kind(channel) == kind {
			if version != 0 {
				return versionsAlike
			}
			version = v
		}
	}
	return version
}

// version is what the session has announced, 0 for nothing yet.
func (s *session) version() int {
	if d := s.dialect.Load(); d != nil {
		return d.Version
	}
	return 0
}

// countedTransport counts the assets that go through it.
type countedTransport struct {
	netcode.Transport
	counters *counters
}

// Send implements [netcode.Transport].
func (t countedTransport) Send(p netcode.Packet, to ...netcode.Conn) error {
	t.counters.sent(netcode.KindAsset, versionOf(netcode.KindAsset, p.Channel), len(p.Data), len(to))
	return t.Transport.Send(p, to...)
}

// Outcomes of interactions.
const (
	outcomeOK         = iota // the place has answered it
	outcomeFailed            // it has answered that it cannot be done as things are
	outcomeError             // that it makes no sense, or is not allowed
	outcomeCarried           // it was carried to its receiver, which may answer
	outcomeDenied            // a rule denies it
	outcomeRejected          // it cannot be carried, or is forged
	outcomeUnreadable        // it is no interaction
	outcomes
)

var outcomeNames = [outcomes]string{"ok", "failed", "error", "carried", "denied", "rejected", "unreadable"}

func (c *counters) interaction(verb string, outcome int) {
	counts := c.verbs[verb]
	if counts == nil {
		counts = &c.otherVerbs
	}
	counts[outcome].Add(1)
}

// answered counts what the place has answered, which is known by the first item.
func (c *counters) answered(verb string, items []any) {
	outcome := outcomeOK
	if first, ok := text(items, 0); ok {
		switch first {
		case "failed":
			outcome = outcomeFailed
		case "error":
			outcome = outcomeError
		}
	}
	c.interaction(verb, outcome)
}

// Reasons of decisions.
const (
	becauseRule = iota
	becauseDefault
	becauseGuardError // its guard does not work on the message
	becauseFailure    // the rule could not be tried
	reasons
)

var reasonNames = [reasons]string{"rule", "default", "guard_error", "failure"}

func (c *counters) decided(d acl.Decision) {
	because := becauseRule
	switch {
	case d.Failure != nil:
		because = becauseFailure
	case d.GuardError != nil:
		because = becauseGuardError
	case d.Rule == nil:
		because = becauseDefault
	}
	c.decisions[d.Verdict][because]++
}
