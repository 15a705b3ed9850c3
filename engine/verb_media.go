package engine

import (
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/engine/world"
)

var (
	allocateTrackVerb = official{name: "allocate_track", answer: allocateTrack}
	mediaTrackVerb    = official{name: "media_track", answer: mediaTrack}
)

// allocateTrack returns the entity that asks a track for live audio or video:
// ["allocate_track", type, format, {metadata}], or the old ["allocate_track",
// "audio", sample rate, channel count, format].
func allocateTrack(r *Request) {
	m, component, err := wantedTrack(r.Args, r.agent.place.cfg.Limits.NameBytes)
	if err != nil {
		r.Refuse(err.Error())
		return
	}
	p := r.agent.place
	e := p.world.Entity(r.From)
	if e.Has("live_media") {
		r.Fail("the entity has a track already")
		return
	}
	c, err := world.Encode("live_media", component)
	if err == nil {
		err = p.fits(e, map[string]world.Component{"live_media": c}, nil)
	}
	if err != nil {
		r.Fail(err.Error())
		return
	}
	id, err := p.media.Allocate(r.agent.media, r.From, m)
	if err != nil {
		r.Fail(strings.TrimPrefix(err.Error(), "media: "))
		return
	}
	component["track_id"] = float64(id)
	if err := e.Set("live_media", component); err != nil {
		p.media.End(r.From) // cannot be: the component is an object
		r.Fail(err.Error())
		return
	}
	r.OK(uint64(id))
}

// Versions 1 to 3 want these beside what the metadata says (netcode/PROTOCOL.md,
// "Components that the place acts on").
const (
	sampleRate   = "sample_rate"
	channelCount = "channel_count"
)

// wantedTrack parses the request for a track, and returns its live_media component without
// the id, with the fields of all versions.
func wantedTrack(args []any, longest int) (m media.Media, component map[string]any, err error) {
	m.Type, _ = text(args, 0)
	metadata, ok := map[string]any{}, true
	switch {
	case m.Type == media.Audio && len(args) == 4: // old
		m.Format, _ = text(args, 3)
		metadata[sampleRate], metadata[channelCount] = args[1], args[2]
		ok = positive(args[1]) && positive(args[2])
	case len(args) == 3:
		m.Format, _ = text(args, 1)
		metadata, ok = object(args, 2)
	default:
		ok = len(args) == 2
		m.Format, _ = text(args, 1)
	}
	switch {
	case m.Type != media.Audio && m.Type != media.Video, m.Format == "", !ok:
		return m, nil, fmt.Errorf(`want "audio" or "video", a format and an object of metadata; or "audio", a sample rate, a channel count and a format`)
	case m.Format == "h264" && (!positive(metadata["width"]) || !positive(metadata["height"])):
		return m, nil, fmt.Errorf("h264 wants a width and a height in its metadata") // C clients rely on them
	case len(m.Format) > longest:
		return m, nil, fmt.Errorf("the format's name has %d bytes, at most %d may be", len(m.Format), longest)
	}
	component = map[string]any{"type": m.Type, "format": m.Format, "metadata": maps.Clone(metadata)}
	if m.Type == media.Audio {
		component[sampleRate] = orElse(metadata[sampleRate], 48000)
		component[channelCount] = orElse(metadata[channelCount], 1)
	}
	return m, component, nil
}

func positive(v any) bool { return isNumber(v) && v.(float64) > 0 }

func orElse(v any, otherwise float64) any {
	if positive(v) {
		return v
	}
	return otherwise
}

// mediaTrack has the agent hear a track, or no longer: ["media_track", track,
// "subscribe" | "unsubscribe"].
func mediaTrack(r *Request) {
	id, ok := trackID(r.Args)
	what, _ := text(r.Args, 1)
	table, choose := r.agent.place.media, (*media.Table).Subscribe
	if what == "unsubscribe" {
		choose = (*media.Table).Unsubscribe
	}
	if !ok || len(r.Args) != 2 || what != "subscribe" && what != "unsubscribe" {
		r.Refuse(`want a track id and "subscribe" or "unsubscribe"`)
		return
	}
	if err := choose(table, r.agent.media, id); err != nil {
		r.Fail(strings.TrimPrefix(err.Error(), "media: "))
		return
	}
	r.OK(uint64(id))
}

// trackID reads a whole number that a track could have.
func trackID(args []any) (uint32, bool) {
	if len(args) == 0 {
		return 0, false
	}
	v, ok := args[0].(float64)
	return uint32(v), ok && v >= 0 && v <= math.MaxUint32 && v == math.Trunc(v)
}
