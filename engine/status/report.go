package status

import (
	"cmp"
	"slices"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
)

// Report is what the page shows.
type Report struct {
	Name     string  `json:"name"`
	NotReady string  `json:"not_ready"` // why agents cannot join; "" = they can
	Age      float64 `json:"age"`       // how old all the rest is, in seconds
	Uptime   float64 `json:"uptime"`    // seconds on the place's clock
	Joined   uint64  `json:"joined"`    // agents that ever have
	Rate     float64 `json:"rate"`      // heartbeats a second that there are to be

	Heartbeat Timing   `json:"heartbeat"`
	Late      Timing   `json:"late"`
	Phases    []Timing `json:"phases"`
	Shedding  []string `json:"shedding"` // what the place does without, as it is overloaded
	Limits    []Limit  `json:"limits"`   // that agents have hit, what was hit most first
	Sent      int64    `json:"sent_bytes"`
	Received  int64    `json:"received_bytes"`

	Agents   []Agent  `json:"agents"` // in the order they came, the first 1000
	Present  int      `json:"present"`
	Entities Entities `json:"entities"`
	Scripts  Scripts  `json:"scripts"`
	Rules    []Rule   `json:"rules"`   // in the order they are tried, the first 1000
	Verdict  string   `json:"verdict"` // where no rule matches
}

// Timing is how often something was done since the place is there, and how long it took
// in all. Slow is how long at most 99 of 100 took, 0 if none was done; in seconds.
type Timing struct {
	Name  string  `json:"name"`
	Count uint64  `json:"count"`
	Sum   float64 `json:"sum"`
	Slow  float64 `json:"slow"`
}

// Mean is in milliseconds.
func (t Timing) Mean() float64 {
	if t.Count == 0 {
		return 0
	}
	return t.Sum / float64(t.Count) * 1000
}

// Limit is how often agents have hit one, named as in [engine.LimitCount].
type Limit struct {
	Name string `json:"name"`
	Hits uint64 `json:"hits"`
}

// Agent is somebody in the place.
type Agent struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Version  int     `json:"version"`
	Verified string  `json:"verified"` // the key it has proven to have, in base64; "" = none
	Bound    bool    `json:"bound"`    // to this place, is that proof
	Away     bool    `json:"away"`     // it has lost its connection, and is waited for
	RTT      float64 `json:"rtt"`      // milliseconds
	Loss     float64 `json:"loss"`     // 0 to 1
	Here     float64 `json:"here"`     // seconds
	Entities int     `json:"entities"`
	Sets     uint64  `json:"sets"` // states from scratch
	Sent     int64   `json:"sent_bytes"`
	Received int64   `json:"received_bytes"`
}

// Entities are what stands in the place.
type Entities struct {
	Count   int      `json:"count"`
	Owners  []Owner  `json:"owners"`  // who has most first, 100 at most
	Largest []Entity `json:"largest"` // 20 at most
	Weighed int      `json:"weighed"` // how many were looked at for Largest: those that changed last
}

// Owner is whose entities are.
type Owner struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Entity is one that is large.
type Entity struct {
	ID    string `json:"id"`
	Owner string `json:"owner"`
	Bytes int64  `json:"bytes"` // in a state
}

// Rule is an access rule.
type Rule struct {
	ID      string `json:"id"`
	Verdict string `json:"verdict"`
	Pattern string `json:"pattern"`
	Origin  string `json:"origin"`
	Hits    uint64 `json:"hits"`
	Errors  uint64 `json:"errors"` // interactions that its guard failed on
}

// How much the page shows, so that it stays one that can be read.
const (
	mostAgents  = 1000
	mostRules   = 1000
	mostOwners  = 100
	mostLargest = 20
)

