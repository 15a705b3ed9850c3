package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

// gateways stand in for all that there are: each does what the test says.
type gateways func(ctx context.Context, what apps.Launch) error

func (g gateways) Launch(ctx context.Context, what apps.Launch) error { return g(ctx, what) }

// inPlaceWithApps is inPlace beside gateways.
func inPlaceWithApps(t *testing.T, cfg Config, g gateways, f func(r *rig)) {
	inPlace(t, cfg, func(r *rig) {
		_ = r.place.Do(func(t *Turn) error {
			t.place.launches.launcher = g
			return nil
		})
		f(r)
	})
}

func (p *peer) launch(id, url, args string) {
	p.Helper()
	p.command(fmt.Sprintf(`["interaction","request","%s","place","%s",["launch_app","%s",%s]]`, p.avatar, id, url, args))
}

func TestLaunchedAppIsAnsweredWithItsAvatar(t *testing.T) {
	for name, spec := range map[string]string{
		"loose":      `{"avatar":{"token":"%s","kind":"app"},"text":{}}`,
		"components": `{"components":{"avatar":{"token":"%s"},"text":{}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			launches := make(chan apps.Launch, 1)
			took := func(_ context.Context, what apps.Launch) error { launches <- what; return nil }
			inPlaceWithApps(t, Config{PublicHost: "attic.example"}, took, func(r *rig) {
				ada := r.join(4, `{}`)
				ada.launch("1", "alloapp:http://apps.example/clock", `{"zone":"utc","avatarToken":"mine"}`)
				if got := ada.interactions(); len(got) != 0 {
					t.Fatalf("answered before the app came: %v", got)
				}
				asked := <-launches
				token, _ := asked.Args["avatarToken"].(string)
				if asked.Place != fmt.Sprintf("alloplace://attic.example:%d", r.addr.Port()) ||
					asked.URL.String() != "http://apps.example/clock" || asked.By["display_name"] != "peer" ||
					asked.Args["zone"] != "utc" || len(token) < 20 {
					t.Errorf("asked for %+v", asked)
				}
				app := r.join(4, fmt.Sprintf(spec, token))
				if got, want := ada.raw("1"), fmt.Sprintf(`["launch_app","ok","%s"]`, app.avatar); got != want {
					t.Errorf("answered %s, want %s", got, want)
				}
				_ = r.place.Do(func(turn *Turn) error {
					if e, ok := turn.Entity(app.avatar); !ok || e.Components["avatar"] != nil || e.Components["text"] == nil {
						t.Errorf("the app's avatar is %+v", e.Components)
					}
					return nil
				})
				again := r.join(4, fmt.Sprintf(spec, token))
				if got := ada.interactions(); len(got) != 0 || again.avatar == app.avatar {
					t.Errorf("the same token again: %v", got)
				}
			})
		})
	}
}

func TestAppThatIsQuickerThanItsGatewayCounts(t *testing.T) {
	asked := make(chan apps.Launch, 1)
	slow := func(_ context.Context, what apps.Launch) error {
		asked <- what
		time.Sleep(5 * time.Second)
		return errors.New("the gateway answered 500")
	}
	inPlaceWithApps(t, Config{}, slow, func(r *rig) {
		ada := r.join(4, `{}`)
		ada.launch("1", "alloapp:http://apps.example/clock", `null`)
		app := r.join(4, fmt.Sprintf(`{"avatar":{"token":"%s"}}`, (<-asked).Args["avatarToken"]))
		if got, want := ada.raw("1"), fmt.Sprintf(`["launch_app","ok","%s"]`, app.avatar); got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
		time.Sleep(10 * time.Second)
		if got := ada.interactions(); len(got) != 0 {
			t.Errorf("answered again: %v", got)
		}
	})
}

func TestAppThatNeverAnnouncesIsGivenUp(t *testing.T) {
	launches := make(chan apps.Launch, 1)
	took := func(_ context.Context, what apps.Launch) error { launches <- what; return nil }
	inPlaceWithApps(t, Config{}, took, func(r *rig) {
		ada := r.join(4, `{}`)
		ada.launch("1", "alloapp:http://apps.example/clock", `{}`)
		time.Sleep(19900 * time.Millisecond)
		if got := ada.interactions(); len(got) != 0 {
			t.Fatalf("given up early: %v", got)
		}
		time.Sleep(200 * time.Millisecond)
		if got, want := ada.raw("1"), `["launch_app","error","the app has been launched, but has not come within 20s"]`; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
		r.join(4, fmt.Sprintf(`{"avatar":{"token":"%s"}}`, (<-launches).Args["avatarToken"]))
		if got := ada.interactions(); len(got) != 0 {
			t.Errorf("it came too late, and %v", got)
		}
	})
}

func TestGatewayThatDoesNotLaunchIsAnsweredAsAnError(t *testing.T) {
	refuses := func(context.Context, apps.Launch) error { return errors.New("the app's gateway answered 500: no") }
	inPlaceWithApps(t, Config{}, refuses, func(r *rig) {
		ada := r.join(4, `{}`)
		for i := range 12 { // more than may be under way at once
			if i%4 == 0 {
				time.Sleep(time.Second)
			}
			ada.launch(fmt.Sprint(i), "alloapp:http://apps.example/clock", `{}`)
			if got, want := ada.raw(fmt.Sprint(i)), `["launch_app","error","the app's gateway answered 500: no"]`; got != want {
				t.Fatalf("answered %s, want %s", got, want)
			}
		}
		ada.launch("soon", "alloapp:http://apps.example/clock", `{}`)
		if got, want := ada.raw("soon"), `["launch_app","error","4 launches of yours are under way, or were a moment ago; try again later"]`; got != want {
			t.Errorf("the fifth in a second is answered %s, want %s", got, want)
		}
	})
}

func TestLaunchThatMakesNoSenseIsRefused(t *testing.T) {
	never := func(_ context.Context, what apps.Launch) error { t.Errorf("asked for %v", what); return nil }
	inPlaceWithApps(t, Config{Limits: Limits{LaunchBytes: 100}}, never, func(r *rig) {
		ada := r.join(4, `{}`)
		for body, says := range map[string]string{
			`["launch_app"]`:                                                             "want alloapp:http://",
			`["launch_app",1,{}]`:                                                        "want alloapp:http://",
			`["launch_app","alloapp:http://a",1]`:                                        "want alloapp:http://",
			`["launch_app","alloapp:http://a",{},1]`:                                     "want alloapp:http://",
			`["launch_app","http://a",{}]`:                                               "want alloapp:http://",
			`["launch_app","alloapp:ftp://a",{}]`:                                        "over http or https",
			`["launch_app","alloapp:http://a\r\nX: 1/",{}]`:                              "is no URL",
			`["launch_app","alloapp:http://u:p@a",{}]`:                                   "must not name a user",
			`["launch_app","alloapp:http://a",{"a":"` + strings.Repeat("x", 100) + `"}]`: "at most 100 may be",
		} {
			ada.ids++
			id := fmt.Sprint("bad", ada.ids)
			ada.command(fmt.Sprintf(`["interaction","request","","place","%s",%s]`, id, body))
			if got := ada.answer(id); len(got) != 3 || got[1] != "error" || !strings.Contains(fmt.Sprint(got[2]), says) {
				t.Errorf("%s is answered %v, want an error with %q", body, got, says)
			}
		}
	})
}

func TestLaunchesUnderWayAreLimited(t *testing.T) {
	hangs := func(ctx context.Context, _ apps.Launch) error { <-ctx.Done(); return ctx.Err() }
	cfg := Config{Limits: Limits{Launches: 2, PlaceLaunches: 3}}
	inPlaceWithApps(t, cfg, hangs, func(r *rig) { // which closes the place under them
		ada, bob := r.join(4, `{}`), r.join(4, `{}`)
		for i := range 2 {
			ada.launch(fmt.Sprint(i), "alloapp:http://apps.example/", `{}`)
		}
		ada.launch("2", "alloapp:http://apps.example/", `{}`)
		if got, want := ada.raw("2"), `["launch_app","error","2 launches of yours are under way, or were a moment ago; try again later"]`; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
		bob.launch("1", "alloapp:http://apps.example/", `{}`)
		bob.launch("2", "alloapp:http://apps.example/", `{}`)
		if got, want := bob.raw("2"), `["launch_app","error","3 launches are under way here, or were a moment ago; try again later"]`; got != want {
			t.Errorf("answered %s, want %s", got, want)
		}
	})
}

func TestLaunchesOfAgentsThatLeaveTakeNoPlace(t *testing.T) {
	var asked, ended atomic.Int64
	hangs := func(ctx context.Context, _ apps.Launch) error {
		asked.Add(1)
		<-ctx.Done()
		ended.Add(1)
		return ctx.Err()
	}
	inPlaceWithApps(t, Config{Limits: Limits{PlaceLaunches: 8}}, hangs, func(r *rig) {
		bob := r.join(4, `{}`)
		for range 10 { // joins, launches all it may, and leaves
			ada := r.join(4, `{}`)
			for i := range 4 {
				ada.launch(fmt.Sprint(i), "alloapp:http://apps.example/", `{}`)
			}
			ada.close()
			time.Sleep(5 * time.Millisecond)
			bob.interactions()
		}
		if asked.Load() != 40 || ended.Load() != 40 {
			t.Errorf("%d launches, of which %d were given up", asked.Load(), ended.Load())
		}
		bob.launch("1", "alloapp:http://apps.example/", `{}`)
		if got := bob.interactions(); len(got) != 0 {
			t.Errorf("answered at once: %v", got)
		}
	})
}

func TestTheAgentWithMostLaunchesGivesWay(t *testing.T) {
	hangs := func(ctx context.Context, _ apps.Launch) error { <-ctx.Done(); return ctx.Err() }
	inPlaceWithApps(t, Config{Limits: Limits{PlaceLaunches: 8}}, hangs, func(r *rig) {
		many := []*peer{r.join(4, `{}`), r.join(4, `{}`)}
		for _, p := range many {
			for i := range 4 {
				p.launch(fmt.Sprint(i), "alloapp:http://apps.example/", `{}`)
			}
		}
		bob := r.join(4, `{}`)
		bob.launch("1", "alloapp:http://apps.example/", `{}`)
		bob.launch("2", "alloapp:http://apps.example/", `{}`)
		if got := bob.interactions(); len(got) != 0 {
			t.Errorf("answered at once: %v", got)
		}
		for _, p := range many {
			if got := p.raw("3"); !strings.Contains(got, "given up for the launch of another") {
				t.Errorf("answered %s", got)
			}
		}
		bob.launch("3", "alloapp:http://apps.example/", `{}`) // it has two, and they have three
		if got := bob.raw("3"); !strings.Contains(got, "8 launches are under way here") {
			t.Errorf("answered %s", got)
		}
	})
}

func TestLaunchesAreCountedByAddress(t *testing.T) {
	all := launches{open: map[string]*launch{}}
	far := netip.MustParseAddr("203.0.113.5")
	for i := range 5 {
		a := &agent{launches: 1}
		all.open[fmt.Sprint(i)] = &launch{token: fmt.Sprint(i), from: far, cancel: func(error) {}, request: &Request{agent: a}}
		all.leave(a)
	}
	if all.ofAddress(far) != 5 || all.underWay() != 0 {
		t.Errorf("%d count for the address and %d for the place, want 5 and none", all.ofAddress(far), all.underWay())
	}
	for text, near := range map[string]bool{
		"127.0.0.1": true, "10.1.2.3": true, "192.168.0.1": true, "::ffff:172.16.0.1": true, "203.0.113.5": false, "8.8.8.8": false,
	} {
		if isNear(netip.MustParseAddr(text)) != near {
			t.Errorf("%s counts as near: %v", text, !near)
		}
	}
}

func TestPlaceWithASenselessPolicyIsNotMade(t *testing.T) {
	_, err := New(Config{Transports: []netcode.Transport{pipe.New(pipe.Config{}).Listen()}, Apps: apps.Policy{Hosts: []string{"http://a"}}})
	if err == nil || !strings.Contains(err.Error(), `"http://a"`) {
		t.Errorf("got %v", err)
	}
	_, err = New(Config{Transports: []netcode.Transport{pipe.New(pipe.Config{}).Listen()}, PublicHost: "a:1"})
	if err == nil || !strings.Contains(err.Error(), `"a:1"`) {
		t.Errorf("got %v", err)
	}
}
