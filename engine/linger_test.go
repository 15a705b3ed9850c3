package engine

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/netcode/pipe"
)

// comings notes who comes and goes.
type comings struct {
	mu   sync.Mutex
	text string
}

func (c *comings) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text += fmt.Sprintf(format, args...) + ";"
}

// take gives what came since it was last asked.
func (c *comings) take() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := c.text
	c.text = ""
	return text
}

func (c *comings) config() Config {
	return Config{
		Joined: func(_ *Turn, a Agent) { c.add("+%s", a.DisplayName()) },
		Left:   func(_ *Turn, a Agent, code uint32) { c.add("-%s %d", a.DisplayName(), code) },
	}
}

// traveller is a client with an end of the network of its own.
type traveller struct {
	*client.Client
	end *pipe.End
}

func (r *rig) travels(cfg client.Config) *traveller {
	r.Helper()
	end := r.pipe.Host()
	d := client.NewDialer(end)
	r.Cleanup(func() { _ = d.Close() })
	if cfg.Key != nil && cfg.Identity == nil {
		cfg.Identity = map[string]any{"display_name": "ann"}
	}
	c, err := d.Dial(r.Context(), "alloplace://"+r.addr.String(), cfg)
	if err != nil {
		r.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	return &traveller{c, end}
}

func (v *traveller) blackout(d time.Duration) {
	v.end.SetConfig(pipe.Config{Loss: 1})
	time.Sleep(d)
	v.end.SetConfig(pipe.Config{Delay: time.Millisecond})
}

func (v *traveller) must(t *testing.T, to string, body ...any) []any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	answer, err := v.Request(ctx, to, body...)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestAVerifiedAgentComesBackAfterABlackout(t *testing.T) {
	var news comings
	inPlace(t, news.config(), func(r *rig) {
		back := make(chan bool, 1)
		var heard comings
		ann := r.travels(client.Config{
			Key: keyOf("ann"), Reconnect: true,
			OnReconnect: func(_ *client.Client, resumed bool) { back <- resumed },
			Handle: func(_ *client.Client, i netcode.Interaction) {
				heard.add("%s", i.Body)
			},
		})
		watcher := r.join(4, `{}`)
		avatar := ann.Avatar()
		box := ann.must(r.T, PlaceID, "spawn_entity", map[string]any{"box": map[string]any{}})[1].(string)
		ann.must(r.T, PlaceID, "subscribe", `["news" | _]`)
		track := uint32(ann.must(r.T, PlaceID, "allocate_track", "audio", "opus", map[string]any{})[2].(float64))
		watcher.choose(track, "subscribe")
		watcher.ids = 100
		_ = ann.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -1})
		time.Sleep(time.Second)
		news.take()

		ann.end.SetConfig(pipe.Config{Loss: 1})
		watcher.command(interaction("request", "", avatar, "early", `["hello"]`)) // asked and never answered
		time.Sleep(11 * time.Second)
		if got := watcher.answer("early"); got[1] != "error" || got[2] != lostWhy {
			t.Errorf("what was asked of it before is answered %v", got)
		}
		watcher.command(interaction("request", "", avatar, "late", `["hello"]`))
		if got := watcher.answer("late"); got[1] != "error" || got[2] != lostWhy {
			t.Errorf("what is asked of it is answered %v", got)
		}
		watcher.command(interaction("request", "", PlaceID, "who", `["list_agents"]`))
		if got := fmt.Sprint(watcher.answer("who")); !strings.Contains(got, "connection lost, waited for") {
			t.Errorf("listed as %s", got)
		}
		stood := r.component(avatar, "transform")
		time.Sleep(5 * time.Second)
		if r.component(box, "box") == "" || news.take() != "" || r.component(avatar, "transform") != stood {
			t.Error("it does not stand there as it stood")
		}
		ann.end.SetConfig(pipe.Config{Delay: time.Millisecond})
		if !<-back {
			t.Fatal("it came back as somebody else")
		}
		if ann.Avatar() != avatar || r.component(box, "box") == "" || news.take() != "" {
			t.Error("it did not come back as it was")
		}
		ann.must(r.T, PlaceID, "change_components", box, "add_or_change", map[string]any{"box": map[string]any{"open": true}})
		err := ann.WaitFor(r.Context(), func(d *netcode.Document) bool {
			c, _ := d.Component(box, "box")
			return c["open"] == true
		})
		if err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if r.component(avatar, "transform") == stood {
			t.Error("it does not walk on")
		}
		watcher.take(netcode.CommandChannel)
		watcher.command(interaction("publication", "", "", "", `["news",1]`))
		time.Sleep(time.Second)
		if got := heard.take(); got != `["news",1];` {
			t.Errorf("heard %s", got)
		}
		watcher.media(4)
		if err := ann.SendMedia(track, []byte{0xfc, 0xff, 0xfe}); err != nil {
			t.Error(err)
		}
		time.Sleep(100 * time.Millisecond)
		if got := watcher.media(4); len(got) != 1 {
			t.Errorf("its track is heard as %v", got)
		}
	})
}

func TestWhoDoesNotComeBackInTimeLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		linger time.Duration
		key    bool
		stays  time.Duration // after the connection has been lost
	}{
		"by default":    {0, true, 20 * time.Second},
		"as configured": {3 * time.Second, true, 3 * time.Second},
		"off":           {-1, true, 0},
		"without a key": {0, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var news comings
			cfg := news.config()
			cfg.Linger = c.linger
			inPlace(t, cfg, func(r *rig) {
				as := client.Config{Identity: map[string]any{"display_name": "ann"}}
				if c.key {
					as.Key = keyOf("ann")
				}
				ann := r.travels(as)
				news.take()
				at := time.Now()
				ann.end.SetConfig(pipe.Config{Loss: 1})
				for len(r.entities()) > 1 {
					time.Sleep(100 * time.Millisecond)
				}
				if took := time.Since(at) - 10*time.Second; (took - c.stays).Abs() > time.Second {
					t.Errorf("it stayed for %v, want %v", took, c.stays)
				}
				if got := news.take(); got != "-ann 1000;" {
					t.Errorf("heard %q", got)
				}
				ann.end.SetConfig(pipe.Config{})
				if c.key {
					again := r.travels(client.Config{Key: keyOf("ann"), Resume: ann.Avatar()})
					if again.Avatar() == ann.Avatar() {
						t.Error("it got its avatar back")
					}
				}
			})
		})
	}
}

func TestWhoLeavesOrIsSentAwayIsNotWaitedFor(t *testing.T) {
	for name, leave := range map[string]func(r *rig, p *peer){
		"leaves":    func(r *rig, p *peer) { p.close() },
		"is kicked": func(r *rig, p *peer) { r.kick(0) },
		"says that its connection is lost": func(r *rig, p *peer) {
			p.transport.Disconnect(p.conn, netcode.CodeConnectionLost)
		},
		"sends rubbish":  func(r *rig, p *peer) { p.rubbish() },
		"sends too much": func(r *rig, p *peer) { p.command(strings.Repeat(" ", 2<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				p := r.joinAs("ann", "")
				leave(r, p)
				time.Sleep(100 * time.Millisecond)
				if got := r.entities(); len(got) != 1 {
					t.Errorf("%v stand there", got)
				}
			})
		})
	}
}

func (r *rig) kick(n int) {
	_ = r.place.Do(func(t *Turn) error { t.Kick(t.Agents()[n].ID); return nil })
}

func (p *peer) rubbish() {
	for range 20 {
		p.send(netcode.CommandChannel, true, "rubbish")
	}
}

func TestWhoIsWaitedForCanBeSentAway(t *testing.T) {
	var news comings
	inPlace(t, news.config(), func(r *rig) {
		ann := r.travels(client.Config{Key: keyOf("ann")})
		ann.blackout(12 * time.Second)
		news.take()
		r.kick(0)
		if got := r.entities(); len(got) != 1 || news.take() != "-ann 1005;" {
			t.Errorf("%v stand there", got)
		}
	})
}

