package assets

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/loci-place/loci/netcode"
)

// Options say where assets are kept. The zero value is a cache of 32 MiB in memory.
type Options struct {
	// Dir is where the cache is, which is made if it is not there, and survives the
	// place. No two places may share one. "" means a cache in memory.
	Dir string
	// CacheBytes is how many bytes of assets are kept, and one asset for each KiB of
	// that; beyond, the one goes that was not wanted for longest. What is coming in may take as much again. Default 32 MiB
	// in memory, 1 GiB on disk; below 0 there is no cache, and everything streams
	// through.
	CacheBytes int64
	// Folder holds files of the host's that are served by their hash, see
	// [Centre.FileID]. It is only read, and nothing outside is, whatever links lead
	// there. "" means none.
	Folder string
	// MaxBytes is the largest asset that is let through; what claims to be larger
	// counts as not there. Default 1 GiB. Deployed agents count to 2 GiB at most.
	MaxBytes int64
	// Timeout is how long an agent may take to answer for an asset, and with each
	// further piece; where there are others to ask they are asked sooner. Default 10 s.
	Timeout time.Duration
	// Patience is how long an asset is looked for in all, the time apart in which a source
	// gave it quickly, before those who want it are told that there is none. Default three times Timeout.
	Patience time.Duration
}

// Limits bound what one agent may cost.
type Limits struct {
	// Requests is the maximum number of open requests of an agent; more are refused.
	// Default 256.
	Requests int
	// Searches is how many of them may be for what other agents have to be asked for;
	// more wait. Default 16.
	Searches int
	// Questions is how many questions a second others may be asked on behalf of an agent
	// that looks for what is not here, on average and at once; more wait. Default 500.
	Questions int
	// QueueBytes is the maximum size of an agent's waiting frames, each with an overhead of
	// 256 bytes; [Agent.Receive] refuses more. Default 8 MiB.
	QueueBytes int
	// Pushes is how many assets an agent may be sending unasked at once, PushBytes how
	// many bytes they may have together; more are ignored. Default 4 and 64 MiB.
	Pushes    int
	PushBytes int
}

// Config is what a [Centre] needs of its place.
type Config struct {
	Options
	Limits
	// Transport carries the frames.
	Transport Transport
	// Owner finds the agent that an entity belongs to, "" for none, and calls answer
	// with it, at once or later, on any goroutine. Nil means that nobody knows.
	Owner func(entity string, answer func(agentID string))
	// Logger hears of damaged assets and of what the disk does. Nil means
	// [slog.Default].
	Logger *slog.Logger
}

// Transport is what of [netcode.Transport] is needed.
type Transport interface {
	Send(p netcode.Packet, to ...netcode.Conn) error
	Stats(c netcode.Conn) (netcode.Stats, bool)
}

const (
	memoryBytes = 32 << 20
	diskBytes   = 1 << 30
)

func (c *Config) setDefaults() error {
	if c.CacheBytes == 0 {
		c.CacheBytes = memoryBytes
		if c.Dir != "" {
			c.CacheBytes = diskBytes
		}
	}
	orDefault(&c.MaxBytes, 1<<30)
	orDefault(&c.Timeout, 10*time.Second)
	orDefault(&c.Patience, 3*c.Timeout)
	orDefault(&c.Requests, 256)
	orDefault(&c.Searches, 16)
	orDefault(&c.Questions, 500)
	orDefault(&c.QueueBytes, 8<<20)
	orDefault(&c.Pushes, 4)
	orDefault(&c.PushBytes, 64<<20)
	if c.MaxBytes < 0 || c.Timeout < 0 || c.Patience < 0 {
		return fmt.Errorf("assets: MaxBytes %d, Timeout %v, Patience %v: none may be below 0", c.MaxBytes, c.Timeout, c.Patience)
	}
	if c.Owner == nil {
		c.Owner = func(_ string, answer func(string)) { answer("") }
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return nil
}

func orDefault[T int | int64 | time.Duration](field *T, def T) {
	if *field == 0 {
		*field = def
	}
}
