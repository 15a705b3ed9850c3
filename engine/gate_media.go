package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/netcode"
)

// leastMedia is how many bytes of a packet's payload deployed agents rely on.
const leastMedia = 3

var errNotOpus = errors.New("media: not an Opus packet")

// media relays a packet of one of the agent's tracks (protocol section 8): copied
// once for all listeners who are sent the same bytes, and sent with whatever else the
// transport has read at once.
func (g *gate) media(s *session, d *netcode.Dialect, data []byte) {
	f, err := netcode.ParseMedia(data, d.MediaTrailer)
	if err != nil {
		g.bad(s, err)
		return
	}
	route, late := s.voice.Find(f.Track)
	if route == nil {
		if !late {
			g.bad(s, fmt.Errorf("media: track %d is not the agent's", f.Track))
		}
		return
	}
	limits := &g.place.cfg.Limits
	switch {
	case g.place.skipsMedia(route.Media().Type):
	case len(f.Payload) < leastMedia: // the encoder's way to say that there is silence
	case len(f.Payload) > limits.MediaBytes,
		!s.pace.Take(time.Now(), len(f.Payload), limits.MediaRate, limits.MediaByteRate):
		g.place.counts.hit(limitMedia)
		g.place.log.Debug("media over a limit", "from", s.from, "track", f.Track, "bytes", len(f.Payload))
	case route.Media().IsOpus() && !media.ValidOpus(f.Payload):
		g.bad(s, errNotOpus)
	default:
		g.relay(route, f)
	}
}

func (g *gate) relay(route *media.Route, f netcode.MediaFrame) {
	for _, group := range route.Groups() {
		g.packet = f.Append(g.packet[:0], group.Trailer)
		g.place.counts.sent(netcode.KindMedia, versionOf(netcode.KindMedia, group.Channel), len(g.packet), len(group.To))
		p := netcode.Packet{Channel: group.Channel, Live: true, Data: g.packet}
		if err := g.place.transport.Send(p, group.To...); err != nil {
			g.place.log.Debug("media not sent", "track", f.Track, "error", err)
		}
	}
}
