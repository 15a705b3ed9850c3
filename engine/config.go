package engine

import (
	"fmt"
	"log/slog"

	"github.com/loci-place/loci/netcode"
)

// DefaultRate is how often a second agents are sent the state.
const DefaultRate = 20

// MaxRate bounds [Config.Rate].
const MaxRate = 240

// Config describes a place. The zero value is a place of the default name on the
// protocol's port.
type Config struct {
	// Name is what agents are told the place is called. Default "Unnamed place".
	Name string
	// Transport carries the place's connections; the place closes it in the end.
	// Nil means ENet on Listen.
	Transport netcode.Transport
	// Listen is the host:port for a nil Transport. Default 0.0.0.0:21337.
	Listen string
	// Rate is the heartbeat in Hz, 1 to MaxRate. 0 means DefaultRate.
	Rate float64
	// Limits bound what agents may cost.
	Limits Limits
	// Logger hears of agents that come and go and of what goes wrong. Nil means
	// [slog.Default].
	Logger *slog.Logger
}

func (c *Config) setDefaults() error {
	if c.Name == "" {
		c.Name = "Unnamed place"
	}
	if c.Listen == "" {
		c.Listen = fmt.Sprintf("0.0.0.0:%d", netcode.DefaultPort)
	}
	orDefault(&c.Rate, DefaultRate)
	if !(c.Rate >= 1 && c.Rate <= MaxRate) {
		return fmt.Errorf("engine: Config.Rate is %g Hz, want 1 to %d", c.Rate, MaxRate)
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Limits.setDefaults()
	return nil
}
