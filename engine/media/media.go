package media

// Media is what a track carries, as its live_media component says.
type Media struct {
	Type   string // Audio or Video
	Format string // such as "opus" or "mjpeg"
}

// Types of tracks.
const (
	Audio = "audio"
	Video = "video"
)

// Opus is the format that all deployed agents speak.
const Opus = "opus"

// IsOpus reports whether the packets must be valid by [ValidOpus].
func (m Media) IsOpus() bool { return m.Type == Audio && m.Format == Opus }
