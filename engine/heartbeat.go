package engine

import (
	"runtime/debug"
	"time"

	"github.com/loci-place/loci/engine/sim"
	"github.com/loci-place/loci/engine/view"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// beat times the heartbeats and holds what they reuse.
type beat struct {
	timer    *time.Timer
	next     time.Time
	last     time.Time
	swept    time.Time
	reckoned time.Time
	late     int           // since reported
	worst    time.Duration // of those
	reported time.Time
	movers   []sim.Mover // of one agent
	outgoing []outgoing
	count    int
	one      [1]netcode.Conn
}

// outgoing is one packet and everybody it goes to.
type outgoing struct {
	packet netcode.Packet
	to     []netcode.Conn
}

func (b *beat) until(now time.Time) time.Duration { return b.next.Sub(now) }

// heartbeat makes and sends the next state of the place.
func (p *Place) heartbeat() {
	now := p.now()
	late := p.schedule(now)
	p.giveUpWaiting(now)
	dt := now.Sub(p.beat.last).Seconds()
	p.beat.last = now
	laps := p.counts.beat()
	p.clearAway(p.cfg.Limits.Removals)
	p.takeIntents(now)
	laps.end(phaseIntents)
	p.act(dt)
	clock := p.Time()
	p.upkeep.animate(p.world, clock)
	p.self.SetNumber("clock", "time", clock)
	laps.end(phaseSimulation)
	p.hooks.behaviour.Beat(&p.host, dt)
	p.hooks.behaviour.Settle(&p.host)
	laps.end(phaseScripts)
	p.sendStates(now)
	p.world.Advance()
	laps.end(phaseStates)
	p.kept.keepSome(now)
	if now.Sub(p.beat.reckoned) >= holdingsInterval {
		p.beat.reckoned = now
		p.boundMemory()
	}
	if now.Sub(p.beat.swept) >= time.Second {
		p.beat.swept = now
		p.sweep()
	}
	p.media.Refresh(max(1, int(p.cfg.Rate*hearsEvery.Seconds())))
	p.felt(late, laps.over())
}

// hearsEvery is how often [Config.Hears] is asked about each track again, some of them
// with every heartbeat.
const hearsEvery = 500 * time.Millisecond

// lateReport is how often at most the log says that heartbeats are late.
const lateReport = 10 * time.Second

// schedule sets when the next heartbeat is due. They keep their pace when one is
// a little late; what was missed by more than a beat is not made up for.
// It gives how late this one is.
func (p *Place) schedule(now time.Time) (late time.Duration) {
	b, period := &p.beat, p.period()
	late = max(0, now.Sub(b.next))
	p.counts.late.observe(late)
	b.next = b.next.Add(period)
	defer p.expectBeat()
	if late <= 2*period {
		return late
	}
	b.next = now.Add(period)
	b.late++
	b.worst = max(b.worst, late)
	if now.Sub(b.reported) >= lateReport {
		p.log.Warn("heartbeats are late: the machine is too busy", "late", b.late, "worst", b.worst)
		b.reported, b.late, b.worst = now, 0, 0
	}
	return late
}

// period is the time between heartbeats.
func (p *Place) period() time.Duration { return time.Duration(float64(time.Second) / p.cfg.Rate) }

// takeIntents takes each agent's newest intent and acknowledgement.
func (p *Place) takeIntents(now time.Time) {
	for _, a := range p.order {
		if a.away() {
			continue
		}
		m, fresh := a.session.takeIntent(a.intent)
		a.intent = m
		if fresh && m.HasAck && !a.view.Acknowledge(m.Ack, now) {
			a.log.Debug("acknowledged a state it was not sent", "revision", m.Ack)
		}
	}
}

// act lets the latest intents of all agents act.
func (p *Place) act(dt float64) {
	for _, a := range p.order {
		p.beat.movers = a.appendMovers(p.beat.movers[:0], p.world)
		p.upkeep.step(p.world, a.id, p.beat.movers, dt)
	}
}

// appendMovers appends the agent's entities that its latest intents speak for.
func (a *agent) appendMovers(dst []sim.Mover, w *world.World) []sim.Mover {
	first := len(dst)
	for i := range a.intent.Intents {
		intent := &a.intent.Intents[i]
		id := intent.EntityID
		if id == "" {
			id = a.avatar
		}
		e := w.Entity(id)
		if e == nil || e.Owner() != a.id {
			continue
		}
		dst = append(dst, sim.Mover{Entity: e, Intent: intent})
		if id == a.avatar { // which goes first
			last := len(dst) - 1
			dst[first], dst[last] = dst[last], dst[first]
		}
	}
	return dst
}

// sendStates sends every agent its packet, each packet once for all who share it.
func (p *Place) sendStates(now time.Time) {
	p.views.Observe()
	p.beat.outgoing = p.beat.outgoing[:0]
	p.beat.count++
	for i, a := range p.order {
		if a.away() || p.skips(i) {
			continue
		}
		sets := a.view.Sets()
		packet := a.view.Next(now, p.busy(a, (p.beat.count+i)%wayEvery == 0))
		p.counts.state(a, packet, sets)
		switch {
		case packet.Data == nil:
		case packet.Shared:
			o := p.outgoing(statePacket(a, packet))
			o.to = append(o.to, a.session.conn)
		default:
			p.beat.one[0] = a.session.conn
			p.sendState(statePacket(a, packet), p.beat.one[:])
		}
	}
	for _, o := range p.beat.outgoing {
		p.sendState(o.packet, o.to)
	}
	if err := p.transport.Flush(); err != nil {
		p.log.Debug("states not sent", "error", err)
	}
}

func statePacket(a *agent, s view.Packet) netcode.Packet {
	return netcode.Packet{Channel: a.dialect.State, NoResend: s.NoResend, More: true, Data: s.Data}
}

func (p *Place) sendState(packet netcode.Packet, to []netcode.Conn) {
	if err := p.transport.Send(packet, to...); err != nil {
		p.log.Warn("state not sent", "bytes", len(packet.Data), "agents", len(to), "error", err)
	}
}

// wayEvery is every how many heartbeats it is looked how long the way to an agent is.
const wayEvery = 16

// busy reports whether a state that had to be sent in fragments is still on its way
// to an agent.
func (p *Place) busy(a *agent, look bool) bool {
	bulky := a.view.Bulky()
	if !bulky && !look {
		return false
	}
	s, _ := p.transport.Stats(a.session.conn)
	a.view.SetRoundTrip(s.RTT)
	return bulky && s.Busy
}

// outgoing finds the packet among those of this heartbeat, or adds it.
func (p *Place) outgoing(packet netcode.Packet) *outgoing {
	list := p.beat.outgoing
	for i := range list {
		o := &list[i].packet
		if o.Channel == packet.Channel && o.NoResend == packet.NoResend && &o.Data[0] == &packet.Data[0] {
			return &list[i]
		}
	}
	if len(list) < cap(list) {
		list = list[:len(list)+1]
	} else {
		list = append(list, outgoing{})
	}
	o := &list[len(list)-1]
	o.packet, o.to = packet, o.to[:0]
	p.beat.outgoing = list
	return o
}

// sweep forgets states too old to be acknowledged.
func (p *Place) sweep() {
	p.upkeep.sweep()
	p.kept.keep(nil, nil) // what is gone without a trace cannot be forgotten
	if now, window := p.world.Now(), world.Stamp(p.window()); now > window {
		p.world.Sweep(now - window)
	}
}

// window is how many states back an acknowledgement may lie.
func (p *Place) window() int { return int(p.cfg.Limits.Window.Seconds() * p.cfg.Rate) }

// complain logs what agents can set off as often as they like, now and then.
func (p *Place) complain(what string, args ...any) {
	if now := time.Now(); now.Sub(p.complained) >= lateReport {
		p.complained = now
		p.log.Error(what, args...)
	}
}

// safely runs f on the place's turn. A bug that one message or one heartbeat sets off is logged, and
// the place goes on for everybody else.
func (p *Place) safely(what string, f func()) {
	p.turn.lock("a " + what)
	defer p.turn.unlock()
	defer func() {
		if r := recover(); r != nil {
			p.log.Error("bug in the place: "+what+" failed", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	f()
	p.hooks.behaviour.Settle(&p.host)
}
