package client

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func TestIntentsGoOutAtTheirRateUntilReplaced(t *testing.T) {
	for rate, want := range map[int]int{0: 100, 5: 25, 100: 500} {
		t.Run(fmt.Sprint("rate ", rate), func(t *testing.T) {
			inPlace(t, Config{IntentRate: rate}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
				intent := netcode.Intent{WantsStickMovement: true, ZMovement: -1, Yaw: 0.5}
				intent.Head = netcode.Pose{Set: true, Matrix: netcode.Identity}
				if err := c.SetIntent(intent); err != nil {
					t.Fatal(err)
				}
				after(250 * time.Millisecond)
				a.place.mu.Lock()
				a.intents = nil
				a.place.mu.Unlock()
				after(5 * time.Second)
				a.place.mu.Lock()
				defer a.place.mu.Unlock()
				if len(a.intents) != want {
					t.Errorf("%d intents in 5 s, want %d", len(a.intents), want)
				}
				if !reflect.DeepEqual(a.intents[0].intent, intent) {
					t.Errorf("sent %+v, want %+v", a.intents[0].intent, intent)
				}
			})
		})
	}
}

func TestIntentIsStandingStillAtFirst(t *testing.T) {
	inPlace(t, Config{}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		after(time.Second)
		if want := (netcode.Intent{WantsStickMovement: true}); !reflect.DeepEqual(a.intents[0].intent, want) {
			t.Errorf("sent %+v", a.intents[0].intent)
		}
	})
}

func TestIntentThatIsNotFiniteIsRefused(t *testing.T) {
	c := &Client{}
	bad := map[string]func(in *netcode.Intent){
		"movement": func(in *netcode.Intent) { in.XMovement = math.NaN() },
		"yaw":      func(in *netcode.Intent) { in.Yaw = math.Inf(1) },
		"pose":     func(in *netcode.Intent) { in.Torso.Matrix[15] = math.Inf(-1) },
		"grab":     func(in *netcode.Intent) { in.RightHand.Grab.Transform[0] = math.NaN() },
	}
	for name, spoil := range bad {
		var in netcode.Intent
		spoil(&in)
		if err := c.SetIntent(in); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if err := c.SetIntent(netcode.Intent{ZMovement: math.MaxFloat64, XMovement: math.MaxFloat64}); err != nil {
		t.Errorf("large numbers: %v", err)
	}
}

// TestServerTimeComesFromTheQuickestExchange has a network whose jitter would
// put the clock off by up to 100 ms.
func TestServerTimeComesFromTheQuickestExchange(t *testing.T) {
	inPlace(t, Config{}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		off := func() float64 {
			seconds, ok := c.ServerTime()
			if !ok {
				t.Fatal("no server time")
			}
			return math.Abs(seconds - a.place.clock())
		}
		if off() > 1e-5 || (c.RTT()-10*time.Millisecond).Abs() > 10*time.Microsecond {
			t.Errorf("on a steady network off by %v s, round trip %v", off(), c.RTT())
		}
		network := a.place.transport.(*pipe.End).Network()
		network.SetConfig(pipe.Config{Delay: 5 * time.Millisecond, Jitter: 200 * time.Millisecond})
		for range 60 {
			after(time.Second)
			if off() > 0.045 {
				t.Errorf("off by %v s, round trip %v", off(), c.RTT())
			}
		}
	})
}

func TestClockReplyToNoRequestIsIgnored(t *testing.T) {
	inPlace(t, Config{}, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		before, _ := c.ServerTime()
		for _, reply := range []string{
			`{"client_time":-1,"server_time":5}`, `{"client_time":1e9,"server_time":5}`, `{"client_time":0}`, `x`,
		} {
			a.send(a.dialect.Clock, false, []byte(reply))
		}
		synctest.Wait()
		after(100 * time.Millisecond)
		if now, _ := c.ServerTime(); math.Abs(now-before-0.1) > 0.001 || c.Stats().Unusable != 4 {
			t.Errorf("%v became %v in 100 ms, %+v", before, now, c.Stats())
		}
	})
}

func TestMediaAndAssetsTravelOnTheDialectsChannels(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			var heard []string
			cfg := Config{
				Version: version,
				OnMedia: func(track uint32, payload []byte) { heard = append(heard, fmt.Sprintf("%d:%s", track, payload)) },
				OnAsset: func(_ *Client, f netcode.AssetFrame) { heard = append(heard, f.Header.ID+string(f.Data)) },
			}
			var seen []string
			script := func(p *fakePlace) {
				p.packet = func(a *fakeAgent, k netcode.Kind, data []byte) {
					seen = append(seen, fmt.Sprintf("%d %q", k, data))
					channel := map[netcode.Kind]uint8{netcode.KindMedia: a.dialect.Audio, netcode.KindAsset: a.dialect.Assets}[k]
					a.send(channel, k == netcode.KindAsset, data)
				}
			}
			inPlace(t, cfg, script, func(t *testing.T, c *Client, a *fakeAgent) {
				asset := netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{ID: "asset:x", ErrorCode: 1}}
				for _, err := range []error{c.SendMedia(7, []byte("pling")), c.SendVideo(8, []byte("flash")), c.SendAsset(asset)} {
					if err != nil {
						t.Error(err)
					}
				}
				after(time.Second)
				slices.Sort(heard)
				if want := []string{"7:pling", "8:flash", "asset:x"}; !slices.Equal(heard, want) {
					t.Errorf("heard %q, want %q", heard, want)
				}
				if trailer := strings.HasSuffix(seen[0], `\n"`); trailer != (version < 4) {
					t.Errorf("version %d sent %s", version, seen[0])
				}
				c.Close()
				if c.SendMedia(7, nil) == nil || c.SendAsset(asset) == nil {
					t.Error("sent after Close")
				}
			})
		})
	}
}

