package apps

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"time"
)

// maxLine is how many bytes of a program's line are logged as one.
const maxLine = 4 << 10

// output logs what a program writes, line by line, and knows when it last did.
type output struct {
	log *slog.Logger

	mu   sync.Mutex
	line []byte // what has come of one
	last time.Time
}

var _ io.Writer = (*output)(nil)

func newOutput(log *slog.Logger) *output { return &output{log: log, last: time.Now()} }

func (o *output) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = time.Now()
	for rest := data; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte("\n"))
		if room := maxLine - len(o.line); len(part) > room {
			part, after, whole = rest[:room], rest[room:], true
		}
		o.line = append(o.line, part...)
		if whole {
			o.flush()
		}
		rest = after
	}
	return len(data), nil
}

// flush logs what has come of a line, if anything.
func (o *output) flush() {
	if line := bytes.TrimRight(o.line, "\r"); len(line) > 0 {
		o.log.Info("output", "line", string(line))
	}
	o.line = o.line[:0]
}

// end logs a last line without an end.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
}

// quiet is for how long nothing has been written.
func (o *output) quiet(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return now.Sub(o.last)
}
