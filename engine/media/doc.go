// Package media is the routing table of live audio and video (netcode/PROTOCOL.md,
// "Media"): whose each track is, and who hears it.
//
// It has two sides. [Table] belongs to the place: agents join and leave it, are
// allocated tracks, and say what they want to hear. [Voice] is what the transport
// knows of one agent: its tracks, and for each the connections that its packets go
// to. The table publishes to voices, so that a packet finds its way without a lock
// and without the place:
//
//	track allocated, agent joined, subscribed, left … → Table → publish
//	packet → Voice.Find → Route.Groups → one Send for each group
//
// What a change costs is in proportion to the lists of listeners that it changes. An
// agent that hears everyone is on the list of each track: when it comes, each gets
// one connection longer, in place; when it goes, each is copied without it.
//
// The package knows neither transports nor entities beyond their ids.
package media
