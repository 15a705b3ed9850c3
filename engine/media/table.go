package media

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/loci-place/loci/netcode"
)

var (
	// ErrTaken: the entity has a track already.
	ErrTaken = errors.New("media: the entity has a track already")
	// ErrTracks: the agent has as many tracks as it may, or the place has used all ids.
	ErrTracks = errors.New("media: no more tracks can be allocated")
	// ErrNoTrack: there is no such track.
	ErrNoTrack = errors.New("media: there is no such track")
	// ErrOwn: an agent cannot hear its own track.
	ErrOwn = errors.New("media: the track is the agent's own")
	// ErrChoices: the agent has subscribed to, or unsubscribed from, as many as it may.
	ErrChoices = errors.New("media: no more tracks can be chosen")
)

// Config has the limits of one agent, and decides which agents hear each other.
type Config struct {
	// Tracks is the number of tracks that an agent may own at once.
	Tracks int
	// Choices is the number of tracks that an agent may have subscribed to or, if it
	// hears everyone by default, unsubscribed from.
	Choices int
	// Hears reports whether the agent listener hears the agent speaker, both given by
	// id. Nil means always. It is called when a listener is about to hear a track, and
	// again by [Table.Refresh].
	Hears func(listener, speaker string) bool
}

// Table holds all tracks, and what every agent wants to hear. It belongs to one
// goroutine; only the voices that it publishes to are shared.
type Table struct {
	cfg      Config
	last     uint32 // the newest track; ids are never reused
	tracks   map[uint32]*track
	entities map[string]*track
	everyone []*Agent // agents that hear everyone, in the order they joined
	scratch  []Group
	round    []uint32 // tracks that Refresh goes through
	part     int      // parts of the round that are done
	done     int      // tracks of the round that are done
}

// New returns an empty table.
func New(cfg Config) *Table {
	return &Table{cfg: cfg, tracks: map[uint32]*track{}, entities: map[string]*track{}}
}

// Tracks returns the number of tracks.
func (t *Table) Tracks() int { return len(t.tracks) }

// Agent is an agent that may speak and listen.
type Agent struct {
	id        string
	conn      netcode.Conn
	dialect   *netcode.Dialect
	voice     *Voice
	suspended bool // by [Table.Suspend]
	own       []*track
	chosen    map[*track]struct{} // subscribed to or, if it hears everyone, unsubscribed from
}

// Join adds an agent. If agents of its dialect hear everyone by default, it hears all
// tracks at once. Its own tracks are published to voice.
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

// Leave ends the agent's tracks and subscriptions.
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

// Allocate allocates a track for one of the agent's entities and returns its id. Ids
// ascend from 1 to the largest signed 32-bit integer, and are never reused.
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
		t.round = append(t.round, t.last) // so that Refresh covers it in this round
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

// Subscribe makes an agent hear a track. A second call changes nothing.
func (t *Table) Subscribe(a *Agent, id uint32) error { return t.choose(a, id, true) }

// Unsubscribe makes an agent stop hearing a track, if it does.
func (t *Table) Unsubscribe(a *Agent, id uint32) error { return t.choose(a, id, false) }

// choose stores only what differs from the default of the agent's dialect.
func (t *Table) choose(a *Agent, id uint32, hear bool) error {
	tr := t.tracks[id]
	switch {
	case tr == nil:
		return fmt.Errorf("%w: %d", ErrNoTrack, id)
	case tr.owner == a:
		return ErrOwn
	}
	_, chosen := a.chosen[tr]
	if wants := hear != a.dialect.HearsEveryone; wants == chosen {
		return nil
	}
	if chosen {
		delete(a.chosen, tr)
		tr.forget(a)
	} else {
		if len(a.chosen) >= t.cfg.Choices {
			return fmt.Errorf("%w: the agent has chosen about %d", ErrChoices, len(a.chosen))
		}
		a.chosen[tr] = struct{}{}
		tr.choosers = append(tr.choosers, a)
	}
	switch {
	case !hear:
		tr.remove(a)
	case a.dialect.HearsEveryone:
		t.refresh(tr) // back into its place among the others
	case t.reaches(tr, a):
		tr.add(a)
	}
	return nil
}

// SetHears replaces [Config.Hears], and applies it to all tracks.
func (t *Table) SetHears(hears func(listener, speaker string) bool) {
	t.cfg.Hears = hears
	for _, tr := range t.tracks {
		t.refresh(tr)
	}
}

// Refresh calls [Config.Hears] for one in parts of all tracks and everybody who wants to
// hear them, and publishes the answers that have changed. After parts calls all tracks are
// done. With a thousand agents that hear a thousand tracks those are a million questions,
// which is why it takes them in parts.
func (t *Table) Refresh(parts int) {
	if t.cfg.Hears == nil {
		return
	}
	if t.part%parts == 0 {
		t.part, t.done = 0, 0
		t.round = slices.AppendSeq(t.round[:0], maps.Keys(t.tracks))
	}
	t.part++
	for ; t.done < t.part*len(t.round)/parts; t.done++ {
		if tr := t.tracks[t.round[t.done]]; tr != nil {
			t.refresh(tr)
		}
	}
}

