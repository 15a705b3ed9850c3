package media

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/bucket"
	"github.com/loci-place/loci/netcode"
)

// Voice holds one agent's tracks for the transport's goroutine. The zero Voice has none.
// Find may be called from any goroutine.
type Voice struct {
	tracks atomic.Pointer[tracks]
}

// tracks are never changed once published.
type tracks struct {
	routes []*Route
	ended  []uint32 // the latest to end, oldest first
}

// Find returns the route of a track, nil if the agent does not have the track. Late then
// reports whether it had the track until recently, so that packets may still arrive
// through no fault of the agent.
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

// end removes a route, and remembers the last most tracks that ended.
func (v *Voice) end(r *Route, most int) {
	t := v.load()
	v.tracks.Store(&tracks{
		routes: slices.DeleteFunc(slices.Clone(t.routes), func(o *Route) bool { return o == r }),
		ended:  append(slices.Clone(t.ended[max(0, len(t.ended)+1-most):]), r.track),
	})
}

// Route is the destination of the packets of one track.
type Route struct {
	track  uint32
	media  Media
	groups atomic.Pointer[[]Group]
}

// Media returns the type and format of the track.
func (r *Route) Media() Media { return r.media }

// Groups returns the listeners, grouped by what they are sent. The caller must not
// change the slice or its elements.
func (r *Route) Groups() []Group { return *r.groups.Load() }

// Group is a group of listeners that are sent the same bytes on the same channel.
type Group struct {
	Channel uint8
	Trailer bool // see [netcode.Dialect].MediaTrailer
	To      []netcode.Conn
}

// Media is the kind of media that a track carries, from its live_media component.
type Media struct {
	Type   string // Audio or Video
	Format string // such as "opus" or "mjpeg"
}

// Types of tracks.
const (
	Audio = "audio"
	Video = "video"
)

// Opus is the format that all deployed agents support.
const Opus = "opus"

// IsOpus reports whether packets must pass [ValidOpus].
func (m Media) IsOpus() bool { return m.Type == Audio && m.Format == Opus }

// RateLimit limits the media that one agent sends, with bursts of up to one second's worth.
// The zero value is ready for use.
type RateLimit struct{ packets, bytes bucket.Bucket }

// Take reports whether a packet of size bytes may be sent now, within packetRate and byteRate
// per second, and counts it if so.
func (l *RateLimit) Take(now time.Time, size int, packetRate, byteRate int) bool {
	packets, bytes := float64(packetRate), float64(byteRate)
	if l.packets.Spent(packets, now)+1 > packets || l.bytes.Spent(bytes, now)+float64(size) > bytes {
		return false
	}
	l.packets.Charge(1, packets, packets, now)
	l.bytes.Charge(float64(size), bytes, bytes, now)
	return true
}
