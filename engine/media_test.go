package engine

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/netcode"
)

func TestAllocateTrack(t *testing.T) {
	const shape = `["allocate_track","error","want \"audio\" or \"video\", a format and an object of metadata; or \"audio\", a sample rate, a channel count and a format"]`
	const taken = `["allocate_track","failed","the entity has a track already"]`
	const audio = `["allocate_track","audio","opus",{"sample_rate":48000,"channel_count":1}]`
	bad := [][2]string{
		{`["allocate_track","audio","a_format_of_21_letter",{}]`, `["allocate_track","error","the format's name has 21 bytes, at most 20 may be"]`},
	}
	for _, args := range []string{
		``, `,"audio"`, `,"audio",""`, `,"audio","",{}`, `,"audio",7,{}`, `,7,"opus",{}`, `,"smell","opus",{}`, `,"","opus",{}`,
		`,"audio","opus",7`, `,"audio","opus",null`, `,"audio","opus",[1]`, `,"audio","opus",{},1`, `,"video",48000,1,"opus"`, `,"audio",48000,1`,
		`,"audio",48000,1,7`, `,"audio",48000,1,""`, `,"audio","48000",1,"opus"`, `,"audio",48000,"1","opus"`, `,"audio",0,1,"opus"`,
		`,"audio",48000,-1,"opus"`, `,"audio",48000,1,"opus",{}`,
	} {
		bad = append(bad, [2]string{`["allocate_track"` + args + `]`, shape})
	}
	for _, first := range []string{
		audio, `["allocate_track","audio",48000,1,"opus"]`, `["allocate_track","video","mjpeg",[]]`, `["allocate_track","audio","opus"]`,
	} {
		c := conformance{verb: "allocate_track", cfg: Config{Limits: Limits{NameBytes: 20}}, bad: bad,
			good: [][2]string{{first, `["allocate_track","ok",1]`}, {first, taken}, {audio, taken}}}
		c.run(t)
	}
}

func TestMediaTrack(t *testing.T) {
	const shape = `["media_track","error","want a track id and \"subscribe\" or \"unsubscribe\""]`
	unknown := func(id string) string {
		return `["media_track","failed","there is no such track: ` + id + `"]`
	}
	c := conformance{verb: "media_track"}
	for _, args := range []string{
		``, `,1`, `,"1","subscribe"`, `,1,7`, `,1,"listen"`, `,1,"subscribe",1`, `,1.5,"subscribe"`, `,-1,"subscribe"`, `,4294967296,"subscribe"`,
		`,null,"subscribe"`, `,1e300,"unsubscribe"`,
	} {
		c.bad = append(c.bad, [2]string{`["media_track"` + args + `]`, shape})
	}
	for _, id := range []string{"0", "1", "2147483647", "4294967295"} {
		c.bad = append(c.bad, [2]string{`["media_track",` + id + `,"subscribe"]`, unknown(id)}, [2]string{`["media_track",` + id + `,"unsubscribe"]`, unknown(id)})
	}
	const own = `["media_track","failed","the track is the agent's own"]`
	c.good = [][2]string{
		{`["allocate_track","audio","opus",{}]`, `["allocate_track","ok",1]`},
		{`["media_track",1,"subscribe"]`, own},
		{`["media_track",1,"unsubscribe"]`, own},
		{`["remove_entity","AVATAR"]`, `["remove_entity","ok"]`},
	}
	c.run(t)
	for _, version := range []int{1, 2, 3, 4} {
		inPlace(t, Config{}, func(r *rig) {
			r.join(4, `{}`).allocate(`"audio","opus",{}`)
			listener := r.join(version, `{}`)
			for _, what := range strings.Fields("subscribe subscribe unsubscribe unsubscribe subscribe") {
				listener.compare(`["media_track",1,"`+what+`"]`, `["media_track","ok",1]`)
			}
		})
	}
}

