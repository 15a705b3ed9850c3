package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode"
)

// config is what the flags say.
type config struct {
	url         string
	agents      int
	mix         versionMix
	warmup      time.Duration
	measure     time.Duration
	walk        bool
	spread      float64 // metres, side of the square agents start in
	seed        uint64  // of where in it
	watchers    int
	near        int     // how many others a watcher counts as the nearest, and as the farthest
	requestRate float64 // a second and agent
	requestTo   string
	speakers    int
	listeners   int     // of each
	mediaRate   float64 // packets a second and speaker
	mediaBytes  int     // of a payload
	joinRate    float64 // a second
	hosts       int
	serverPID   int // 0 for none
}

const (
	toPlace = "place"
	toAgent = "agent"

	defaultWarmup = 3 * time.Second
	defaultNear   = 20
	agentsPerHost = 500

	// What a voice takes in Opus, in packets of 20 ms at 48 kbit/s.
	defaultMediaRate  = 50
	defaultMediaBytes = 120
	defaultListeners  = 1 << 16 // all
)

// complete checks the configuration and fills in what depends on other flags.
func (c *config) complete(rest []string) error {
	if len(c.mix) == 0 {
		c.mix = versionMix{{netcode.MaxVersion, 1}}
	}
	if c.hosts == 0 {
		c.hosts = (c.agents + agentsPerHost - 1) / agentsPerHost
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case c.agents < 1:
		return fmt.Errorf("--agents is %d, want at least 1", c.agents)
	case c.hosts < 1 || c.hosts > c.agents:
		return fmt.Errorf("--hosts is %d, want 1 to as many as agents", c.hosts)
	case c.measure <= 0:
		return fmt.Errorf("--seconds is %v, want more than 0", c.measure.Seconds())
	case c.warmup < 0:
		return fmt.Errorf("--warmup is %v, want 0 or more", c.warmup)
	case !(c.requestRate >= 0 && c.requestRate <= 1000):
		return fmt.Errorf("--request-rate is %v, want 0 to 1000", c.requestRate)
	case c.requestTo != toPlace && c.requestTo != toAgent:
		return fmt.Errorf("--request-to is %q, want %s or %s", c.requestTo, toPlace, toAgent)
	case c.requestTo == toAgent && c.agents < 2:
		return fmt.Errorf("--request-to agent needs at least 2 agents")
	case !(c.spread >= 0 && c.spread <= maxSpread):
		return fmt.Errorf("--spread is %v, want 0 to %v", c.spread, maxSpread)
	case c.watchers < 0 || c.watchers > c.agents:
		return fmt.Errorf("--watchers is %d, want 0 to as many as agents", c.watchers)
	case c.watchers > 0 && !c.walk:
		return fmt.Errorf("--watchers needs agents that walk: what stands still is never out of date")
	case c.near < 1:
		return fmt.Errorf("--near is %d, want at least 1", c.near)
	case c.speakers < 0 || c.speakers > c.agents:
		return fmt.Errorf("--speakers is %d, want 0 to as many as agents", c.speakers)
	case c.listeners < 1:
		return fmt.Errorf("--listeners is %d, want at least 1", c.listeners)
	case !(c.mediaRate > 0 && c.mediaRate <= 1000):
		return fmt.Errorf("--media-rate is %v, want more than 0, up to 1000", c.mediaRate)
	case c.mediaBytes < stamped || c.mediaBytes > largestMedia:
		return fmt.Errorf("--media-bytes is %d, want %d to %d", c.mediaBytes, stamped, largestMedia)
	case !(c.joinRate > 0):
		return fmt.Errorf("--join-rate is %v, want more than 0", c.joinRate)
	}
	return nil
}

// maxSpread is far beyond any place, and where a walk still shows in the numbers.
const maxSpread = 1e6

// spot is where the nth agent starts, in metres: somewhere in a square around the
// origin, the same for the same seed.
func (c *config) spot(n int) (x, z float64) {
	random := rand.New(rand.NewPCG(c.seed, uint64(n)))
	return (random.Float64() - 0.5) * c.spread, (random.Float64() - 0.5) * c.spread
}

// watches reports whether the nth agent is one of the watchers, who are spread
// evenly over all.
func (c *config) watches(n int) bool {
	return (n+1)*c.watchers/c.agents > n*c.watchers/c.agents
}

func secondsOf(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// versionMix says which protocol versions agents speak, and in which shares.
type versionMix []versionShare

type versionShare struct{ version, share int }

// Set implements flag.Value: versions with or without shares, 3,4 or 3:1,4:9.
func (m *versionMix) Set(text string) error {
	*m = nil
	for part := range strings.SplitSeq(text, ",") {
		version, share, shared := strings.Cut(part, ":")
		v := versionShare{share: 1}
		var err error
		if v.version, err = strconv.Atoi(strings.TrimSpace(version)); err != nil {
			return fmt.Errorf("version %q is not a number", version)
		}
		if _, ok := netcode.DialectOf(v.version); !ok {
			return fmt.Errorf("version %d is not one of %d to %d", v.version, netcode.MinVersion, netcode.MaxVersion)
		}
		if shared {
			if v.share, err = strconv.Atoi(strings.TrimSpace(share)); err != nil || v.share < 1 {
				return fmt.Errorf("share %q of version %d is not a number from 1 on", share, v.version)
			}
		}
		*m = append(*m, v)
	}
	return nil
}

// String implements flag.Value.
func (m *versionMix) String() string {
	var parts []string
	for _, v := range *m {
		parts = append(parts, fmt.Sprintf("%d:%d", v.version, v.share))
	}
	return strings.Join(parts, ",")
}

// version of the nth agent. Versions alternate, so that they are mixed from the
// first agents on.
func (m versionMix) version(n int) int {
	given := make([]int, len(m))
	next := 0
	for range n + 1 {
		// The one that is furthest behind its share.
		next = 0
		for i := range m {
			if (given[i]+1)*m[next].share < (given[next]+1)*m[i].share {
				next = i
			}
		}
		given[next]++
	}
	return m[next].version
}