func TestNothingThePlaceSendsStopsTheClient(t *testing.T) {
	junk := [][]byte{
		nil, []byte("\x00"), []byte("{"), []byte("[]"), []byte(`["interaction"]`), []byte("null\n"),
		[]byte(strings.Repeat("[", 100_000)), []byte(`["interaction","response","","","nobody asked",[]]`),
		[]byte(`["interaction_denied",7]`), []byte(`["interaction_denied"]`), []byte("\xff\xfe\xfd\xfc\xfb\xfa"),
		[]byte(`["interaction","response","place","","announce",["announce","error",1,""]]`),
	}
	cfg := Config{
		Handle:  func(*Client, netcode.Interaction) {},
		OnMedia: func(uint32, []byte) {},
		OnAsset: func(*Client, netcode.AssetFrame) {},
	}
	inPlace(t, cfg, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		for channel := range uint8(a.dialect.Channels) {
			for _, data := range junk {
				a.send(channel, true, data)
				after(time.Millisecond)
			}
		}
		a.set(3, `{"a":{"components":{}}}`)
		if err := c.WaitFor(within(t), func(d *netcode.Document) bool { return d.Revision == 3 }); err != nil {
			t.Fatal(err)
		}
		if c.Avatar() != "avatar-0" || c.Err() != nil || c.Stats().Unusable == 0 {
			t.Errorf("avatar %q, %v, %+v", c.Avatar(), c.Err(), c.Stats())
		}
	})
}

// TestSlowCallbackCostsStatesButNoInteractions has a callback that takes ten
// minutes, during which intents must go on.
func TestSlowCallbackCostsStatesButNoInteractions(t *testing.T) {
	release := make(chan struct{})
	var waves int
	cfg := Config{Handle: func(_ *Client, i netcode.Interaction) {
		if waves++; waves == 1 {
			<-release
		}
	}}
	inPlace(t, cfg, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		release = make(chan struct{})
		a.interaction(netcode.TypeOneway, "someone", "", `["wave"]`)
		after(time.Second)
		for n := range uint64(1000) {
			a.set(n+1, `{}`)
			a.interaction(netcode.TypeOneway, "someone", "", `["wave"]`)
			after(10 * time.Millisecond)
		}
		a.place.mu.Lock()
		intents := len(a.intents)
		a.place.mu.Unlock()
		close(release)
		after(time.Second)
		if waves != 1001 || intents < 200 {
			t.Errorf("%d interactions, %d intents", waves, intents)
		}
		if s := c.Stats(); s.States != 1000 || s.Dropped == 0 || a.ack() == 0 {
			t.Errorf("%+v, acknowledged %d", s, a.ack())
		}
	})
}

func TestDisconnectedClientSaysWhy(t *testing.T) {
	cases := map[string]struct {
		end  func(a *fakeAgent)
		code uint32
	}{
		"kicked": {func(a *fakeAgent) {
			a.interaction(netcode.TypeOneway, "place", "", `["goodbye"]`)
			a.place.transport.Disconnect(a.conn, netcode.CodeKicked)
		}, netcode.CodeKicked},
		"place closed": {func(a *fakeAgent) {
			a.interaction(netcode.TypeOneway, "place", "", `["goodbye"]`)
			a.place.close()
		}, netcode.CodePlaceClosed},
		"silence": {func(a *fakeAgent) {
			a.interaction(netcode.TypeOneway, "place", "", `["goodbye"]`)
			after(100 * time.Millisecond)
			a.place.transport.(*pipe.End).SetConfig(pipe.Config{Loss: 1})
		}, netcode.CodeConnectionLost},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var heard []string
			cfg := Config{
				Handle:       func(_ *Client, i netcode.Interaction) { heard = append(heard, netcode.BodyVerb(i.Body)) },
				OnDisconnect: func(err error) { heard = append(heard, err.Error()) },
			}
			inPlace(t, cfg, nil, func(t *testing.T, client *Client, a *fakeAgent) {
				c.end(a)
				<-client.Done()
				synctest.Wait()
				want := &DisconnectError{Code: c.code}
				if err := client.Err(); !reflect.DeepEqual(err, want) || !errors.Is(err, netcode.ErrClosed) {
					t.Errorf("got %v, want %v", err, want)
				}
				if !slices.Equal(heard, []string{"goodbye", want.Error()}) {
					t.Errorf("heard %q", heard)
				}
				if err := client.Close(); err != nil || !reflect.DeepEqual(client.Err(), want) {
					t.Errorf("closed: %v, %v", err, client.Err())
				}
			})
		})
	}
}

