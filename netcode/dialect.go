package netcode

// Kind is what travels on a channel.
type Kind uint8

const (
	KindUnknown Kind = iota
	KindState        // states from the place, intents to it
	KindCommand      // interactions, the announce among them
	KindAsset
	KindMedia // audio and video
	KindClock
)

// Versions of the protocol that a place supports.
const (
	MinVersion = 1
	MaxVersion = 5
)

// CommandChannel is the channel of interactions in every dialect: the announce arrives there,
// before the dialect of the sender is known.
const CommandChannel = 1

// Dialect describes what differs between the versions of the protocol (netcode/PROTOCOL.md,
// "Connections").
type Dialect struct {
	Version int

	// Channel numbers, and how many channels an agent opens.
	State, Commands, Assets, Audio, Video, Clock uint8
	Channels                                     int

	// MediaTrailer: a media packet ends in one meaningless byte.
	MediaTrailer bool
	// HearsEveryone: the agent hears every track until it unsubscribes. Otherwise it
	// hears only those it has subscribed to.
	HearsEveryone bool
	// JSONPatch: the agent may be sent states of [StyleApply].
	JSONPatch bool
	// Compact: states and intents are of the compact dialect, [CompactState] and
	// [CompactIntentMessage].
	Compact bool
	// DeniedAsResponse: if a rule denies a request, the response says so; the agent
	// does not know the message "interaction_denied".
	DeniedAsResponse bool
}

var published = Dialect{
	State: 0, Commands: CommandChannel, Assets: 2, Audio: 3, Video: 3, Clock: 4,
	Channels: 5, MediaTrailer: true, HearsEveryone: true,
}

var splitMedia = Dialect{
	State: 2, Commands: CommandChannel, Assets: 3, Audio: 0, Video: 4, Clock: 5,
	Channels: 6, DeniedAsResponse: true,
}

// dialects are by version, from MinVersion on.
var dialects = [...]Dialect{
	published.as(1, func(d *Dialect) { d.JSONPatch = true }),
	published.as(2, func(d *Dialect) { d.JSONPatch = true }),
	published.as(3, func(d *Dialect) { d.DeniedAsResponse = true }),
	splitMedia.as(4, nil),
	splitMedia.as(5, func(d *Dialect) { d.Compact = true }),
}

// DialectOf returns the dialect of an announced version, and false if it is not supported. The
// dialect is shared and must not be changed.
func DialectOf(version int) (*Dialect, bool) {
	if version < MinVersion || version > MaxVersion {
		return nil, false
	}
	return &dialects[version-MinVersion], true
}

// Kind returns what travels on a channel, KindUnknown beyond the last.
func (d *Dialect) Kind(channel uint8) Kind {
	switch channel {
	case d.State:
		return KindState
	case d.Commands:
		return KindCommand
	case d.Assets:
		return KindAsset
	case d.Audio, d.Video:
		return KindMedia
	case d.Clock:
		return KindClock
	default:
		return KindUnknown
	}
}

func (d Dialect) as(version int, change func(*Dialect)) Dialect {
	d.Version = version
	if change != nil {
		change(&d)
	}
	return d
}
