// Package web carries packets to web pages, and to programs in any language that has WebSockets, as
// netcode/PROTOCOL.md says in "Joining from a browser". A [Transport] is the handler of /join and a
// [netcode.Transport] at once:
//
//	t, err := web.New(web.Config{})
//	mux.Handle("/join", t)
//	place, err := engine.New(engine.Config{Transports: []netcode.Transport{t}})
//
// A connection's packets wait in a queue of its own (queue.go), from which one goroutine writes them as
// messages (frame.go) to the connection's line: a WebSocket (socket.go), or two data channels (peer.go), for which an offer is
// read before anything is made for it (offer.go). What is unreliable is dropped, and never waits, while the line is
// behind. What comes is handed on by the goroutines that read, one at a time: while the handler is busy, the
// lines fill up.
//
// The package knows nothing of places; which page a browser shows, TLS and proxies are engine/web's.
package web
