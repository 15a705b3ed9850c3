package engine

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
	limits
)

var limitNames = [limits]string{
	"interactions", "publications", "patterns", "entities", "component_bytes", "media", "turn_time", "requests",
	"command_bytes", "command_queue", "command_queue_bytes", "asset_queue_bytes", "bad_packets", "violations",
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