func TestCloseLeavesThePlaceWithoutCallbacks(t *testing.T) {
	cfg := Config{OnDisconnect: func(error) { t.Error("OnDisconnect after Close") }}
	inPlace(t, cfg, nil, func(t *testing.T, c *Client, a *fakeAgent) {
		if c.Err() != nil {
			t.Error(c.Err())
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		<-c.Done()
		after(time.Second)
		if !errors.Is(c.Err(), netcode.ErrClosed) || !a.gone || a.code != netcode.CodeClientLeft {
			t.Errorf("%v, gone %v with %d", c.Err(), a.gone, a.code)
		}
	})
}

func TestCloseFromACallback(t *testing.T) {
	for _, whole := range []bool{false, true} {
		var d *Dialer
		cfg := Config{Handle: func(c *Client, i netcode.Interaction) {
			if whole {
				d.Close()
			}
			c.Close()
		}}
		inPlace(t, cfg, nil, func(t *testing.T, c *Client, a *fakeAgent) {
			d = c.dialer
			a.interaction(netcode.TypeOneway, "someone", "", `["go"]`)
			<-c.Done()
			after(2 * time.Second)
			if !a.gone || a.code != netcode.CodeClientLeft {
				t.Errorf("gone %v with %d", a.gone, a.code)
			}
		})
	}
}

func TestDialerServesManyClientsAndClosesThemAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(pipe.Config{Delay: time.Millisecond})
		p, url := startPlace(t, n, echo)
		defer p.close()
		d := NewDialer(n.Host())
		var clients []*Client
		var mu sync.Mutex
		var joining sync.WaitGroup
		for i := range 50 {
			joining.Go(func() {
				c, err := d.Dial(t.Context(), url, Config{Version: i%netcode.MaxVersion + 1})
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := c.Request(within(t), "place", "hello"); err != nil {
					t.Error(err)
				}
				mu.Lock()
				clients = append(clients, c)
				mu.Unlock()
			})
		}
		joining.Wait()
		clients[0].Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		after(time.Second)
		for _, c := range clients {
			if !errors.Is(c.Err(), netcode.ErrClosed) {
				t.Errorf("%s: %v", c.Avatar(), c.Err())
			}
		}
		for _, a := range p.joined {
			if !a.gone || a.code != netcode.CodeClientLeft {
				t.Errorf("%s: gone %v with %d", a.avatar, a.gone, a.code)
			}
		}
		if _, err := d.Dial(t.Context(), url, Config{}); !errors.Is(err, netcode.ErrClosed) {
			t.Errorf("dialled on a closed dialer: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("closed again: %v", err)
		}
	})
}

func TestDialerCloseEndsADialUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDialer(pipe.New(pipe.Config{}).Host())
		failed := make(chan error)
		go func() {
			_, err := d.Dial(t.Context(), "alloplace://10.1.2.3", Config{})
			failed <- err
		}()
		after(time.Second)
		d.Close()
		if err := <-failed; !errors.Is(err, netcode.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// brokenTransport is one whose Serve fails.
type brokenTransport struct {
	*pipe.End
	fail chan error
}

func (b brokenTransport) Serve(h netcode.Handler) error { return <-b.fail }

func TestClientsEndWhenTheirTransportBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := brokenTransport{pipe.New(pipe.Config{}).Host(), make(chan error)}
		d := NewDialer(broken)
		failed := make(chan error)
		go func() {
			_, err := d.Dial(t.Context(), "alloplace://10.1.2.3", Config{})
			failed <- err
		}()
		synctest.Wait()
		reason := errors.New("cable cut")
		broken.fail <- reason
		if err := <-failed; !errors.Is(err, reason) || !errors.Is(err, netcode.ErrClosed) {
			t.Errorf("got %v", err)
		}
		d.Close()
	})
}

// hastyTransport settles each connection before its Dial returns.
type hastyTransport struct {
	*pipe.End
	handler netcode.Handler
	code    uint32
}

func (h *hastyTransport) Serve(handler netcode.Handler) error {
	h.handler = handler
	return h.End.Serve(handler)
}

func (h *hastyTransport) Dial(to netip.AddrPort, _ int) (netcode.Conn, error) {
	done := make(chan struct{})
	go func() { // as from the goroutine that serves
		h.handler.Connected(1, to)
		h.handler.Disconnected(1, h.code)
		close(done)
	}()
	<-done
	return 1, nil
}

func TestDialerHearsWhatHappensBeforeDialReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hastyTransport{End: pipe.New(pipe.Config{}).Host(), code: netcode.CodeOverload}
		d := NewDialer(h)
		defer d.Close()
		synctest.Wait()
		_, err := d.Dial(t.Context(), "alloplace://10.1.2.3", Config{})
		var hungUp *DisconnectError
		if !errors.As(err, &hungUp) || hungUp.Code != netcode.CodeOverload {
			t.Errorf("got %v", err)
		}
	})
}