func TestATrackShowsOnTheEntityThatAskedForIt(t *testing.T) {
	for args, want := range map[string]string{
		`"audio","opus",{"sample_rate":24000,"channel_count":2,"x":[1]}`: `{"channel_count":2,"format":"opus","metadata":{"channel_count":2,"sample_rate":24000,"x":[1]},"sample_rate":24000,"track_id":1,"type":"audio"}`,
		`"audio","opus",{"sample_rate":"high"}`:                          `{"channel_count":1,"format":"opus","metadata":{"sample_rate":"high"},"sample_rate":48000,"track_id":1,"type":"audio"}`,
		`"audio",44100,2,"opus"`:                                         `{"channel_count":2,"format":"opus","metadata":{"channel_count":2,"sample_rate":44100},"sample_rate":44100,"track_id":1,"type":"audio"}`,
		`"video","mjpeg",{"width":640}`:                                  `{"format":"mjpeg","metadata":{"width":640},"track_id":1,"type":"video"}`,
		`"video","mjpeg",[]`:                                             `{"format":"mjpeg","metadata":{},"track_id":1,"type":"video"}`,
	} {
		inPlace(t, Config{}, func(r *rig) {
			p := r.join(4, `{}`)
			radio := p.spawn(`{}`)
			id := p.newID()
			p.command(interaction("request", radio, PlaceID, id, `["allocate_track",`+args+`]`))
			if got := p.raw(id); got != `["allocate_track","ok",1]` {
				t.Fatal(got)
			}
			if got := r.component(radio, "live_media"); got != want {
				t.Errorf("%s makes\n%s, want\n%s", args, got, want)
			}
			if r.component(p.avatar, "live_media") != "" {
				t.Error("the avatar has it as well")
			}
		})
	}
}

func TestNobodyHasATrackOnSomebodyElsesEntity(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p, other := r.join(4, `{}`), r.join(4, `{}`)
		for _, from := range []string{other.avatar, PlaceID} {
			id := p.newID()
			p.command(interaction("request", from, PlaceID, id, `["allocate_track","audio","opus",{}]`))
			if got, want := p.raw(id), fmt.Sprintf(`["allocate_track","error","you do not own \"%s\""]`, from); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if r.component(from, "live_media") != "" || r.place.tracks() != 0 {
				t.Error("it has one all the same")
			}
		}
	})
}

// allocate asks for a track and gives its id.
func (p *peer) allocate(args string) uint32 {
	p.Helper()
	id := p.newID()
	p.command(interaction("request", "", PlaceID, id, `["allocate_track",`+args+`]`))
	body := p.answer(id)
	if len(body) != 3 || body[1] != "ok" {
		p.Fatalf("allocate_track is answered %v", body)
	}
	return uint32(body[2].(float64))
}

// choose subscribes to a track, or unsubscribes from it.
func (p *peer) choose(track uint32, what string) {
	p.Helper()
	p.compare(fmt.Sprintf(`["media_track",%d,%q]`, track, what), fmt.Sprintf(`["media_track","ok",%d]`, track))
}

// opusPayload is valid Opus of so many bytes.
func opusPayload(size int) string { return "\x00" + strings.Repeat("o", size-1) }

// say sends media as the peer's version has it, and lets it arrive.
func (p *peer) say(version int, track uint32, video bool, payload string) {
	p.Helper()
	d, _ := netcode.DialectOf(version)
	channel, tail := d.Audio, ""
	if video {
		channel = d.Video
	}
	if d.MediaTrailer {
		tail = "?" // any byte
	}
	p.send(channel, version == 4 && !video, mediaPacket(track, payload)+tail)
	p.wait()
}

func mediaPacket(track uint32, payload string) string {
	return string([]byte{byte(track >> 24), byte(track >> 16), byte(track >> 8), byte(track)}) + payload
}

// media gives all that has come on the channels of media since the last time.
func (p *peer) media(version int) []string {
	d, _ := netcode.DialectOf(version)
	all := p.take(d.Audio)
	if d.Video != d.Audio {
		all = append(all, p.take(d.Video)...)
	}
	return all
}

