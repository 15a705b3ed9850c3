package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"time"

	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/netcode"
)

// launches are the apps that are on their way (netcode/PROTOCOL.md, "launch_app").
type launches struct {
	launcher interface {
		Launch(ctx context.Context, what apps.Launch) error
	}
	open  map[string]*launch // by token
	begun int
}

// launch is one app that somebody waits for. What it does outside of the place's turn
// reads it only.
type launch struct {
	n       int // of all
	request *Request
	what    apps.Launch
	token   string
	from    netip.Addr      // of the asker
	life    context.Context // of the launch
	cancel  context.CancelCauseFunc
	left    bool          // the asker has: it counts for its address only
	avatar  string        // of the app, once it has come
	came    chan struct{} // closed then
	failed  bool          // it was answered that it has not
}

var launchAppVerb = official{name: "launch_app", answer: launchApp}

// launchApp has a gateway launch an app into the place: ["launch_app",
// "alloapp:http(s)://…", {args}], the args may be left out. It is answered when the app
// has come, or is known not to.
func launchApp(r *Request) {
	a := r.agent
	l, err := newLaunch(r)
	switch limits, all := &a.place.cfg.Limits, &a.place.launches; {
	case err != nil:
		r.Refuse(err.Error())
	case a.launches >= limits.Launches:
		r.Refuse(fmt.Sprintf("%d launches of yours are under way, or were a moment ago; try again later", a.launches))
	case !isNear(l.from) && all.ofAddress(l.from) >= limits.AddressLaunches:
		r.Refuse(fmt.Sprintf("%d launches from your address are under way, or were a moment ago; try again later", limits.AddressLaunches))
	case all.underWay() >= limits.PlaceLaunches && !all.giveWay(a):
		r.Refuse(fmt.Sprintf("%d launches are under way here, or were a moment ago; try again later", limits.PlaceLaunches))
	default:
		l.life, l.cancel = context.WithCancelCause(a.place.life)
		a.launches++
		all.open[l.token] = l
		all.begun++
		l.n = all.begun
		a.place.working.Go(func() { a.place.launch(l) })
	}
}

// isNear reports whether an address is this machine's or of a private network: what is behind
// it are many, and no strangers.
func isNear(a netip.Addr) bool {
	a = a.Unmap()
	return !a.IsValid() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}

func (ls *launches) ofAddress(from netip.Addr) (n int) {
	for _, l := range ls.open {
		if l.from == from {
			n++
		}
	}
	return n
}

// underWay is how many there are whose asker is still here.
func (ls *launches) underWay() (n int) {
	for _, l := range ls.open {
		if !l.left {
			n++
		}
	}
	return n
}

var errGaveWay = errors.New("given up for the launch of another, as you have most of those under way; try again later")

// giveWay gives up the newest launch of the agent that has most, if that has at least two more
// than the one that asks.
func (ls *launches) giveWay(to *agent) bool {
	var goes *launch
	for _, l := range ls.open {
		by := l.request.agent
		if l.left || by.launches < to.launches+2 {
			continue
		}
		if goes == nil || cmp.Or(cmp.Compare(by.launches, goes.request.agent.launches), cmp.Compare(l.n, goes.n)) > 0 {
			goes = l
		}
	}
	if goes == nil {
		return false
	}
	goes.cancel(errGaveWay)
	ls.drop(goes)
	return true
}

// leave gives up what an agent has had launched that leaves.
func (ls *launches) leave(a *agent) {
	for _, l := range ls.open {
		if l.request.agent == a {
			l.cancel(errors.New("the asker has left"))
			l.left = true
			if isNear(l.from) {
				ls.drop(l)
			}
		}
	}
}

// drop frees the place of a launch. It may be called again.
func (ls *launches) drop(l *launch) {
	if ls.open[l.token] == l {
		delete(ls.open, l.token)
		l.request.agent.launches--
	}
}

// newLaunch reads what somebody wants launched.
func newLaunch(r *Request) (*launch, error) {
	url, isText := text(r.Args, 0)
	args, isObject := map[string]any{}, true
	if len(r.Args) > 1 && r.Args[1] != nil {
		args, isObject = object(r.Args, 1)
	}
	if !isText || !isObject || len(r.Args) > 2 {
		return nil, errors.New("want alloapp:http://… or alloapp:https://…, and an object of what the app is to know")
	}
	where, err := apps.ParseURL(url)
	if err != nil {
		return nil, err
	}
	p, token := r.agent.place, rand.Text()
	args = maps.Clone(args)
	args["avatarToken"] = token
	if size, most := len(netcode.AppendValue(nil, args)), p.cfg.Limits.LaunchBytes; size > most {
		return nil, fmt.Errorf("what the app is to know has %d bytes, at most %d may be", size, most)
	}
	return &launch{
		request: r, token: token, came: make(chan struct{}), from: r.session.from.Addr(),
		what: apps.Launch{URL: where, Place: p.URL(), By: r.Agent.Identity, Args: args},
	}, nil
}

// launch asks the gateway and waits for the app, on a goroutine of its own.
func (p *Place) launch(l *launch) {
	soonest := time.NewTimer(p.cfg.Limits.LaunchInterval)
	defer soonest.Stop()
	defer l.cancel(nil)
	err := p.launches.launcher.Launch(l.life, l.what)
	if err == nil {
		err = l.wait(l.life, p.cfg.Limits.LaunchPatience)
	}
	if l.life.Err() != nil && p.life.Err() == nil {
		err = context.Cause(l.life)
	}
	p.intake.post(func() { p.settle(l, err) })
	select {
	case <-soonest.C:
		p.intake.post(func() { p.launches.drop(l) })
	case <-p.life.Done():
	}
}

// settle answers for a launch that came to nothing. If the app has come, it was quicker
// than its gateway, whatever that says.
func (p *Place) settle(l *launch, err error) {
	if l.avatar != "" || l.left {
		return
	}
	l.failed = true
	l.request.agent.log.Info("app not launched", "url", l.what.URL.String(), "error", err)
	l.request.Refuse(err.Error())
}

// wait waits for the app to announce itself.
func (l *launch) wait(ctx context.Context, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.came:
		return nil
	case <-timer.C:
		return fmt.Errorf("the app has been launched, but has not come within %v", patience)
	case <-ctx.Done():
		return ErrClosed
	}
}

// takeToken returns the token that an app was launched with, "" if it was not, and takes
// it out of the avatar: it is nobody else's business.
func takeToken(avatar map[string]any) string {
	components := avatar
	if nested, ok := asObject(avatar["components"]); ok && avatar["components"] != nil {
		components = nested
	}
	c, _ := asObject(components["avatar"])
	token, ok := c["token"].(string)
	if ok {
		delete(components, "avatar")
	}
	return token
}

// appCame answers the one who had the app with this token launched.
func (p *Place) appCame(token string, a *agent) {
	l := p.launches.open[token]
	if l == nil || l.avatar != "" || l.failed {
		return // it came too late, or again
	}
	l.avatar = a.avatar
	close(l.came)
	a.log.Info("app launched", "by", l.request.Agent.ID, "url", l.what.URL.String())
	l.request.OK(a.avatar)
}
