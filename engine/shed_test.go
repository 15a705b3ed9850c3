package engine

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// busyBehaviour takes as long with each heartbeat as it is told. Meanwhile the place's turn
// cannot be had: the tests look at what needs none.
type busyBehaviour struct {
	nothing
	takes, beats atomic.Int64
}

func (b *busyBehaviour) Beat(*Turn, float64) {
	b.beats.Add(1)
	time.Sleep(time.Duration(b.takes.Load()))
}

// reach waits until the place sheds so much.
func (r *rig) reach(what Shedding) {
	r.Helper()
	for range 1000 {
		if r.shedding() == what {
			synctest.Wait() // for the log
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.Fatalf("the place sheds %v, not %v", r.shedding(), what)
}

func (r *rig) shedding() Shedding { return Shedding(r.place.overload.level.Load()) }

func (r *rig) shed(what Shedding) uint64 { return r.place.counts.shed[what].Load() }

// states returns those that have come and that come now, and acknowledges them.
func (p *peer) states(howLong time.Duration) (all []string) {
	p.Helper()
	for end := time.Now().Add(howLong); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for _, data := range p.take(stateChannel(4)) {
			s, err := netcode.ParseState([]byte(data))
			if err != nil {
				p.Fatal(err)
			}
			all = append(all, data)
			p.send(stateChannel(4), false, fmt.Sprintf(`{"cmd":"intent","intent":{"ack_state_rev":%d}}`, s.Revision))
		}
	}
	return all
}

func TestAnOverloadedPlaceShedsStatesThenMediaAndNeverCommands(t *testing.T) {
	busy := &busyBehaviour{}
	inPlace(t, Config{Behaviour: busy}, func(r *rig) {
		speaker, filmer, other := r.join(4, `{}`), r.join(4, `{}`), r.join(4, `{}`)
		audio, video := speaker.allocate(`"audio","opus",{}`), filmer.allocate(`"video","mjpeg",{}`)
		other.choose(audio, "subscribe")
		other.choose(video, "subscribe")
		other.states(time.Second)
		busy.takes.Store(int64(40 * time.Millisecond)) // of 50
		for level := ShedFar; level < sheddings; level++ {
			r.reach(level)
			other.take(stateChannel(4))
			beats := busy.beats.Load()
			states := len(other.states(350 * time.Millisecond))
			beats = busy.beats.Load() - beats
			if halved := int64(states) <= beats/2+1; halved != (level >= ShedStates) {
				t.Errorf("%v: %d states in %d heartbeats", level, states, beats)
			}
			other.media(4)
			speaker.say(4, audio, false, opusPayload(10))
			filmer.say(4, video, true, "moving")
			time.Sleep(60 * time.Millisecond)
			heard := strings.Join(other.media(4), " ")
			if strings.Contains(heard, "ooo") != (level < ShedMedia) || strings.Contains(heard, "moving") != (level < ShedVideo) {
				t.Errorf("%v: heard %q", level, heard)
			}
			id := other.newID()
			other.send(netcode.CommandChannel, true, asked(id, `["poke"]`))
			time.Sleep(60 * time.Millisecond)
			if got := other.raw(id); got != `["poke","ok"]` {
				t.Errorf("%v: a request is answered %s", level, got)
			}
		}
		for _, what := range []Shedding{ShedFar, ShedStates, ShedVideo, ShedMedia} {
			if r.shed(what) == 0 {
				t.Errorf("no %v is counted", what)
			}
		}
		if r.logs.find("shedding=far before=nothing") == "" {
			t.Error("the log does not say so")
		}

		busy.takes.Store(0)
		r.reach(ShedNothing)
		if r.logs.find("heartbeats are in time again") == "" {
			t.Error("the log does not say that it is over")
		}
		before := r.shed(ShedMedia)
		speaker.say(4, audio, false, opusPayload(10))
		other.wait()
		if heard := other.media(4); len(heard) != 1 || r.shed(ShedMedia) != before {
			t.Errorf("afterwards: heard %q", heard)
		}
	})
}

func TestASingleLateHeartbeatShedsNothing(t *testing.T) {
	busy := &busyBehaviour{}
	inPlace(t, Config{Behaviour: busy}, func(r *rig) {
		r.join(4, `{}`)
		for range 10 {
			busy.takes.Store(int64(300 * time.Millisecond))
			time.Sleep(100 * time.Millisecond)
			busy.takes.Store(0)
			time.Sleep(900 * time.Millisecond)
		}
		if n := r.shed(ShedFar); n != 0 {
			t.Errorf("it was shed in %d heartbeats", n)
		}
		s := r.place.Stats()
		if s.Shedding != ShedNothing || len(s.Shed) != int(sheddings)-1 || s.Shed[0].What != "far" {
			t.Errorf("it says %v, %v", s.Shedding, s.Shed)
		}
	})
}

func TestAPlaceThatIsDrivenShedsNothing(t *testing.T) {
	place, err := New(Config{Transports: []netcode.Transport{direct.New()}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := place.Drive()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.Advance(10 * time.Second)
	if s := place.Stats(); s.Shedding != ShedNothing {
		t.Errorf("it sheds %v", s.Shedding)
	}
}
