package watch

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Config is how a [Watcher] watches. Its zero value is good.
type Config struct {
	// Patterns are the files that count, as in [Read]. None: [Sources].
	Patterns []string
	// Since is the snapshot that is in use already, so that nothing is missed
	// between taking it and watching. It has to be of the same patterns. Nil: what
	// the directory holds when Run begins.
	Since *Snapshot
	// Quiet is how long nothing must happen before changes are read, so that a
	// save in several steps is one change. 0: 15 ms, which is more than editors
	// take and less than people notice.
	Quiet time.Duration
	// AtMost is the longest that changes wait while more keep coming. 0: 200 ms.
	AtMost time.Duration
	// Poll is how often files are looked at without having been told to, by name,
	// size and time. 0: every 2 s. Negative: never.
	Poll time.Duration
	// Marks compares files by size and time of change alone, for files that are too large
	// to be read for it. What [Snapshot.Source] returns is then no content.
	Marks bool
	// PollOnly does without the system's events, as happens by itself where there
	// are none.
	PollOnly bool
	// Log is told, at level warn, what makes watching slower than it should be, and
	// when the directory goes and comes. Nil: nobody is.
	Log *slog.Logger
}

const (
	defaultQuiet  = 15 * time.Millisecond
	defaultAtMost = 200 * time.Millisecond
	defaultPoll   = 2 * time.Second
)

// A Watcher tells when the sources in a directory change.
type Watcher struct {
	dir      string
	config   Config
	patterns patterns
	open     func(*slog.Logger) (*watches, error) // how to get at the system's events
}

// New makes a watcher of a place's directory. It does nothing until [Watcher.Run].
// The error names the field of the Config.
func New(dir string, config Config) (*Watcher, error) {
	wanted, err := parsePatterns(config.Patterns)
	switch {
	case err != nil:
		return nil, fmt.Errorf("Patterns: %w", err)
	case config.Quiet < 0:
		return nil, fmt.Errorf("Quiet: %v is negative", config.Quiet)
	case config.AtMost < 0:
		return nil, fmt.Errorf("AtMost: %v is negative", config.AtMost)
	case config.PollOnly && config.Poll < 0:
		return nil, fmt.Errorf("Poll: %v means never, and PollOnly leaves nothing else", config.Poll)
	}
	config.Quiet = orDefault(config.Quiet, defaultQuiet)
	config.AtMost = orDefault(config.AtMost, defaultAtMost)
	config.Poll = orDefault(config.Poll, defaultPoll)
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{dir: dir, config: config, patterns: wanted, open: openWatches}, nil
}

func orDefault(value, otherwise time.Duration) time.Duration {
	if value == 0 {
		return otherwise
	}
	return value
}

// Run watches until the context ends, and then returns nil; by then all it started
// has ended. The error is for a directory that cannot be read at the beginning,
// unless there is a Since to go on from.
//
// changed is called, on Run's goroutine, with a new snapshot and the paths that
// are not as they were in the one before ([Snapshot.Changes]), of which those that
// [Snapshot.Source] does not find were removed. Changes made while it runs are
// told after it returns, in one call. While the directory is missing nothing is
// told; once it is back, what is different.
func (w *Watcher) Run(ctx context.Context, changed func(s *Snapshot, files []string)) error {
	r := w.start(changed)
	defer r.stop()
	if err := r.begin(); err != nil {
		return err
	}
	r.loop(ctx)
	return nil
}
