package engine

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/engine/assets"
	setting "github.com/loci-place/loci/internal/limit"
	"github.com/loci-place/loci/netcode"
)

// DefaultLinger is how long the place waits for whose connection is lost.
const DefaultLinger = 20 * time.Second

// DefaultRate is how often a second agents are sent the state.
const DefaultRate = 20

// MaxRate bounds [Config.Rate].
const MaxRate = 240

// Config describes a place. The zero value is a place of the default name on the
// protocol's port.
type Config struct {
	// Name is what agents are told the place is called. Default "Unnamed place".
	Name string
	// Transports carry the place's connections, all at once, and agents on one see those on
	// another. When one fails, its agents are disconnected (those that may resume can, over
	// another) and the error is logged; when the last one has, Serve returns the error. The place closes them in the
	// end, though not where New fails. None means ENet on Listen.
	Transports []netcode.Transport
	// Listen is the UDP host:port where Transports is empty. Default 0.0.0.0:21337.
	Listen string
	// PublicHost is the name or address under which agents reach the place, which apps
	// that are launched into it are told. "" means the address it listens on, or
	// localhost where that is every address.
	PublicHost string
	// KnownAs are further names under which agents reach the place, each host[:port], or
	// an origin such as https://example.org; without a port it is the one the place listens
	// on. Agents prove their keys only to a place that is known by the name that they
	// dialed (netcode/README.md, "Verified agents"). It knows itself: PublicHost, the address
	// it listens on and, where that is every address, the machine's and its name.
	// [AnyName] has it answer to all, and proofs under other names than these are not bound.
	KnownAs []string
	// Key is what the place proves itself with to agents that ask, and they remember. Nil
	// means one that is gone with the place, which they do not.
	Key ed25519.PrivateKey
	// Rate is the heartbeat in Hz, 1 to MaxRate. 0 means DefaultRate.
	Rate float64
	// ViewDistance is how far agents see, in metres: what is farther from an
	// agent's head is not in its state, except its own entities and the place.
	// It is measured to the root of a family of entities. 0 means that everybody
	// sees everything.
	ViewDistance float64
	// Relevance is how much an entity matters to an agent: 1 as its distance says,
	// 4 as if it were at a quarter of that, 0 not at all: with a ViewDistance, it
	// is then not in view. It is asked on the place's goroutine, of roots only,
	// when either moves. Nil means 1 for all.
	Relevance func(agentID, entityID string) float64
	// Hears reports whether what one agent says, on any of its tracks, reaches another
	// that wants to hear it. It is asked on the place's turn, when somebody begins to
	// want to hear a track, and from then on twice a second: for each track, of each
	// agent that would hear it, spread over the heartbeats; so with a hundred agents who all
	// hear each other, some 20,000 times a second. It must be quick: at 50 ns that takes a millisecond of
	// each second, at 10 µs a fifth of it. Nil means that everybody hears everybody,
	// and costs nothing.
	Hears func(listener, speaker string) bool
	// Rules are the place's access rules. Nil means [DefaultRules].
	Rules *Rules
	// Behaviour is what the place does beyond what it does out of the box. Nil means
	// nothing.
	Behaviour Behaviour
	// Apps decides which hosts the place may connect to when it launches apps. The zero
	// value allows every host with a public address.
	Apps apps.Policy
	// Opened is called once, when the Behaviour has opened and agents can join from here
	// on. It is not on the place's turn, and the place does not begin before it returns.
	Opened func(p *Place)
	// Joined and Left hear of agents that come and go, on the place's turn. Code is
	// why the agent left, [netcode.CodePlaceClosed] if the place closed under it. Its
	// entities are gone by then, but for those beyond [Limits].Removals, which go with
	// the next heartbeats.
	Joined func(t *Turn, a Agent)
	Left   func(t *Turn, a Agent, code uint32)
	// Linger is how long the place waits for an agent with a verified key whose
	// connection is lost: its entities stay, and it gets them back when it announces that
	// it resumes (netcode/README.md). With a Store it is also waited for after the place
	// was killed and started again, for 20 s more, which it may take it to notice.
	// Default 20 s; below 0 it is not waited for.
	Linger time.Duration
	// Assets says where the files are kept that agents get from the place and from each
	// other, and which are the host's own. The zero value is a small cache in memory.
	Assets assets.Options
	// Store keeps what is to survive the place: its own entities with what became of
	// them, the rules that change_acl added, its clock, and what its behaviour has it
	// keep. Nil means that nothing is kept. The place does not close it.
	Store Store
	// Limits bound what agents may cost.
	Limits Limits
	// Logger hears of agents that come and go and of what goes wrong. Nil means
	// [slog.Default].
	Logger *slog.Logger

	wall func() time.Time // the machine's clock, which may be set; nil means time.Now
}

func (c *Config) setDefaults() error {
	if c.Name == "" {
		c.Name = "Unnamed place"
	}
	if c.Listen == "" {
		c.Listen = fmt.Sprintf("0.0.0.0:%d", netcode.DefaultPort)
	}
	orDefault(&c.Rate, DefaultRate)
	orDefault(&c.Linger, DefaultLinger)
	if !(c.Rate >= 1 && c.Rate <= MaxRate) {
		return fmt.Errorf("engine: Config.Rate is %g Hz, want 1 to %d", c.Rate, MaxRate)
	}
	if !(c.ViewDistance >= 0) || math.IsInf(c.ViewDistance, 0) {
		return fmt.Errorf("engine: Config.ViewDistance is %g m, want 0 or more", c.ViewDistance)
	}
	if c.PublicHost != "" {
		if host, _, err := netcode.ParsePlaceURL("alloplace://" + c.PublicHost); err != nil || host != c.PublicHost {
			return fmt.Errorf("engine: Config.PublicHost is %.100q, want a host name or an IPv4 address without a port", c.PublicHost)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Rules == nil {
		rules := DefaultRules()
		c.Rules = &rules
	}
	if c.wall == nil {
		c.wall = time.Now
	}
	if err := setting.Check(&c.Limits); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	c.Limits.setDefaults()
	if err := c.Limits.checkName("Config.Name", c.Name); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	return nil
}