func TestAnAgentResumesBeforeThePlaceHasMissedIt(t *testing.T) {
	var news comings
	inPlace(t, news.config(), func(r *rig) {
		ann := r.travels(client.Config{Key: keyOf("ann")})
		sibling := r.travels(client.Config{Key: keyOf("ann")}) // the same key, another agent
		news.take()
		again := r.travels(client.Config{Key: keyOf("ann"), Resume: ann.Avatar()}) // from another address
		if again.Avatar() != ann.Avatar() {
			t.Fatal("it did not get its avatar back")
		}
		<-ann.Done()
		if err := ann.Err().(*client.DisconnectError); err.Code != netcode.CodeResumed {
			t.Errorf("the old connection ended with %v", err)
		}
		again.must(r.T, PlaceID, "spawn_entity", map[string]any{})
		sibling.must(r.T, PlaceID, "list_agents")
		time.Sleep(time.Second)
		if got := len(r.entities()); got != 4 || news.take() != "" {
			t.Errorf("%d entities", got)
		}
	})
}

func TestResumingAsAnotherVersionIsRefused(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		ann := r.joinAs("ann", "")
		p := r.dial()
		body := strings.Replace(claim("ann", ann.avatar), `"version",4`, `"version",3`, 1)
		p.prove(p.challenged(body), body, "ann")
		p.refused(netcode.CodeBadAnnounce, "version 4")
	})
}

func TestWhoIsWaitedForWhereTooManyAre(t *testing.T) {
	waiting := func(addr, key string, stayed time.Duration, entities int) *agent {
		from := netip.AddrPort{}
		if addr != "" {
			from = netip.AddrPortFrom(netip.MustParseAddr(addr), 1)
		}
		return &agent{session: &session{from: from}, verified: key, stayed: stayed, version: entities}
	}
	old := waiting("1.1.1.1", "ann", time.Hour, 10)
	brief := waiting("2.2.2.2", "bob", time.Second, 10)
	restored := waiting("", "cid", math.MaxInt64, 10)
	ghosts := []*agent{
		waiting("6.6.6.6", "k1", 2*time.Second, 3), waiting("6.6.6.6", "k2", 4*time.Second, 30), waiting("6.6.6.6", "k3", 3*time.Second, 3),
	}
	many := []*agent{waiting("3.3.3.3", "eve", 5*time.Second, 1), waiting("4.4.4.4", "eve", 6*time.Second, 1), waiting("5.5.5.5", "eve", 7*time.Second, 1)}
	byEntities := func(a *agent) int { return a.version }
	for name, c := range map[string]struct {
		ranks graceRanks
		most  int
		want  *agent
	}{
		"few enough":                {graceRanks{all: []*agent{old, brief}, weigh: one}, 2, nil},
		"the address with most":     {graceRanks{all: append([]*agent{brief, old, restored}, ghosts...), weigh: one}, 5, ghosts[0]},
		"the key with most":         {graceRanks{all: append([]*agent{brief, old}, many...), weigh: one}, 4, many[0]},
		"the shortest stay":         {graceRanks{all: []*agent{old, brief, restored}, weigh: one}, 2, brief},
		"of one address":            {graceRanks{all: append([]*agent{brief}, ghosts...), addr: ghosts[0].from(), weigh: one}, 2, ghosts[0]},
		"of one address, but few":   {graceRanks{all: append([]*agent{brief}, ghosts...), addr: brief.from(), weigh: one}, 2, nil},
		"the address with entities": {graceRanks{all: append([]*agent{old, brief}, ghosts...), weigh: byEntities}, 50, ghosts[0]},
	} {
		if got := c.ranks.first(c.most); got != c.want {
			t.Errorf("%s: %+v goes", name, got)
		}
	}
}

func TestGhostsTakeNobodysPlace(t *testing.T) {
	inPlace(t, Config{Linger: time.Minute, Limits: Limits{Lingering: 3}}, func(r *rig) {
		ann := r.travels(client.Config{Key: keyOf("ann")})
		time.Sleep(time.Minute)
		for i := range 3 {
			r.travels(client.Config{Key: keyOf(fmt.Sprint("ghost", i))}).end.SetConfig(pipe.Config{Loss: 1})
		}
		time.Sleep(12 * time.Second)
		ann.end.SetConfig(pipe.Config{Loss: 1})
		time.Sleep(12 * time.Second)
		ann.end.SetConfig(pipe.Config{})
		if n := len(r.entities()); n != 4 {
			t.Errorf("%d entities stand there, want three avatars and the place", n)
		}
		if again := r.travels(client.Config{Key: keyOf("ann"), Resume: ann.Avatar()}); again.Avatar() != ann.Avatar() {
			t.Error("a ghost has taken its place")
		}
	})
}

