package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/loci-place/loci/engine/bucket"
	"github.com/loci-place/loci/netcode"
)

// resource is something of which each agent has a rate.
type resource int

const (
	interactions resource = iota
	publicationsSent
	patterns
	entities
	componentBytes
	commandBytes
	relayedBytes
	turnTime // seconds of the place's turn
	resources
)

// ratelimit is how much of a resource an agent may use, on average and at once.
type ratelimit struct {
	limit            limit
	words            string
	perSecond, burst float64
}

// ratelimits are those of all resources.
func (l *Limits) ratelimits() (all [resources]ratelimit) {
	for _, r := range []struct {
		resource resource
		limit    limit
		words    string
		rate     int
	}{
		{interactions, limitInteractions, "interactions", l.InteractionRate},
		{publicationsSent, limitPublications, "publications", l.PublicationRate},
		{patterns, limitPatterns, "subscriptions or rules", l.PatternRate},
		{entities, limitEntities, "entities", l.SpawnRate},
		{componentBytes, limitComponentBytes, "bytes of components", l.ComponentByteRate},
		{commandBytes, limitCommandByteRate, "bytes of commands", l.CommandByteRate},
		{relayedBytes, limitRelayedBytes, "relayed bytes", l.RelayByteRate},
	} {
		all[r.resource] = ratelimit{r.limit, r.words, float64(r.rate), float64(r.rate) * l.Burst.Seconds()}
	}
	all[turnTime] = ratelimit{limitTurnTime, "seconds of the place's turn", l.TurnTime.Seconds(), l.TurnTime.Seconds() / turnAtOnce}
	return all
}

// turnAtOnce is what part of [Limits].TurnTime may be taken at once.
const turnAtOnce = 4

// quota is what one agent has used of its rates. It is safe for concurrent use: the agent's
// reader spends from it before a command is handed on, and the place settles afterwards.
type quota struct {
	rates *[resources]ratelimit

	mu   sync.Mutex
	used [resources]bucket.Bucket
	key  string // that the agent has proven to have, "" if none
}

// spend takes what a command costs out of the quota. If there is too little, it returns which limit that is of, and how to say so. Responses are free: each was
// asked for. So is what changes the agent's own entities, as far as their number goes: bytes,
// entities and the time of the turn bound it.
func (q *quota) spend(c *command, limits *Limits, now time.Time) (hit limit, why string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for r, n := range c.uses(limits) {
		if n == 0 {
			continue
		}
		if hit, why := q.takeLocked(resource(r), n, now); why != "" {
			return hit, why
		}
	}
	return 0, ""
}

// take is spend for so much of one resource.
func (q *quota) take(r resource, n float64, now time.Time) (hit limit, why string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.takeLocked(r, n, now)
}

func (q *quota) takeLocked(r resource, n float64, now time.Time) (hit limit, why string) {
	rate := &q.rates[r]
	if wait := q.used[r].Take(n, rate.perSecond, rate.burst, now); wait > 0 {
		return rate.limit, fmt.Sprintf("too many %s: at most %g a second; try again in %.1f s", rate.words, rate.perSecond, max(wait.Seconds(), 0.1))
	}
	return 0, ""
}

// charge takes what a command costs out of the quota, be it there or not: an announce is
// never refused for what came before it.
func (q *quota) charge(c *command, limits *Limits, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for r, n := range c.uses(limits) {
		q.used[r].Charge(n, q.rates[r].perSecond, q.rates[r].burst, now)
	}
}

// spent returns how much of a resource has been used that has not come back.
func (q *quota) spent(r resource, now time.Time) float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.used[r].Spent(q.rates[r].perSecond, now)
}

// reserve takes so much of a resource and returns after how long it may be used.
func (q *quota) reserve(r resource, n float64, now time.Time) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	rate := &q.rates[r]
	return q.used[r].Reserve(n, rate.perSecond, rate.burst, now)
}

// settle corrects a reserve of the turn's time by what was used more, or, below 0, less.
func (q *quota) settle(seconds float64, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	rate := &q.rates[turnTime]
	q.used[turnTime].Charge(seconds, rate.perSecond, rate.burst, now)
}

// inherit makes as much count as used as another quota has used, up to so many bursts of each.
func (q *quota) inherit(from *quota, bursts float64, now time.Time) {
	from.mu.Lock()
	used := from.used
	from.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	for r := range used {
		rate := &q.rates[r]
		q.used[r].Inherit(min(used[r].Spent(rate.perSecond, now), bursts*rate.burst), rate.perSecond, now)
	}
}

// isFull reports whether nothing has been used that has not come back.
func (q *quota) isFull(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for r := range q.used {
		if q.used[r].Spent(q.rates[r].perSecond, now) > 0 {
			return false
		}
	}
	return true
}

// usedUp is how much of each resource.
type usedUp [resources]float64

// uses returns what a command costs, the time of the turn apart.
func (c *command) uses(limits *Limits) (cost usedUp) {
	if c.Type == netcode.TypeResponse {
		return cost
	}
	asks := c.official
	if c.To != PlaceID || c.Type != netcode.TypeRequest {
		asks = nil
	}
	if asks == nil || !asks.own {
		cost[interactions] = 1
	}
	if c.Type == netcode.TypePublication {
		cost[publicationsSent] = 1
	}
	if asks != nil && asks.uses != nil {
		asks.uses(c, &cost)
		cost[entities] = min(cost[entities], float64(limits.SpecEntities)) // more are refused
		cost[patterns] = min(cost[patterns], float64(limits.Rules))
	}
	return cost
}

// What a command takes of the turn, roughly: it is charged before the command is done, and
// set right when that is known. An entity is counted with its removal.
const (
	secondsPerCommand = 20e-6
	secondsPerByte    = 20e-9
	secondsPerEntity  = 30e-6
)

// seconds estimates what a command takes of the place's turn.
func (c *command) seconds() float64 {
	return secondsPerCommand + secondsPerByte*float64(c.size) + secondsPerEntity*float64(c.entities())
}

// entities counts what a spawn_entity or an announce describes.
func (c *command) entities() int {
	switch {
	case c.dropped:
		return c.described
	case c.official != nil && c.official.describes != nil:
		if spec := c.official.describes(c); spec != nil {
			return countEntities(spec)
		}
	}
	return 0
}

func countEntities(v any) int {
	spec, _ := v.(map[string]any)
	children, _ := spec["children"].([]any)
	n := 1
	for _, child := range children {
		n += countEntities(child)
	}
	return n
}
