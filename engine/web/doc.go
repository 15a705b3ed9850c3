// Package web serves a place to browsers, under one origin:
//
//	/                 the page that people open
//	/join             where agents join, by WebRTC or WebSocket (netcode/web)
//	/assets/HASH      the place's assets
//	/status, /metrics, /healthz, /readyz, /debug/pprof/   the operator's, where there are any
//
//	join, err := netweb.New(netweb.Config{})
//	place, err := engine.New(engine.Config{Transports: []netcode.Transport{join}})
//	handler, err := web.New(web.Options{Place: place, Join: join})
//	server, err := web.Listen(web.ServerOptions{Addr: "127.0.0.1:8080"})
//	server.Start(handler)
//
// A [Handler] fits into any server of the embedder's. [Server] is one with TLS, certificates and limits.
//
// The operator's pages are shown only to the machine itself, unless [Options].Public says otherwise.
package web
