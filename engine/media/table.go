package media

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/loci-place/loci/netcode"
)

var (
	// ErrTaken: the entity has a track already.
	ErrTaken = errors.New("media: the entity has a track already")
	// ErrTracks: the agent has as many tracks as it may, or the place has given out
	// all ids there are.
	ErrTracks = errors.New("media: no more tracks can be allocated")
	// ErrNoTrack: there is no such track.
	ErrNoTrack = errors.New("media: there is no such track")
	// ErrOwn: nobody hears itself.
	ErrOwn = errors.New("media: the track is the agent's own")
	// ErrChoices: the agent has chosen about as many tracks as it may.
	ErrChoices = errors.New("media: no more tracks can be chosen")
)

// Config bounds what one agent may have, and decides which agents hear which speakers.
type Config struct {
	// Tracks is how many an agent may have at once.
	Tracks int
	// Choices is how many tracks an agent may have subscribed to; or unsubscribed
	// from, where it hears everyone.
	Choices int
	// Hears reports whether what speaker says reaches listener, both agents by their
	// ids; nil means that it does. It is asked of one who wants to hear a track when
	// that begins, and again by [Table.Ask].
	Hears func(listener, speaker string) bool
}

// Table knows all tracks, and what every agent wants to hear. It belongs to one
// goroutine; only the voices that it publishes to are shared.
type Table struct {
	cfg      Config
	last     uint32 // the newest track; ids are never used again
	tracks   map[uint32]*track
	entities map[string]*track
	everyone []*Agent // those that hear everyone, in the order they came
	scratch  []Group
	round    []uint32 // tracks that are asked about, part by part
	asked    int      // parts of the round
	done     int      // tracks of the round
}

// New makes an empty table.
func New(cfg Config) *Table {
	return &Table{cfg: cfg, tracks: map[uint32]*track{}, entities: map[string]*track{}}
}

// Tracks is how many there are.
func (t *Table) Tracks() int { return len(t.tracks) }

// Agent is somebody who may speak and listen.
type Agent struct {
	id      string
	conn    netcode.Conn
	dialect *netcode.Dialect
	voice   *Voice
	away    bool // see [Table.Away]
	own     []*track
	chosen  map[*track]struct{} // subscribed to, or unsubscribed from where it hears everyone
}

// Join adds an agent, which at once hears all tracks if its dialect is one in which
// agents do. Its own tracks are published to voice.
func (t *Table) Join(id string, conn netcode.Conn, d *netcode.Dialect, voice *Voice) *Agent {
	a := &Agent{id: id, conn: conn, dialect: d, voice: voice, chosen: map[*track]struct{}{}}
	if d.HearsEveryone {
		t.everyone = append(t.everyone, a)
		for _, tr := range t.tracks {
			if t.reaches(tr, a) {
				tr.add(a)
			}
		}
	}
	return a
}

// Leave ends the agent's tracks and all that it has chosen.
func (t *Table) Leave(a *Agent) {
	for len(a.own) > 0 {
		t.end(a.own[len(a.own)-1])
	}
	if i := slices.Index(t.everyone, a); i >= 0 {
		t.everyone = slices.Delete(t.everyone, i, i+1)
		for _, tr := range t.tracks {
			tr.remove(a)
		}
	}
	for tr := range a.chosen {
		tr.forget(a)
		tr.remove(a)
	}
	clear(a.chosen)
}

// Allocate gives an agent a track, on one of its entities, and says which: from 1 on,
// up to the largest 32-bit integer with a sign, each once.
func (t *Table) Allocate(a *Agent, entity string, m Media) (uint32, error) {
	switch {
	case t.entities[entity] != nil:
		return 0, ErrTaken
	case len(a.own) >= t.cfg.Tracks:
		return 0, fmt.Errorf("%w: the agent has %d", ErrTracks, len(a.own))
	case t.last == math.MaxInt32:
		return 0, fmt.Errorf("%w: all ids have been used", ErrTracks)
	}
	t.last++
	tr := &track{route: Route{track: t.last, media: m}, entity: entity, owner: a}
	tr.publish(nil)
	t.tracks[t.last], t.entities[entity] = tr, tr
	a.own = append(a.own, tr)
	if t.cfg.Hears != nil {
		t.round = append(t.round, t.last) // so that it is asked about again as soon as others
	}
	t.refresh(tr)
	a.voice.begin(&tr.route)
	return t.last, nil
}

// End ends the track of an entity, if it has one.
func (t *Table) End(entity string) {
	if tr := t.entities[entity]; tr != nil {
		t.end(tr)
	}
}

func (t *Table) end(tr *track) {
	tr.owner.voice.end(&tr.route, t.cfg.Tracks)
	tr.owner.own = slices.DeleteFunc(tr.owner.own, func(o *track) bool { return o == tr })
	for _, a := range tr.choosers {
		delete(a.chosen, tr)
	}
	delete(t.tracks, tr.route.track)
	delete(t.entities, tr.entity)
}
