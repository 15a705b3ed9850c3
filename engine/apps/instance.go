package apps

import (
	"bytes"
	"crypto/rand"
	"io"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// outputGrace is the time that processes left behind by a program may go on writing.
const outputGrace = time.Second

// instance is a program that a gateway has started.
type instance struct {
	id    string
	app   string
	order *order
	since time.Time
	cmd   *exec.Cmd
	out   *output
	log   *slog.Logger

	stopping sync.Once
	stopped  chan struct{} // closed by stop
	done     chan struct{} // closed when the whole process group has ended
}

// start starts an app's program.
func (g *Gateway) start(name string, o *order) (*instance, error) {
	app, id := g.cfg.Apps[name], strings.ToLower(rand.Text()[:10])
	log := g.log.With("app", name, "instance", id)
	i := &instance{
		id: id, app: name, order: o, since: time.Now(), log: log, out: newOutput(log),
		cmd:     exec.Command(app.Command[0], app.Command[1:]...),
		stopped: make(chan struct{}), done: make(chan struct{}),
	}
	i.cmd.Dir = app.Dir
	i.cmd.Env = slices.Concat(g.env, app.Env, o.env())
	i.cmd.Stdout, i.cmd.Stderr = i.out, i.out
	i.cmd.WaitDelay = outputGrace
	ownGroup(i.cmd)
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	log.Info("started", "place", o.place, "by", o.name, "pid", i.cmd.Process.Pid)
	return i, nil
}

// stop tells supervise to end the instance.
func (i *instance) stop() { i.stopping.Do(func() { close(i.stopped) }) }

// supervise waits for a program to end or ends it, and then ends what it has left behind.
func (i *instance) supervise(idle, grace time.Duration) {
	exited := make(chan error, 1)
	go func() { exited <- i.cmd.Wait() }()
	why := i.wait(exited, idle)
	if why != "" {
		terminate(i.cmd)
		select {
		case <-exited:
		case <-time.After(grace):
			kill(i.cmd)
			<-exited
		}
	}
	kill(i.cmd)
	i.out.end()
	i.log.Info("ended", "status", i.cmd.ProcessState.String(), "because", why, "after", time.Since(i.since).Round(time.Millisecond))
}

// wait returns "" when a program has ended, or a reason to end it.
func (i *instance) wait(exited chan error, idle time.Duration) (why string) {
	var idleness <-chan time.Time
	if idle > 0 {
		ticker := time.NewTicker(max(idle/10, time.Millisecond))
		defer ticker.Stop()
		idleness = ticker.C
	}
	for {
		select {
		case <-exited:
			return ""
		case <-i.stopped:
			return "it was told to"
		case now := <-idleness:
			if i.out.quiet(now) >= idle {
				return "it was idle"
			}
		}
	}
}

// maxLine is the number of bytes after which a line of output is split.
const maxLine = 4 << 10

// output logs the output of a program line by line, and remembers when there last was any.
type output struct {
	log *slog.Logger

	mu   sync.Mutex
	line []byte // an incomplete line
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

// flush logs the incomplete line, if there is one.
func (o *output) flush() {
	if line := bytes.TrimRight(o.line, "\r"); len(line) > 0 {
		o.log.Info("output", "line", string(line))
	}
	o.line = o.line[:0]
}

// end logs a last line without a newline.
func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush()
}

// quiet returns the time since the last output.
func (o *output) quiet(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return now.Sub(o.last)
}
