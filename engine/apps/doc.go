// Package apps implements both ends of launching an app into a place over HTTP
// (netcode/PROTOCOL.md, "Apps").
//
// The place's end is a [Launcher]: it POSTs to a gateway that an agent named, if its
// [Policy] allows, and returns why it could not. The place itself sees whether the app
// then joins, by the token it was launched with.
//
//	agent → place: ["launch_app","alloapp:https://host/clock",{args}]
//	Launcher → gateway: POST /clock, the args, the place's URL, the requester
//	gateway → program: the same in its environment
//	program → place: announce with "avatar":{"token":…}
//
// The other end is a [Gateway], an [http.Handler]: it starts the program that the POST
// names, supervises it and ends it. An instance is a program with everything that it has
// started itself: its process group.
//
// The package knows neither the place nor its world.
package apps
