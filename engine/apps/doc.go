// Package apps is both ends of launching an app into a place over HTTP
// (netcode/PROTOCOL.md, "Apps").
//
// The place's end is a [Launcher]: it POSTs to a gateway that an agent named, as far as
// a [Policy] lets it, and tells why it could not. Whether the app then comes is for the
// place to see, by the token it was launched with.
//
//	agent → place: ["launch_app","alloapp:https://host/clock",{args}]
//	Launcher → gateway: POST /clock, the args, the place's URL, who asks
//	gateway → program: the same in its environment
//	program → place: announce with "avatar":{"token":…}
//
// The other end is a [Gateway], an [http.Handler]: it boots the program that the POST
// names, looks after it and ends it. A program is an instance with all that it has
// started itself: its process group.
//
// The package knows neither the place nor its world.
package apps
