package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func TestClientJoinsInEveryVersion(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		for _, envelope := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d envelope %v", version, envelope), func(t *testing.T) {
				cfg := Config{
					Version:  version,
					Identity: map[string]any{"display_name": "Ada", "color": "red"},
					Avatar:   map[string]any{"visor": map[string]any{"display_name": "Ada"}, "children": []any{map[string]any{}}},
					Envelope: envelope,
				}
				inPlace(t, cfg, nil, func(t *testing.T, c *Client, a *fakeAgent) {
					if c.Avatar() != "avatar-0" || c.PlaceName() != "Test place" {
						t.Errorf("joined as %q in %q", c.Avatar(), c.PlaceName())
					}
					if a.announce.Version != version || a.envelope != envelope {
						t.Errorf("announced %+v, envelope %v", a.announce, a.envelope)
					}
					said := maps.Clone(cfg.Identity)
					said[netcode.TakesFragments] = true
					if !reflect.DeepEqual(a.announce.Identity, said) || !reflect.DeepEqual(a.announce.Avatar, cfg.Avatar) {
						t.Errorf("announced %+v", a.announce)
					}
					after(time.Second)
					if len(a.intents) == 0 || c.Stats().Unusable > 0 {
						t.Errorf("%d intents, %+v", len(a.intents), c.Stats())
					}
					if _, ok := c.ServerTime(); !ok {
						t.Error("the clocks never met")
					}
				})
			})
		}
	}
}

func TestClientHasDefaults(t *testing.T) {
	inPlace(t, Config{}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		if a.announce.Version != 4 || a.announce.Identity["display_name"] != "agent" || len(a.announce.Avatar) != 0 {
			t.Errorf("announced %+v", a.announce)
		}
	})
	inPlace(t, Config{Envelope: true}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		if a.announce.Version != 1 || !a.envelope {
			t.Errorf("announced %+v", a.announce)
		}
	})
}

// TestClientPipelinesBehindTheAnnounce has a place that answers late: it has
// intents and a clock request from before.
func TestClientPipelinesBehindTheAnnounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(pipe.Config{Jitter: time.Millisecond, Delay: 10 * time.Millisecond})
		p, url := startPlace(t, n, nil)
		defer p.close()
		n.SetConfig(pipe.Config{Delay: 10 * time.Millisecond})
		d := NewDialer(n.Host())
		defer d.Close()
		start := time.Now()
		if _, err := d.Dial(t.Context(), url, Config{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 40*time.Millisecond {
			t.Errorf("joining took %v, two round trips are 40ms", took)
		}
		a := p.agent(0)
		synctest.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(a.intents) == 0 || a.intents[0].at != 30*time.Millisecond {
			t.Errorf("intents %v, want the first together with the announce", a.intents)
		}
	})
}

func TestDialFallsBackToVersion4(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(pipe.Config{})
		var asked []int
		p, url := startPlace(t, n, func(p *fakePlace) {
			p.refuse = func(a *fakeAgent) string {
				asked = append(asked, a.announce.Version)
				if a.announce.Version > 4 {
					return `["announce","error",1003,"we speak 1 to 4"]`
				}
				return ""
			}
		})
		defer p.close()
		d := NewDialer(n.Host())
		defer d.Close()
		if _, err := d.Dial(t.Context(), url, Config{}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Dial(t.Context(), url, Config{Version: 5}); err == nil {
			t.Error("version 5 was wanted, and another is spoken")
		}
		if !slices.Equal(asked, []int{5, 4, 5}) {
			t.Errorf("versions %v were announced", asked)
		}
	})
}