func (p *peer) hears(version int, want ...string) {
	p.Helper()
	if got := p.media(version); !slices.Equal(got, want) {
		p.Errorf("a listener of version %d got %.100q, want %.100q", version, got, want)
	}
}

func TestMediaReachesEveryDialectAsItWantsIt(t *testing.T) {
	for _, video := range []bool{false, true} {
		args, payload := `"audio","opus",{}`, opusPayload(100)
		if video {
			args, payload = `"video","mjpeg",{}`, strings.Repeat("v", 5000)
		}
		for speaks := 1; speaks <= 4; speaks++ {
			inPlace(t, Config{}, func(r *rig) {
				speaker := r.join(speaks, `{}`)
				var listeners []*peer
				for version := 1; version <= 4; version++ {
					listeners = append(listeners, r.join(version, `{}`))
				}
				track := speaker.allocate(args)
				listeners[3].choose(track, "subscribe")
				speaker.say(speaks, track, video, payload)
				speaker.wait()
				for i, p := range listeners {
					d, _ := netcode.DialectOf(i + 1)
					want := mediaPacket(track, payload)
					channel := d.Audio
					if video {
						channel = d.Video
					}
					if d.MediaTrailer {
						want += "\n"
					}
					if got := p.take(channel); len(got) != 1 || got[0] != want {
						t.Errorf("from version %d to %d, video %v: got %.50q, want %.50q", speaks, i+1, video, got, want)
					}
				}
				if got := speaker.media(speaks); len(got) != 0 {
					t.Errorf("version %d hears itself: %q", speaks, got)
				}
			})
		}
	}
}

func TestWhoHearsFollowsWhatTheyAskedFor(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		speaker, three, four := r.join(4, `{}`), r.join(3, `{}`), r.join(4, `{}`)
		track := speaker.allocate(`"audio","opus",{}`)
		said := 0
		says := func(threeHears, fourHears bool) {
			t.Helper()
			said++
			payload := opusPayload(10 + said)
			speaker.say(4, track, false, payload)
			speaker.wait()
			var wantThree, wantFour []string
			if threeHears {
				wantThree = []string{mediaPacket(track, payload) + "\n"}
			}
			if fourHears {
				wantFour = []string{mediaPacket(track, payload)}
			}
			three.hears(3, wantThree...)
			four.hears(4, wantFour...)
		}
		says(true, false)
		four.choose(track, "subscribe")
		says(true, true)
		three.choose(track, "unsubscribe")
		says(false, true)
		four.choose(track, "unsubscribe")
		says(false, false)
		three.choose(track, "subscribe")
		says(true, false)
		late := r.join(2, `{}`)
		says(true, false)
		late.hears(2, mediaPacket(track, opusPayload(10+said))+"\n")
		four.choose(track, "subscribe")
		four.close()
		time.Sleep(100 * time.Millisecond)
		says(true, false)
	})
}

func TestATrackEndsWithItsEntity(t *testing.T) {
	for name, end := range map[string]func(p *peer, radio string){
		"removed": func(p *peer, radio string) { p.compare(`["remove_entity","`+radio+`"]`, `["remove_entity","ok"]`) },
		"removed with its parent": func(p *peer, radio string) {
			p.compare(`["change_components","`+radio+`","add_or_change",{"relationships":{"parent":"`+p.avatar+`"}}]`, `["change_components","ok"]`)
			p.compare(`["remove_entity","`+p.avatar+`"]`, `["remove_entity","ok"]`)
		},
		"removed by the host": func(p *peer, radio string) {
			if err := p.place.Do(func(t *Turn) error { t.Remove(radio, 0); return nil }); err != nil {
				p.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Limits: Limits{BadPackets: 3}}, func(r *rig) {
				p, three, four := r.join(4, `{}`), r.join(3, `{}`), r.join(4, `{}`)
				radio := p.spawn(`{}`)
				p.command(interaction("request", radio, PlaceID, "q", `["allocate_track","audio","opus",{}]`))
				p.answer("q")
				four.choose(1, "subscribe")
				end(p, radio)
				for range 10 { // on their way when it ended: no fault of the agent's
					p.say(4, 1, false, opusPayload(10))
				}
				three.hears(3)
				four.hears(4)
				if _, gone := p.disconnected(); gone {
					t.Error("late packets cost the connection")
				}
				four.compare(`["media_track",1,"subscribe"]`, `["media_track","failed","there is no such track: 1"]`)
				if got := r.place.tracks(); got != 0 {
					t.Errorf("%d tracks are left", got)
				}
			})
		})
	}
}

