package media

import (
	"slices"
	"sync/atomic"

	"github.com/loci-place/loci/netcode"
)

// Voice is one agent's tracks, as the transport's goroutine sees them. The zero Voice
// has none. Find may be called from any goroutine.
type Voice struct {
	tracks atomic.Pointer[tracks]
}

// tracks are never changed once published.
type tracks struct {
	routes []*Route
	ended  []uint32 // the newest, the oldest of them first
}

// Find returns the way that packets of a track go. It is nil if the agent does not have
// the track; late then says that it had it not long ago, so that packets of it may
// still be on their way through no fault of the agent's.
func (v *Voice) Find(track uint32) (r *Route, late bool) {
	t := v.tracks.Load()
	if t == nil {
		return nil, false
	}
	for _, r := range t.routes {
		if r.track == track {
			return r, false
		}
	}
	return nil, slices.Contains(t.ended, track)
}

func (v *Voice) load() tracks {
	if t := v.tracks.Load(); t != nil {
		return *t
	}
	return tracks{}
}

func (v *Voice) begin(r *Route) {
	t := v.load()
	v.tracks.Store(&tracks{append(slices.Clone(t.routes), r), t.ended})
}

// end takes a route away and remembers as many ended tracks as there may be tracks.
func (v *Voice) end(r *Route, most int) {
	t := v.load()
	v.tracks.Store(&tracks{
		routes: slices.DeleteFunc(slices.Clone(t.routes), func(o *Route) bool { return o == r }),
		ended:  append(slices.Clone(t.ended[max(0, len(t.ended)+1-most):]), r.track),
	})
}

// Route is where packets of one track go.
type Route struct {
	track  uint32
	media  Media
	groups atomic.Pointer[[]Group]
}

// Media says what the track carries.
func (r *Route) Media() Media { return r.media }

// Groups are the listeners, by what they are to be sent. The slice and what is in it
// must not be changed.
func (r *Route) Groups() []Group { return *r.groups.Load() }

// Group is listeners who are sent the same bytes on the same channel.
type Group struct {
	Channel uint8
	Trailer bool // see [netcode.Dialect].MediaTrailer
	To      []netcode.Conn
}