func TestRefusedAnnounceIsAnAnnounceError(t *testing.T) {
	cases := map[string]struct {
		answer string
		want   AnnounceError
	}{
		"version":             {`["announce","error",1003,"we speak 1 to 4"]`, AnnounceError{1003, "we speak 1 to 4"}},
		"rule":                {`["announce","error",1103,"no Harrys"]`, AnnounceError{1103, "no Harrys"}},
		"no code":             {`["announce","error"]`, AnnounceError{0, "null"}},
		"code is not a whole": {`["announce","error",1.5,"half"]`, AnnounceError{0, "half"}},
		"code is huge":        {`["announce","error",1e99,"huge"]`, AnnounceError{0, "huge"}},
		"denied":              {`["interaction_denied",["interaction"],"*"]`, AnnounceError{1103, "*"}},
		"senseless":           {`["announce"]`, AnnounceError{0, `an answer that makes no sense, ["announce"]`}},
		"not a list":          {`{}`, AnnounceError{0, `an answer that makes no sense, [{}]`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := pipe.New(pipe.Config{})
				var left []uint32
				p, url := startPlace(t, n, func(p *fakePlace) {
					p.refuse = func(*fakeAgent) string { return c.answer }
					p.left = func(_ *fakeAgent, code uint32) { left = append(left, code) }
				})
				d := NewDialer(n.Host())
				cfg := Config{Version: 4, OnDisconnect: func(error) { t.Error("called back without having joined") }}
				_, err := d.Dial(t.Context(), url, cfg)
				var refused *AnnounceError
				if !errors.As(err, &refused) || *refused != c.want {
					t.Errorf("got %v, want %v", err, &c.want)
				}
				synctest.Wait()
				d.Close()
				p.close()
				if !slices.Equal(left, []uint32{netcode.CodeClientLeft}) {
					t.Errorf("left with %v", left)
				}
			})
		})
	}
}

func TestDialWhereNobodyListensFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDialer(pipe.New(pipe.Config{}).Host())
		defer d.Close()
		_, err := d.Dial(t.Context(), "alloplace://10.1.2.3", Config{})
		var lost *DisconnectError
		if !errors.As(err, &lost) || lost.Code != netcode.CodeConnectionLost || !strings.Contains(err.Error(), "alloplace://10.1.2.3") {
			t.Errorf("got %v", err)
		}
	})
}

func TestDialHonoursItsContext(t *testing.T) {
	for _, listening := range []bool{false, true} {
		t.Run(fmt.Sprintf("listening %v", listening), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, url := pipe.New(pipe.Config{}), "alloplace://10.1.2.3"
				if listening {
					var p *fakePlace
					p, url = startPlace(t, n, func(p *fakePlace) {
						p.refuse = func(*fakeAgent) string { return silence }
					})
					defer p.close()
				}
				d := NewDialer(n.Host())
				defer d.Close()
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				start := time.Now()
				_, err := d.Dial(ctx, url, Config{})
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Second {
					t.Errorf("got %v after %v", err, time.Since(start))
				}
			})
		})
	}
}

func TestDialFailsWhenThePlaceHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(pipe.Config{})
		p, url := startPlace(t, n, func(p *fakePlace) {
			p.refuse = func(a *fakeAgent) string {
				p.transport.Disconnect(a.conn, netcode.CodeOverload)
				return silence
			}
		})
		defer p.close()
		d := NewDialer(n.Host())
		defer d.Close()
		_, err := d.Dial(t.Context(), url, Config{})
		var hungUp *DisconnectError
		if !errors.As(err, &hungUp) || hungUp.Code != netcode.CodeOverload {
			t.Errorf("got %v", err)
		}
	})
}

func TestDialRejectsBadConfigAndURLs(t *testing.T) {
	cases := map[string]struct {
		url  string
		cfg  Config
		want string
	}{
		"version":    {"alloplace://10.0.0.1", Config{Version: 6}, "Config.Version is 6"},
		"rate":       {"alloplace://10.0.0.1", Config{IntentRate: -1}, "Config.IntentRate is -1"},
		"URL scheme": {"http://10.0.0.1", Config{}, "alloplace://"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := NewDialer(pipe.New(pipe.Config{}).Host())
				defer d.Close()
				if _, err := d.Dial(t.Context(), c.url, c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q in it", err, c.want)
				}
			})
		})
	}
}