func (p *Place) tracks() (n int) {
	_ = p.Do(func(*Turn) error { n = p.media.Tracks(); return nil })
	return n
}

func TestNothingIsLeftOfTheTracksOfThoseWhoLeft(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		var all []*peer
		for _, version := range []int{4, 3, 4, 1} {
			p := r.join(version, `{}`)
			all = append(all, p)
			p.allocate(`"audio","opus",{}`)
		}
		for n, p := range all {
			for track := range uint32(4) {
				if int(track) != n {
					p.choose(track+1, "unsubscribe")
					p.choose(track+1, "subscribe")
				}
			}
		}
		for n, p := range all {
			p.close()
			time.Sleep(100 * time.Millisecond)
			if got := r.place.tracks(); got != 3-n {
				t.Errorf("%d tracks after %d of 4 have left", got, n+1)
			}
		}
		if p := r.join(4, `{}`); p.allocate(`"audio","opus",{}`) != 5 {
			t.Error("a track's id is used again")
		}
	})
}

func TestNobodySpeaksOnSomebodyElsesTrack(t *testing.T) {
	inPlace(t, Config{Limits: Limits{BadPackets: 5}}, func(r *rig) {
		owner, thief, listener := r.join(4, `{}`), r.join(4, `{}`), r.join(3, `{}`)
		track := owner.allocate(`"audio","opus",{}`)
		for n, stolen := range []uint32{track, track, track, 99, 0} {
			if _, gone := thief.disconnected(); gone {
				t.Fatalf("disconnected after %d", n)
			}
			thief.say(4, stolen, false, opusPayload(10))
		}
		time.Sleep(100 * time.Millisecond)
		listener.hears(3)
		if code, gone := thief.disconnected(); !gone || code != netcode.CodeOverload {
			t.Errorf("disconnected: %v with %d", gone, code)
		}
	})
}

func TestMediaThatWouldEndDeployedAgentsIsDropped(t *testing.T) {
	for _, version := range []int{3, 4} {
		inPlace(t, Config{Limits: Limits{MediaBytes: 1000}}, func(r *rig) {
			speaker, three, four := r.join(version, `{}`), r.join(3, `{}`), r.join(4, `{}`)
			audio := speaker.allocate(`"audio","opus",{}`)
			radio := speaker.spawn(`{}`)
			speaker.command(interaction("request", radio, PlaceID, "q", `["allocate_track","audio","pcm",{}]`))
			pcm := uint32(speaker.answer("q")[2].(float64))
			four.choose(audio, "subscribe")
			four.choose(pcm, "subscribe")
			for _, c := range []struct {
				track       uint32
				payload     string
				three, four bool
			}{
				{audio, "", false, false},
				{audio, "\x00o", false, false},
				{audio, "\x00oo", true, true},
				{audio, opusPayload(1000), true, true},
				{audio, opusPayload(1001), false, false},
				{audio, "\x03oo", false, false}, // 47 frames that are not there
				{pcm, "\x03oo", false, true},    // not to who takes it for Opus
				{pcm, "oo", false, false},
			} {
				speaker.say(version, c.track, false, c.payload)
				var wantThree, wantFour []string
				if c.three {
					wantThree = []string{mediaPacket(c.track, c.payload) + "\n"}
				}
				if c.four {
					wantFour = []string{mediaPacket(c.track, c.payload)}
				}
				three.hears(3, wantThree...)
				four.hears(4, wantFour...)
			}
			if _, gone := speaker.disconnected(); gone {
				t.Error("it cost the connection")
			}
		})
	}
}

