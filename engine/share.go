package engine

import (
	"fmt"
	"time"

	"github.com/loci-place/loci/engine/bucket"
	"github.com/loci-place/loci/netcode"
)

// share is one connection's part of the place: what is left to it of each rate in [Limits].
// Its reader uses it.
type share struct {
	interactions, publications, patterns, entities, componentBytes, turn bucket.Bucket
}

// spend takes what a command costs out of the share. It tells which rate that is too much
// for, and how to say so, "" if there is enough. Responses are free: each was asked for.
func (s *share) spend(c *command, limits *Limits, now time.Time) (hit limit, why string) {
	if c.Type == netcode.TypeResponse {
		return 0, ""
	}
	take := func(l limit, what string, b *bucket.Bucket, n, rate int) {
		if why != "" || n == 0 {
			return
		}
		if wait := b.Take(float64(n), float64(rate), float64(rate)*limits.Burst.Seconds(), now); wait > 0 {
			hit, why = l, fmt.Sprintf("too many %s: at most %d a second; try again in %.1f s", what, rate, max(wait.Seconds(), 0.1))
		}
	}
	take(limitInteractions, "interactions", &s.interactions, 1, limits.InteractionRate)
	switch {
	case c.Type == netcode.TypePublication:
		take(limitPublications, "publications", &s.publications, 1, limits.PublicationRate)
	case c.To != PlaceID || c.Type != netcode.TypeRequest:
	case c.verb == "subscribe":
		take(limitPatterns, "subscriptions", &s.patterns, 1, limits.PatternRate)
	case c.verb == "change_acl":
		take(limitPatterns, "rules", &s.patterns, min(len(c.rules.add), limits.Rules), limits.PatternRate)
	case c.verb == "spawn_entity":
		take(limitEntities, "entities", &s.entities, min(entitiesIn(c.args), limits.SpecEntities), limits.SpawnRate)
		take(limitComponentBytes, "bytes of components", &s.componentBytes, c.size, limits.ComponentByteRate)
	case c.verb == "change_components", c.verb == "add_property_animation":
		take(limitComponentBytes, "bytes of components", &s.componentBytes, c.size, limits.ComponentByteRate)
	}
	return hit, why
}

// entitiesIn counts what a spawn_entity describes.
func entitiesIn(args []any) int {
	n := 0
	var count func(v any)
	count = func(v any) {
		n++
		spec, _ := v.(map[string]any)
		children, _ := spec["children"].([]any)
		for _, child := range children {
			count(child)
		}
	}
	if len(args) > 0 {
		count(args[0])
	}
	return n
}

// overspent answers a request that the agent has no share left for; anything else is
// dropped and counted. That is no violation: who is busy is not ill-meaning.
func (p *Place) overspent(a *agent, c *command) {
	if c.Type == netcode.TypeRequest && c.RequestID != "" {
		_ = p.answer(a.session, &c.Interaction, c.verb, "error", c.tooMuch)
		return
	}
	a.dropped++
	if now := p.now(); now.Sub(a.complained) >= lateReport {
		a.complained = now
		a.log.Warn("dropping what an agent sends", "because", c.tooMuch, "dropped", a.dropped)
	}
}
