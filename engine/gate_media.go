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

// media relays a packet of one of the agent's tracks (netcode/PROTOCOL.md, "Media"): copied
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
	case len(f.Payload) > limits.MediaBytes:
		g.mediaOver(s, f.Track, fmt.Sprintf("a packet has %d bytes, at most %d may be", len(f.Payload), limits.MediaBytes),
			"limit", "MediaBytes", "flag", "--media-frame")
	case !s.pace.Take(time.Now(), len(f.Payload), limits.MediaRate, limits.MediaByteRate):
		g.mediaOver(s, f.Track, fmt.Sprintf("at most %d packets and %d bytes a second", limits.MediaRate, limits.MediaByteRate),
			"limit", "MediaRate or MediaByteRate", "flag", "--media-rate")
	case route.Media().IsOpus() && !media.ValidOpus(f.Payload):
		g.bad(s, errNotOpus)
	default:
		g.relay(route, f)
	}
}

// mediaOver counts a packet that a limit drops, and now and then tells the agent and the
// log: else its video would vanish for no reason that anybody could see.
func (g *gate) mediaOver(s *session, track uint32, why string, args ...any) {
	g.place.counts.hit(limitMedia)
	now := time.Now()
	if now.Sub(s.mediaTold) < lateReport {
		return
	}
	s.mediaTold = now
	g.place.intake.postOf(s, secondsPerCommand, func() {
		if a := s.agent; !s.refused {
			a.log.Warn("dropping media: "+why, append([]any{"track", track}, args...)...)
			_ = g.place.send(s, &netcode.Interaction{
				Type: netcode.TypeOneway, From: PlaceID, To: a.avatar,
				Body: netcode.AppendValue(nil, []any{"media_dropped", uint64(track), why}),
			})
		}
	}, nil)
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