func TestOnlySoManyAreWaitedFor(t *testing.T) {
	for name, limits := range map[string]Limits{
		"agents":   {Lingering: 2},
		"entities": {LingeringEntities: 2},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Limits: limits}, func(r *rig) {
				for _, name := range []string{"ann", "bob", "cid"} {
					r.travels(client.Config{Key: keyOf(name)}).end.SetConfig(pipe.Config{Loss: 1})
				}
				time.Sleep(11 * time.Second)
				if got := r.entities(); len(got) != 3 {
					t.Errorf("%v stand there, want two avatars and the place", got)
				}
			})
		})
	}
}

func TestAClientTellsItsSecretToThePlaceItMeansOnly(t *testing.T) {
	inPlace(t, Config{Name: "Lobby"}, func(r *rig) {
		d := client.NewDialer(r.pipe.Host())
		defer d.Close()
		_, err := d.Dial(r.Context(), "alloplace://"+r.addr.String(), client.Config{Key: keyOf("ann"), PlaceName: "Attic"})
		if err == nil || !strings.Contains(err.Error(), `"Lobby"`) {
			t.Errorf("dialled with %v", err)
		}
	})
}

func TestAnAgentComesBackUnderADriver(t *testing.T) {
	transport := direct.New()
	var news comings
	cfg := news.config()
	cfg.Transports = []netcode.Transport{transport}
	place, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := place.Drive()
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	join := func(resume string) (*direct.Peer, string) {
		t.Helper()
		var got []netcode.Interaction
		p := transport.Connect(direct.Config{Received: func(channel uint8, data []byte) {
			if i, err := netcode.ParseInteraction(data); err == nil && channel == netcode.CommandChannel {
				got = append(got, i)
			}
		}})
		body := claim("ann", resume)
		p.Send(netcode.CommandChannel, []byte(asked("ann", body)))
		driver.Settle()
		c, err := netcode.ParseChallenge(got[0].Body)
		if err != nil {
			t.Fatal(err)
		}
		proof := c.Prove(keyOf("ann"), []byte(body))
		p.Send(netcode.CommandChannel, []byte(interaction("oneway", "", PlaceID, "", string(proof.Append(nil)))))
		driver.Settle()
		return p, got[1].To
	}
	p, avatar := join("")
	p.Lose()
	driver.Advance(19 * time.Second)
	p, again := join(avatar)
	if again != avatar || news.take() != "+peer;" {
		t.Errorf("%q came back as %q", avatar, again)
	}
	p.Lose()
	driver.Advance(21 * time.Second)
	if _, other := join(avatar); other == avatar || news.take() != "-peer 1000;+peer;" {
		t.Error("it was waited for too long")
	}
}

func TestWhoComesBackTooLateJoinsAnewThoughSomeOfItsEntitiesStillStand(t *testing.T) {
	inPlace(t, Config{Linger: time.Second, Limits: Limits{Removals: 10, Entities: 500}}, func(r *rig) {
		p := r.dial()
		body := claim("ann", "")
		p.prove(p.challenged(body), body, "ann")
		p.wait()
		for _, i := range p.interactions() {
			if v, _ := netcode.ParseValue(i.Body); len(v.([]any)) == 3 {
				p.avatar = v.([]any)[1].(string)
			}
		}
		for range 200 {
			p.spawn(`{}`)
		}
		p.transport.SetConfig(pipe.Config{Loss: 1})
		for left := len(r.entities()); len(r.entities()) == left; {
			time.Sleep(50 * time.Millisecond)
		}
		p.transport.SetConfig(pipe.Config{})
		p.close()
		if n := len(r.entities()); n < 100 {
			t.Errorf("%d entities still stand", n)
		}
		q := r.dial()
		body = claim("ann", p.avatar)
		q.prove(q.challenged(body), body, "ann")
		time.Sleep(20 * time.Millisecond)
		for _, i := range q.interactions() {
			if strings.Contains(string(i.Body), "error") {
				t.Errorf("it is answered %s", i.Body)
			}
		}
	})
}
