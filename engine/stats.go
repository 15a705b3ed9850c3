package engine

import (
	"slices"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
)

// Stats is how a place is doing, in numbers. What counts goes on from [New] on.
type Stats struct {
	Name     string
	Rate     float64       // heartbeats a second that there are to be
	Uptime   time.Duration // on the place's clock
	Entities int
	Joined   uint64       // agents that have ever joined
	Agents   []AgentStats // in the order they came

	Beats  Histogram // whole heartbeats
	Phases []Phase   // of them, in order
	Late   Histogram // how late they began

	Shedding Shedding
	Shed     []ShedCount
	Limited  []LimitCount
	Memory   MemoryStats

	States       []StateCount
	Traffic      []Traffic
	Interactions []InteractionCount
	Decisions    []DecisionCount // of the access rules
	Rules        int             // in force
	Assets       assets.Stats
	Drops        []netcode.DropCount // by the transports, those of 0 included
}

// AgentStats is one agent and its connection.
type AgentStats struct {
	Agent
	Link     netcode.Stats
	Here     time.Duration // since it joined
	Entities int           // that it owns
	Sets     uint64        // how often it was sent a state from scratch over this connection
	Away     bool          // it has lost its connection, and is waited for
}

// Phase is a part of the heartbeat: "intents", "simulation", "scripts" (which stands for
// the place's behaviour, whatever that is) or "states".
type Phase struct {
	Name string
	Histogram
}

// StateCount counts states by why they were sent so: "first" is from scratch to an agent
// that never was sent one, "again" from scratch because it lost what it had or has not
// said that it got it, "change" what has changed.
type StateCount struct {
	Style string
	Count uint64
}

// ShedCount counts what was shed: with "far" heartbeats, with "states" states, and with
// "video" and "media" packets, those of "media" being of other tracks than video.
type ShedCount struct {
	What  string
	Count uint64
}

// LimitCount counts how often agents hit one of [Limits]: "interactions", "publications",
// "patterns", "entities" and "component_bytes" are commands that were too much for their
// rates, "media" packets that were dropped, "turn_time" and "command_byte_rate" are how often an agent had to wait,
// "relayed_bytes", "send_queue_bytes" and "place_send_queue_bytes" are messages that were not
// passed on, or how often an agent that takes no answers had to wait, "requests" are those
// refused as too many were open, and "memory" what was refused for want of room, or connections. With "command_bytes", "command_queue", "command_queue_bytes",
// "place_command_queue_bytes", "asset_queue_bytes", "bad_packets" and "violations" it is
// connections that it cost. "upkeep_time" counts heartbeats in which an agent's entities were
// animated or moved less, and "subscription_steps" subscriptions that were not tried. None of
// 0 is listed.
type LimitCount struct {
	Limit string
	Count uint64
}

// Traffic is what the place has sent or received of a kind: "state" (and intents),
// "command", "media", "asset" and "clock". Version is that of the agents; media and
// assets that the place sends count as "1-3" where those versions are sent the same, and
// what comes before an announce as "none".
type Traffic struct {
	Sent           bool
	Kind, Version  string
	Packets, Bytes uint64
}

// InteractionCount counts interactions from agents by verb, "other" for all that are not
// official, and by what became of them: "ok", "failed" and "error" are answers of the
// place's, "carried" was passed on to its receiver, "denied" a rule denies, "rejected"
// could not be carried or was forged, "unreadable" is none. None of 0 is listed.
type InteractionCount struct {
	Verb, Outcome string
	Count         uint64
}

// DecisionCount counts what the access rules decided, and why: by a "rule", by
// "default", because of a "guard_error", or by the "failure" of a rule.
type DecisionCount struct {
	Verdict, Because string
	Count            uint64
}

