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
	limitCommandQueueBytes
	limitAssetQueueBytes
	limitBadPackets
	limitViolations
	limitUpkeep
	limitOffers
	limitSubscriptionSteps
	limitKeys
	limitAnimationBytes
	limitMemory
	limitCommandByteRate
	limitPlaceQueueBytes
	limitRelayedBytes
	limitSendQueueBytes
	limitPlaceSendQueueBytes
	limits
)

// limitTexts say what limits are called in metrics and logs, and which field of [Limits] sets
// each.
var limitTexts = [limits]struct{ name, field string }{
	limitInteractions:      {"interactions", "InteractionRate"},
	limitPublications:      {"publications", "PublicationRate"},
	limitPatterns:          {"patterns", "PatternRate"},
	limitEntities:          {"entities", "SpawnRate"},
	limitComponentBytes:    {"component_bytes", "ComponentByteRate"},
	limitMedia:             {"media", "MediaRate"},
	limitTurnTime:          {"turn_time", "TurnTime"},
	limitRequests:          {"requests", "Requests"},
	limitCommandBytes:      {"command_bytes", "CommandBytes"},
	limitCommandQueueBytes: {"command_queue_bytes", "CommandQueueBytes"},
	limitAssetQueueBytes:   {"asset_queue_bytes", "AssetQueueBytes"},
	limitBadPackets:        {"bad_packets", "BadPackets"},
	limitViolations:        {"violations", "Violations"},
	limitUpkeep:            {"upkeep_time", "UpkeepTime"},
	limitOffers:            {"offers", "Offers"},
	limitSubscriptionSteps: {"subscription_steps", "SubscriptionSteps"},
	limitKeys:              {"keys", "Keys"},
	limitAnimationBytes:    {"animation_bytes", "AnimationBytes"},
	limitMemory:            {"memory", "Memory"},
	limitCommandByteRate:   {"command_byte_rate", "CommandByteRate"},
	limitPlaceQueueBytes:   {"place_command_queue_bytes", "PlaceCommandQueueBytes"},

	limitRelayedBytes:        {"relayed_bytes", "RelayByteRate"},
	limitSendQueueBytes:      {"send_queue_bytes", "SendQueueBytes"},
	limitPlaceSendQueueBytes: {"place_send_queue_bytes", "PlaceSendQueueBytes"},
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
		log.Warn("an agent is over a limit", "limit", limitTexts[l].name, "because", why, "set", "--limit "+LimitFlag(limitTexts[l].field)+"=…")
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
			all = append(all, LimitCount{limitTexts[i].name, n})
		}
	}
	return all
}