func TestAgentIsToldOfDroppedMedia(t *testing.T) {
	for _, version := range []int{1, 2, 3, 4} {
		inPlace(t, Config{Limits: Limits{MediaBytes: 1000, MediaByteRate: 5000}}, func(r *rig) {
			speaker, other := r.join(version, `{}`), r.join(4, `{}`)
			video := speaker.allocate(`"video","mjpeg",{}`)
			other.choose(video, "subscribe")
			told := func(why string) {
				t.Helper()
				speaker.wait()
				got := speaker.interactions()
				want := fmt.Sprintf(`["media_dropped",%d,%q]`, video, why)
				if len(got) != 1 || got[0].Type != netcode.TypeOneway || got[0].From != PlaceID || got[0].To != speaker.avatar || string(got[0].Body) != want {
					t.Errorf("version %d was told %+v, want %s", version, got, want)
				}
				if line := r.logs.take("dropping media"); !strings.Contains(line, "WARN") || !strings.Contains(line, why) || !strings.Contains(line, "--media-") {
					t.Errorf("the log says %q", line)
				}
			}
			for range 10 {
				speaker.say(version, video, true, opusPayload(1001))
			}
			told("a packet has 1001 bytes, at most 1000 may be")
			time.Sleep(10 * time.Second)
			for range 10 {
				speaker.say(version, video, true, opusPayload(999))
			}
			told("at most 500 packets and 5000 bytes a second")
			if got := other.interactions(); len(got) != 0 {
				t.Errorf("another was told %+v", got)
			}
		})
	}
}

// A picture of a video of 1920 by 1080 takes that much as a JPEG of the best quality.
func TestLargePictureIsRelayed(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		speaker, listener := r.join(4, `{}`), r.join(4, `{}`)
		video := speaker.allocate(`"video","mjpeg",{}`)
		listener.choose(video, "subscribe")
		speaker.say(4, video, true, opusPayload(700_000))
		time.Sleep(time.Second)
		if got := listener.media(4); len(got) != 1 || len(got[0]) != 700_004 {
			t.Errorf("%d packets came", len(got))
		}
	})
}

func TestMediaLimits(t *testing.T) {
	inPlace(t, Config{Limits: Limits{Tracks: 1, TrackSubscriptions: 1, MediaRate: 20, MediaByteRate: 500}}, func(r *rig) {
		speaker, other, listener := r.join(4, `{}`), r.join(4, `{}`), r.join(4, `{}`)
		track := speaker.allocate(`"audio","opus",{}`)
		radio := speaker.spawn(`{}`)
		speaker.command(interaction("request", radio, PlaceID, "q", `["allocate_track","audio","opus",{}]`))
		if got := speaker.raw("q"); got != `["allocate_track","failed","no more tracks can be allocated: the agent has 1"]` {
			t.Errorf("a second track: %s", got)
		}
		listener.choose(track, "subscribe")
		listener.compare(fmt.Sprintf(`["media_track",%d,"subscribe"]`, other.allocate(`"audio","opus",{}`)),
			`["media_track","failed","no more tracks can be chosen: the agent has chosen about 1"]`)
		for _, c := range []struct{ size, want int }{{10, 20}, {100, 5}} {
			for range 50 {
				speaker.send(0, false, mediaPacket(track, opusPayload(c.size)))
			}
			speaker.wait()
			if got := len(listener.media(4)); got != c.want {
				t.Errorf("%d packets of %d bytes arrived at once, want %d", got, c.size, c.want)
			}
			time.Sleep(time.Second)
		}
		if _, gone := speaker.disconnected(); gone {
			t.Error("it cost the connection")
		}
	})
}