// Suspend removes an agent whose connection is lost from all routes until [Table.Resume].
// It keeps its tracks and subscriptions.
func (t *Table) Suspend(a *Agent) {
	a.suspended = true
	a.voice.tracks.Store(nil)
	for _, tr := range t.tracks {
		tr.remove(a)
	}
}

// Resume reverses [Table.Suspend], with a new connection in the same dialect.
func (t *Table) Resume(a *Agent, conn netcode.Conn, voice *Voice) {
	a.conn, a.voice, a.suspended = conn, voice, false
	for _, tr := range a.own {
		voice.begin(&tr.route)
	}
	for _, tr := range t.tracks {
		if _, chosen := a.chosen[tr]; chosen != a.dialect.HearsEveryone && t.reaches(tr, a) {
			tr.add(a)
		}
	}
}

// track is the table's side of a track.
type track struct {
	route    Route
	entity   string
	owner    *Agent
	choosers []*Agent // agents that have it in chosen, in the order they chose
}

func (tr *track) forget(a *Agent) {
	tr.choosers = slices.DeleteFunc(tr.choosers, func(o *Agent) bool { return o == a })
}

// channel returns the channel on which an agent gets the track.
func (tr *track) channel(a *Agent) uint8 {
	if tr.route.media.Type == Video {
		return a.dialect.Video
	}
	return a.dialect.Audio
}

// suits reports whether an agent can be sent the track. Agents that hear everyone treat
// all audio as Opus, whatever its format, and deployed ones crash when it is not.
func (tr *track) suits(a *Agent) bool {
	return tr.owner != a && !a.suspended && (tr.route.media.Type != Audio || tr.route.media.IsOpus() || !a.dialect.HearsEveryone)
}

// reaches reports whether an agent that wants to hear a track may be sent it.
func (t *Table) reaches(tr *track, a *Agent) bool {
	return tr.suits(a) && (t.cfg.Hears == nil || t.cfg.Hears(a.id, tr.owner.id))
}

// add appends an agent to its group. The list may grow in place: readers of the list as
// it was published before do not look past its end.
func (tr *track) add(a *Agent) {
	groups, g := withGroup(slices.Clone(tr.route.Groups()), tr.channel(a), a.dialect.MediaTrailer)
	g.To = append(g.To, a.conn)
	tr.publish(groups)
}

// remove removes an agent from its group, if it is there. It copies the list, because
// readers may hold the one published before.
func (tr *track) remove(a *Agent) {
	for i, g := range tr.route.Groups() {
		at := slices.Index(g.To, a.conn)
		if at < 0 {
			continue
		}
		groups := slices.Clone(tr.route.Groups())
		groups[i].To = slices.Concat(g.To[:at], g.To[at+1:])
		if len(groups[i].To) == 0 {
			groups = slices.Delete(groups, i, i+1)
		}
		tr.publish(groups)
		return
	}
}

func (tr *track) publish(groups []Group) { tr.route.groups.Store(&groups) }

// withGroup finds the group for a channel and trailer, or adds it.
func withGroup(groups []Group, channel uint8, trailer bool) ([]Group, *Group) {
	for i := range groups {
		if g := &groups[i]; g.Channel == channel && g.Trailer == trailer {
			return groups, g
		}
	}
	groups = append(groups, Group{Channel: channel, Trailer: trailer})
	return groups, &groups[len(groups)-1]
}

// refresh computes the listeners of a track again, and publishes them if they changed.
func (t *Table) refresh(tr *track) {
	groups := t.scratch
	for i := range groups {
		groups[i].To = groups[i].To[:0]
	}
	add := func(a *Agent) {
		if !t.reaches(tr, a) {
			return
		}
		var g *Group
		groups, g = withGroup(groups, tr.channel(a), a.dialect.MediaTrailer)
		g.To = append(g.To, a.conn)
	}
	for _, a := range t.everyone {
		if _, muted := a.chosen[tr]; !muted {
			add(a)
		}
	}
	for _, a := range tr.choosers {
		if !a.dialect.HearsEveryone {
			add(a)
		}
	}
	t.scratch = groups
	if !sameListeners(tr.route.Groups(), groups) {
		tr.publish(cloneGroups(groups))
	}
}

// sameListeners reports whether a and b have the same groups in any order. b may contain
// empty groups.
func sameListeners(a, b []Group) bool {
	n := 0
	for _, g := range b {
		if len(g.To) == 0 {
			continue
		}
		n++
		at := slices.IndexFunc(a, func(o Group) bool { return o.Channel == g.Channel && o.Trailer == g.Trailer })
		if at < 0 || !slices.Equal(a[at].To, g.To) {
			return false
		}
	}
	return n == len(a)
}

func cloneGroups(groups []Group) []Group {
	var out []Group
	for _, g := range groups {
		if len(g.To) > 0 {
			g.To = append([]netcode.Conn(nil), g.To...)
			out = append(out, g)
		}
	}
	return out
}
