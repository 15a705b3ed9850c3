package engine

import (
	"fmt"
	"time"

	"github.com/loci-place/loci/netcode"
)

var (
	listAgentsVerb = official{name: "list_agents", answer: listAgents}
	kickAgentVerb  = official{name: "kick_agent", answer: kickAgent}
)

// listAgents tells who is here: ["list_agents"].
func listAgents(r *Request) {
	if len(r.Args) != 0 {
		r.Refuse("want nothing but the verb")
		return
	}
	p := r.agent.place
	list := make([]any, len(p.order))
	for i, a := range p.order {
		avatar := p.world.Entity(a.avatar)
		list[i] = map[string]any{
			"display_name": a.public().DisplayName(),
			"agent_id":     a.id,
			"avatar_id":    a.avatar,
			"is_visor":     avatar != nil && avatar.Has("visor"),
			"stats":        p.stats(a),
			"verified":     a.verified,
			"bound":        a.bound,
		}
	}
	r.OK(list)
}

// stats describes an agent's connection in words.
func (p *Place) stats(a *agent) string {
	if a.away() {
		return fmt.Sprintf("connection lost, waited for %v more", a.until.Sub(p.now()).Round(time.Second))
	}
	s, ok := p.transport.Stats(a.session.conn)
	if !ok {
		return "no connection"
	}
	return fmt.Sprintf("version %d, RTT %d ms (± %d), loss %.1f %%, sent %d packets (%d kB), received %d (%d kB), here for %v",
		a.version, s.RTT.Milliseconds(), s.RTTVariance.Milliseconds(), 100*s.Loss,
		s.SentPackets, s.SentBytes/1000, s.RecvPackets, s.RecvBytes/1000, p.now().Sub(a.since).Round(time.Second))
}

// kickAgent sends an agent away: ["kick_agent", agent id].
func kickAgent(r *Request) {
	id, ok := text(r.Args, 0)
	switch {
	case !ok || len(r.Args) != 1:
		r.Refuse("want an agent id")
	case r.agent.place.agents[id] == nil:
		r.Refuse(fmt.Sprintf("there is no agent %.100q", id))
	default:
		r.OK()
		r.agent.place.dismiss(r.agent.place.agents[id], netcode.CodeKicked)
	}
}