// Stats tells how the place is doing. It waits for the place's turn, and then takes
// about a microsecond for each agent. It may be called from any goroutine but not on the
// turn, and when the place has closed too.
func (p *Place) Stats() Stats {
	p.turn.lock("Place.Stats")
	defer p.turn.unlock()
	c := p.counts
	s := Stats{
		Name: p.cfg.Name, Rate: p.cfg.Rate, Uptime: p.now().Sub(p.started),
		Entities: p.world.Len(), Joined: c.joined, Agents: make([]AgentStats, 0, len(p.order)),
		Beats: c.beats.clone(), Late: c.late.clone(),
		Limited: c.limitCounts(), Memory: p.Memory(), Interactions: c.interactionCounts(), Traffic: c.trafficCounts(),
		Rules: len(p.access.list.Rules()), Assets: p.assets.Stats(),
	}
	for _, a := range p.order {
		s.Agents = append(s.Agents, a.stats())
	}
	for i := range c.phases {
		s.Phases = append(s.Phases, Phase{phaseNames[i], c.phases[i].clone()})
	}
	s.Shedding = Shedding(p.overload.level.Load())
	for i := ShedFar; i < sheddings; i++ {
		s.Shed = append(s.Shed, ShedCount{i.String(), c.shed[i].Load()})
	}
	for i, n := range c.states {
		s.States = append(s.States, StateCount{stateNames[i], n})
	}
	for verdict := range c.decisions {
		for i, n := range c.decisions[verdict] {
			s.Decisions = append(s.Decisions, DecisionCount{acl.Verdict(verdict).String(), reasonNames[i], n})
		}
	}
	s.Drops = drops(p.cfg.Transports)
	return s
}

func (a *agent) stats() AgentStats {
	s := AgentStats{
		Agent: a.public(), Here: a.place.now().Sub(a.since),
		Entities: a.place.world.CountOwned(a.id), Away: a.away(),
	}
	if s.Away {
		return s
	}
	s.Sets = a.view.Sets()
	s.Link, _ = a.place.transport.Stats(a.session.conn)
	return s
}

func (c *counters) interactionCounts() []InteractionCount {
	var all []InteractionCount
	add := func(verb string, counts *outcomeCounts) {
		for i := range counts {
			if n := counts[i].Load(); n > 0 {
				all = append(all, InteractionCount{verb, outcomeNames[i], n})
			}
		}
	}
	verbs := make([]string, 0, len(c.verbs))
	for verb := range c.verbs {
		verbs = append(verbs, verb)
	}
	slices.Sort(verbs)
	for _, verb := range verbs {
		add(verb, c.verbs[verb])
	}
	add("other", &c.otherVerbs)
	return all
}

func (c *counters) trafficCounts() []Traffic {
	var all []Traffic
	for direction := range c.traffic {
		for kind := range c.traffic[direction] {
			for version := range c.traffic[direction][kind] {
				f := &c.traffic[direction][kind][version]
				if n := f.packets.Load(); n > 0 {
					all = append(all, Traffic{direction == directionOut, kindNames[kind], versionNames[version], n, f.bytes.Load()})
				}
			}
		}
	}
	return all
}

// Access gives all access rules in the order in which they are tried, what change_acl
// added included, and the verdict where none matches.
func (t *Turn) Access() ([]*acl.Rule, acl.Verdict) {
	list := t.on().access.list
	return list.Rules(), list.Default()
}

// Health is whether a place works at all.
type Health struct {
	Open bool          // agents can join: it has been opened, and not been closed
	Late time.Duration // how long a heartbeat has been due
}

// Health reports whether the place works. It waits for nothing, so that it has an answer
// where the place hangs.
func (p *Place) Health() Health {
	due := p.counts.due.Load()
	if due == 0 || p.closed.Load() {
		return Health{}
	}
	return Health{Open: true, Late: max(0, p.now().Sub(p.started)-time.Duration(due))}
}

// expectBeat lets Health know when the next heartbeat is due.
func (p *Place) expectBeat() { p.counts.due.Store(max(1, int64(p.beat.next.Sub(p.started)))) }
