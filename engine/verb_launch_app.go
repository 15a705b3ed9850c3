package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/netcode"
)

// launches are the apps that are on their way (protocol section 9).
type launches struct {
	launcher interface {
		Launch(ctx context.Context, what apps.Launch) error
	}
	open map[string]*launch // by token
}

// launch is one app that somebody waits for. What it does outside of the place's turn
// reads it only.
type launch struct {
	request *Request
	what    apps.Launch
	token   string
	avatar  string        // of the app, once it has come
	came    chan struct{} // closed then
	failed  bool          // it was answered that it has not
}

// launchApp has a gateway launch an app into the place: ["launch_app",
// "alloapp:http(s)://…", {args}], the args may be left out. It is answered when the app
// has come, or is known not to.
func launchApp(r *Request) {
	a := r.agent
	l, err := newLaunch(r)
	switch limits := &a.place.cfg.Limits; {
	case err != nil:
		r.Refuse(err.Error())
	case a.launches >= limits.Launches:
		r.Refuse(fmt.Sprintf("%d launches of yours are under way, or were a moment ago; try again later", a.launches))
	case len(a.place.launches.open) >= limits.PlaceLaunches:
		r.Refuse(fmt.Sprintf("%d launches are under way here, or were a moment ago; try again later", limits.PlaceLaunches))
	default:
		a.launches++
		a.place.launches.open[l.token] = l
		a.place.working.Go(func() { a.place.launch(l) })
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
		request: r, token: token, came: make(chan struct{}),
		what: apps.Launch{URL: where, Place: p.URL(), By: r.Agent.Identity, Args: args},
	}, nil
}

// launch asks the gateway and waits for the app, on a goroutine of its own.
func (p *Place) launch(l *launch) {
	soonest := time.NewTimer(p.cfg.Limits.LaunchInterval)
	defer soonest.Stop()
	err := p.launches.launcher.Launch(p.life, l.what)
	if err == nil {
		err = l.wait(p.life, p.cfg.Limits.LaunchPatience)
	}
	p.post(func() { p.settle(l, err) })
	select {
	case <-soonest.C:
		p.post(func() { l.request.agent.launches--; delete(p.launches.open, l.token) })
	case <-p.life.Done():
	}
}

// settle answers for a launch that came to nothing. If the app has come, it was quicker
// than its gateway, whatever that says.
func (p *Place) settle(l *launch, err error) {
	if l.avatar != "" {
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

// takeToken gives the token that an app was launched with, "" if it was not, and takes
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

// appCame answers whoever had the app with this token launched.
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
