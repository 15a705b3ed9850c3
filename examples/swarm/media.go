package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// stamped is what a speaker's payload begins with: a byte that makes it Opus, the
// number of the run, and when it was sent, in nanoseconds since the run began.
const stamped = 1 + 8 + 8

// largestMedia is the largest payload of one Opus frame and the byte before it.
const largestMedia = 1 + 1275

// mediaPatience is how long packets sent within the window may take and still count.
const mediaPatience = time.Second

// debate is speakers and those who listen to them.
type debate struct {
	cfg      *config
	run      uint64
	began    time.Time
	from     time.Duration // when the window opens, since the run began
	agents   []*agent
	speakers []*speaker
}

// speaker is an agent with a track.
type speaker struct {
	*agent
	track uint32
	due   time.Time

	mu   sync.Mutex
	sent []time.Duration // when, since the run began
}

// ear keeps what an agent hears.
type ear struct {
	mu    sync.Mutex
	run   uint64
	began time.Time // of the run
	heard []heard
}

// heard is a packet that came.
type heard struct{ sent, trip time.Duration }

// hear takes a packet of media.
func (e *ear) hear(_ uint32, payload []byte) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(payload) < stamped || binary.BigEndian.Uint64(payload[1:]) != e.run {
		return // somebody else's
	}
	sent := time.Duration(binary.BigEndian.Uint64(payload[9:]))
	e.heard = append(e.heard, heard{sent, now.Sub(e.began) - sent})
}

// newDebate returns the first agents tracks, and has as many others as asked for listen
// to each.
func newDebate(ctx context.Context, cfg *config, agents []*agent) (*debate, error) {
	d := &debate{cfg: cfg, run: rand.Uint64(), began: time.Now(), agents: agents}
	for _, a := range agents {
		a.ear.mu.Lock()
		a.ear.began, a.ear.run = d.began, d.run
		a.ear.mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	for n := range min(cfg.speakers, len(agents)) {
		a := agents[n]
		answer, err := a.client.Request(ctx, toPlace, "allocate_track", "audio", "opus", map[string]any{})
		if err != nil {
			return nil, err
		}
		if len(answer) != 3 {
			return nil, fmt.Errorf("allocate_track is answered %v", answer)
		}
		track, _ := answer[2].(float64)
		d.speakers = append(d.speakers, &speaker{agent: a, track: uint32(track)})
	}
	return d, d.listen(ctx)
}

// listen subscribes everybody to the tracks they should hear, and to no others.
func (d *debate) listen(ctx context.Context) error {
	errs := make([]error, len(d.agents))
	var choosing sync.WaitGroup
	for n, a := range d.agents {
		choosing.Go(func() {
			dialect, _ := netcode.DialectOf(a.version)
			for m, s := range d.speakers {
				listens := d.listens(n, m)
				if n == m || listens == dialect.HearsEveryone {
					continue
				}
				what := "subscribe"
				if !listens {
					what = "unsubscribe"
				}
				if _, err := a.client.Request(ctx, toPlace, "media_track", int(s.track), what); err != nil {
					errs[n] = err
					return
				}
			}
		})
	}
	choosing.Wait()
	return errors.Join(errs...)
}

// listens reports whether the nth agent hears the mth speaker: those that come behind
// it, in a ring.
func (d *debate) listens(n, m int) bool {
	behind := (n - m + len(d.agents)) % len(d.agents)
	return behind > 0 && behind <= d.listeners()
}

func (d *debate) listeners() int { return min(d.cfg.listeners, len(d.agents)-1) }

// speak has all speakers send at their rate, each at moments of its own, until ctx
// ends.
func (d *debate) speak(ctx context.Context) {
	interval := secondsOf(1 / d.cfg.mediaRate)
	start := time.Now()
	for n, s := range d.speakers {
		s.due = start.Add(interval * time.Duration(n) / time.Duration(len(d.speakers)))
	}
	payload := make([]byte, d.cfg.mediaBytes)
	for n := 0; ; n = (n + 1) % len(d.speakers) {
		s := d.speakers[n]
		if sleep(ctx, time.Until(s.due)) != nil {
			return
		}
		s.due = s.due.Add(interval)
		d.say(s, payload)
	}
}

func (d *debate) say(s *speaker, payload []byte) {
	at := time.Since(d.began)
	binary.BigEndian.PutUint64(payload[1:], d.run)
	binary.BigEndian.PutUint64(payload[9:], uint64(at))
	s.mu.Lock()
	s.sent = append(s.sent, at)
	s.mu.Unlock()
	_ = s.client.SendMedia(s.track, payload) // a speaker that was sent away is reported as such
}

// start opens the window.
func (d *debate) start(now time.Time) { d.from = now.Sub(d.began) }

// stop closes the window and, once what was sent within it has had its time, says
// what came of it.
func (d *debate) stop(ctx context.Context, now time.Time) (*mediaReport, error) {
	within := func(sent time.Duration) bool { return sent >= d.from && sent < now.Sub(d.began) }
	if err := sleep(ctx, mediaPatience); err != nil {
		return nil, err
	}
	r := &mediaReport{Speakers: len(d.speakers), Listeners: d.listeners(), Bytes: d.cfg.mediaBytes}
	var trips []time.Duration
	for _, a := range d.agents {
		a.ear.mu.Lock()
		for _, h := range a.ear.heard {
			if within(h.sent) {
				trips = append(trips, h.trip)
			}
		}
		a.ear.mu.Unlock()
	}
	for _, s := range d.speakers {
		s.mu.Lock()
		for _, sent := range s.sent {
			if within(sent) {
				r.Sent++
			}
		}
		s.mu.Unlock()
	}
	r.Heard = uint64(len(trips))
	r.Delivered = float64(r.Heard) / float64(max(1, r.Sent*uint64(r.Listeners)))
	r.Trips = spreadOf(trips)
	return r, nil
}

// mediaReport is how the speakers fared.
type mediaReport struct {
	Speakers  int     `json:"speakers"`
	Listeners int     `json:"listeners"` // of each
	Bytes     int     `json:"bytes"`     // of a payload
	Sent      uint64  `json:"sent"`      // within the window
	Heard     uint64  `json:"heard"`     // of those, by all listeners together
	Delivered float64 `json:"delivered"` // share of what they should have heard
	Trips     spread  `json:"trip_ms"`   // from speaker to listener
}

func (m *mediaReport) String() string {
	return fmt.Sprintf("%d speakers sent %d packets of %d bytes to %d listeners each, %.2f %% arrived, %v",
		m.Speakers, m.Sent, m.Bytes, m.Listeners, 100*m.Delivered, m.Trips)
}
