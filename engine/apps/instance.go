package apps

import (
	"crypto/rand"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// leftovers is how long what a program has started may go on writing after it has ended.
const leftovers = time.Second

// instance is a program that a gateway has booted.
type instance struct {
	id    string
	app   string
	order *order
	since time.Time
	cmd   *exec.Cmd
	out   *output
	log   *slog.Logger

	stopping sync.Once
	stopped  chan struct{} // closed when it is to end
	done     chan struct{} // closed when it has ended and nothing of it is left
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
	i.cmd.WaitDelay = leftovers
	ownGroup(i.cmd)
	if err := i.cmd.Start(); err != nil {
		return nil, err
	}
	log.Info("started", "place", o.place, "by", o.name, "pid", i.cmd.Process.Pid)
	return i, nil
}

// stop has the instance end.
func (i *instance) stop() { i.stopping.Do(func() { close(i.stopped) }) }

// supervise sees a program through to its end, and ends what it has left behind.
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

// wait returns when a program has ended, with "", or has to, with why.
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
