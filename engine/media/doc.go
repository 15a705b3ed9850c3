// Package media is the routing table of live audio and video (netcode/PROTOCOL.md,
// "Media"): which agent owns each track, and which agents hear it.
//
// It has two sides. [Table] belongs to the place: agents join and leave it, are
// allocated tracks, and choose what to hear. [Voice] is the transport's view of one
// agent: its tracks, and for each the connections that get its packets. The table
// publishes to voices, so that a packet is routed without a lock and without the
// place:
//
//	track allocated, agent joined, subscribed, left … → Table → publish
//	packet → Voice.Find → Route.Groups → one Send for each group
//
// The cost of a change is proportional to the lists of listeners that it changes. An
// agent that hears everyone is on the list of every track: when it joins, each list
// grows in place; when it leaves, each is copied without it.
//
// The package knows neither transports nor entities beyond their ids.
package media
