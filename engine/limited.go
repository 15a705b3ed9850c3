package engine

import (
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/loci-place/loci/netcode"
)

// limit is one of [Limits] that agents have hit.
type limit int

const (
	limitInteractions limit = iota
	limitPublications
	limitPatterns
	limitEntities
	limitComponentBytes
	limitMedia
	limitTurnTime
	limitRequests
	limitCommandBytes
	limitCommandQueue
	limitCommandQueueBytes
	limitAssetQueueBytes
	limitBadPackets
	limitViolations
	limitUpkeep
	limitOffers
	limits
)

// limitNames are what limits are called in metrics and logs, and limitFields the fields of
// [Limits] that set them.
var limitNames = [limits]string{
	"interactions", "publications", "patterns", "entities", "component_bytes", "media", "turn_time", "requests",
	"command_bytes", "command_queue", "command_queue_bytes", "asset_queue_bytes", "bad_packets", "violations",
	"upkeep_time", "offers",
}

var limitFields = [limits]string{
	"InteractionRate", "PublicationRate", "PatternRate", "SpawnRate", "ComponentByteRate", "MediaRate", "TurnTime", "Requests",
	"CommandBytes", "CommandQueue", "CommandQueueBytes", "AssetQueueBytes", "BadPackets", "Violations",
	"UpkeepTime", "Offers",
}

// warnings remembers which limits the log says that an agent has hit: once for each.
type warnings struct{ of atomic.Uint64 }

// first reports whether the limit has not been warned of.
func (w *warnings) first(l limit) bool { return w.of.Or(1<<l)&(1<<l) == 0 }

// limited counts that an agent has hit a limit, and has the log say so once. It may be called
// from any goroutine.
func (p *Place) limited(s *session, log *slog.Logger, l limit, why string) {
	p.counts.hit(l)
	if s.warned.first(l) {
		log.Warn("an agent is over a limit", "limit", limitNames[l], "because", why, "set", "--limit "+LimitFlag(limitFields[l])+"=…")
	}
}

// slowed hears that an agent's entities are animated and moved less often.
func (p *Place) slowed(owner string) {
	if a := p.agents[owner]; a != nil {
		p.limited(a.session, a.log, limitUpkeep, fmt.Sprintf(
			"its entities take more than %v of each second of heartbeats: they are animated at a lower rate", p.cfg.Limits.UpkeepTime))
		return
	}
	p.counts.hit(limitUpkeep)
}

// overspent answers a request that the agent has no share left for; anything else is
// dropped. That is no violation: an agent that is busy means no harm.
func (p *Place) overspent(a *agent, c *command) {
	if c.Type == netcode.TypeRequest && c.RequestID != "" {
		_ = p.answer(a.session, &c.Interaction, c.verb, "error", c.tooMuch)
	}
	p.limited(a.session, a.log, c.hit, c.tooMuch)
}

// hit counts that an agent has hit a limit. It may be called from any goroutine.
func (c *counters) hit(l limit) { c.limited[l].Add(1) }

func (c *counters) limitCounts() []LimitCount {
	var all []LimitCount
	for i := range c.limited {
		if n := c.limited[i].Load(); n > 0 {
			all = append(all, LimitCount{limitNames[i], n})
		}
	}
	return all
}