func askReport(place *engine.Place, scripts func(*engine.Turn) Scripts) Report {
	s := place.Stats()
	r := Report{
		Name: s.Name, Uptime: s.Uptime.Seconds(), Joined: s.Joined, Rate: s.Rate, Present: len(s.Agents),
		Heartbeat: timing("whole", &s.Beats), Late: timing("late", &s.Late),
	}
	for i := range s.Phases {
		r.Phases = append(r.Phases, timing(s.Phases[i].Name, &s.Phases[i].Histogram))
	}
	for what := engine.ShedFar; what <= s.Shedding; what++ {
		r.Shedding = append(r.Shedding, what.String())
	}
	for _, c := range s.Limited {
		r.Limits = append(r.Limits, Limit{c.Limit, c.Count})
	}
	slices.SortStableFunc(r.Limits, func(a, b Limit) int { return cmp.Compare(b.Hits, a.Hits) })
	for _, t := range s.Traffic {
		if t.Sent {
			r.Sent += int64(t.Bytes)
		} else {
			r.Received += int64(t.Bytes)
		}
	}
	for _, a := range s.Agents[:min(len(s.Agents), mostAgents)] {
		r.Agents = append(r.Agents, Agent{
			ID: a.ID, Name: a.DisplayName(), Version: a.Version, Verified: a.Verified, Bound: a.Bound, Away: a.Away, RTT: milliseconds(a.Link.RTT), Loss: a.Link.Loss,
			Here: a.Here.Seconds(), Entities: a.Entities, Sets: a.Sets, Sent: int64(a.Link.SentBytes), Received: int64(a.Link.RecvBytes),
		})
	}
	_ = place.Do(func(t *engine.Turn) error { // a closed place has none of these any more
		r.Scripts = scripts(t)
		r.rules(t)
		return nil
	})
	r.Entities = askEntities(place, &s)
	return r
}

func timing(name string, h *engine.Histogram) Timing {
	t := Timing{Name: name, Count: h.Total(), Sum: h.Sum}
	below := uint64(0)
	for i, bound := range h.Bounds {
		t.Slow = bound
		if below += h.Counts[i]; float64(below) >= 0.99*float64(t.Count) {
			break
		}
	}
	if t.Count == 0 {
		t.Slow = 0
	}
	return t
}

func (r *Report) rules(t *engine.Turn) {
	rules, verdict := t.Access()
	r.Verdict = verdict.String()
	for _, rule := range rules[:min(len(rules), mostRules)] {
		r.Rules = append(r.Rules, Rule{
			rule.ID, rule.Verdict.String(), rule.Pattern.String(), rule.Origin, rule.Hits(), rule.GuardErrors(),
		})
	}
}

// Weighing an entity takes about a microsecond for each 500 bytes of it. The place gets
// its turn back every half millisecond, which is a hundredth of a heartbeat.
const (
	mostWeighed = 20_000
	weighTime   = 500 * time.Microsecond
)

func askEntities(place *engine.Place, s *engine.Stats) Entities {
	out := Entities{Count: s.Entities}
	ours := s.Entities
	for i := range s.Agents {
		a := &s.Agents[i]
		ours -= a.Entities
		out.Owners = append(out.Owners, Owner{a.ID, a.DisplayName(), a.Entities})
	}
	out.Owners = append(out.Owners, Owner{engine.PlaceID, "", ours})
	slices.SortStableFunc(out.Owners, func(a, b Owner) int { return cmp.Compare(b.Count, a.Count) })
	out.Owners = out.Owners[:min(len(out.Owners), mostOwners)]

	entities := someEntities(place)
	for len(entities) > 0 {
		err := place.Do(func(*engine.Turn) error {
			for end := time.Now().Add(weighTime); len(entities) > 0 && time.Now().Before(end); entities = entities[1:] {
				if e := entities[0]; e.Alive() {
					out.weigh(Entity{e.ID(), e.Owner(), int64(e.Size())})
				}
			}
			return nil
		})
		if err != nil {
			break
		}
	}
	return out
}

// someEntities are those that changed last.
func someEntities(place *engine.Place) (some []*world.Entity) {
	_ = place.Do(func(t *engine.Turn) error {
		for e := range t.World().Entities() {
			if len(some) == mostWeighed {
				break
			}
			some = append(some, e)
		}
		return nil
	})
	return some
}

// weigh puts an entity among the largest, if it is.
func (l *Entities) weigh(e Entity) {
	l.Weighed++
	at, _ := slices.BinarySearchFunc(l.Largest, e, func(a, b Entity) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.ID, b.ID))
	})
	if at < mostLargest {
		l.Largest = slices.Insert(l.Largest, at, e)
		l.Largest = l.Largest[:min(len(l.Largest), mostLargest)]
	}
}