func TestHearsDecidesWhoHearsWhom(t *testing.T) {
	deaf := map[string]bool{} // on the place's turn
	var asked atomic.Int64
	cfg := Config{Hears: func(listener, speaker string) bool {
		asked.Add(1)
		return !deaf[listener+" "+speaker] && listener != speaker
	}}
	inPlace(t, cfg, func(r *rig) {
		speaker, three, four := r.join(3, `{}`), r.join(3, `{}`), r.join(4, `{}`)
		ids := map[*peer]string{}
		set := func(listener *peer, heard bool) {
			if err := r.place.Do(func(turn *Turn) error {
				for _, a := range turn.Agents() {
					for _, p := range []*peer{speaker, three, four} {
						if p.avatar == a.Avatar {
							ids[p] = a.ID
						}
					}
				}
				deaf[ids[listener]+" "+ids[speaker]] = !heard
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		set(three, false)
		track := speaker.allocate(`"audio","opus",{}`)
		says := func(threeHears, fourHears int) {
			t.Helper()
			speaker.say(3, track, false, opusPayload(10))
			speaker.wait()
			if a, b := len(three.media(3)), len(four.media(4)); a != threeHears || b != fourHears {
				t.Errorf("%d and %d packets arrived, want %d and %d", a, b, threeHears, fourHears)
			}
		}
		says(0, 0)
		four.choose(track, "subscribe")
		says(0, 1)
		set(three, true)
		set(four, false)
		time.Sleep(600 * time.Millisecond)
		says(1, 0)
		set(four, true)
		time.Sleep(600 * time.Millisecond)
		says(1, 1)

		before := asked.Load()
		time.Sleep(10 * time.Second)
		if n := asked.Load() - before; n < 38 || n > 42 {
			t.Errorf("asked %d times in 10 s for two listeners, want 40", n)
		}
	})
}

// sink is a transport that counts what it is sent.
type sink struct {
	netcode.Transport
	packets, conns, bytes int
}

func (s *sink) Send(p netcode.Packet, to ...netcode.Conn) error {
	s.packets, s.conns, s.bytes = s.packets+1, s.conns+len(to), s.bytes+len(p.Data)
	return nil
}

// relayRig is a gate with one speaker of version 3 and listeners of versions 3 and 4.
func relayRig(t testing.TB, listeners int) (*gate, *session, *netcode.Dialect, *sink) {
	table := media.New(media.Config{Tracks: 1, Choices: 1})
	s := newSession(1, netip.AddrPort{}, nil)
	three, _ := netcode.DialectOf(3)
	four, _ := netcode.DialectOf(4)
	track, err := table.Allocate(table.Join("speaker", 1, three, &s.voice), "avatar", media.Media{Type: media.Audio, Format: media.Opus})
	if err != nil {
		t.Fatal(err)
	}
	for n := range listeners {
		d := []*netcode.Dialect{three, four}[n%2]
		a := table.Join("listener", netcode.Conn(n+2), d, &media.Voice{})
		if d == four {
			if err := table.Subscribe(a, track); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := &sink{}
	p := &Place{transport: out, log: slog.New(slog.DiscardHandler), counts: newCounters()}
	p.cfg.Limits.MediaRate, p.cfg.Limits.MediaByteRate = 1<<30, 1<<40
	p.cfg.Limits.setDefaults()
	return &gate{place: p}, s, three, out
}

func TestRelayingAllocatesNothingAndCopiesOncePerKindOfListener(t *testing.T) {
	g, s, d, out := relayRig(t, 60)
	data := []byte(mediaPacket(1, opusPayload(120)) + "?")
	g.media(s, d, data)
	if out.packets != 2 || out.conns != 60 || out.bytes != 125+124 {
		t.Errorf("%+v", out)
	}
	if n := testing.AllocsPerRun(100, func() { g.media(s, d, data) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkGateMedia(b *testing.B) {
	g, s, d, _ := relayRig(b, 59)
	data := []byte(mediaPacket(1, opusPayload(120)) + "?")
	b.ReportAllocs()
	for b.Loop() {
		g.media(s, d, data)
	}
}
