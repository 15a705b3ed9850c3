package media

import (
	"slices"

	"github.com/loci-place/loci/netcode"
)

// track is a track as the place knows it.
type track struct {
	route    Route
	entity   string
	owner    *Agent
	choosers []*Agent // who have it among what they chose, in the order they did
}

func (tr *track) forget(a *Agent) {
	tr.choosers = slices.DeleteFunc(tr.choosers, func(o *Agent) bool { return o == a })
}

// channel is where an agent hears the track.
func (tr *track) channel(a *Agent) uint8 {
	if tr.route.media.Type == Video {
		return a.dialect.Video
	}
	return a.dialect.Audio
}

// suits reports whether an agent can be sent the track. Those that hear everyone take
// all audio for Opus, whatever its format says, and deployed ones end when it is not.
func (tr *track) suits(a *Agent) bool {
	return tr.owner != a && !a.away && (tr.route.media.Type != Audio || tr.route.media.IsOpus() || !a.dialect.HearsEveryone)
}

// reaches reports whether an agent that wants to hear a track is to.
func (t *Table) reaches(tr *track, a *Agent) bool {
	return tr.suits(a) && (t.cfg.Hears == nil || t.cfg.Hears(a.id, tr.owner.id))
}

// add puts an agent at the end of its group. Nobody who has the list as it was
// published before looks behind its end, so it grows where it is.
func (tr *track) add(a *Agent) {
	groups, g := withGroup(slices.Clone(tr.route.Groups()), tr.channel(a), a.dialect.MediaTrailer)
	g.To = append(g.To, a.conn)
	tr.publish(groups)
}

// remove takes an agent out of its group, if it is in it, and leaves the list as it
// was published before to those who have it.
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

// withGroup finds the group for what an agent is sent, or adds it.
func withGroup(groups []Group, channel uint8, trailer bool) ([]Group, *Group) {
	for i := range groups {
		if g := &groups[i]; g.Channel == channel && g.Trailer == trailer {
			return groups, g
		}
	}
	groups = append(groups, Group{Channel: channel, Trailer: trailer})
	return groups, &groups[len(groups)-1]
}

// refresh finds out again who hears a track, and publishes that if it has changed.
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

// sameListeners reports whether both send the same to the same, in whatever order the
// groups are. The second may have empty ones.
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
