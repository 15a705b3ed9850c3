// Package engine is the place: it lets agents in, holds the world they share,
// moves their avatars, sends each of them the state 20 times a second and carries
// what they say to each other (netcode/PROTOCOL.md).
//
//	place, err := engine.New(engine.Config{Name: "Lobby"})
//	if err != nil { … }
//	err = place.Serve(ctx) // until ctx ends or place.Close is called
//
// Two goroutines do the work. The transport's runs gate: it answers clock
// requests, takes in intents and relays media without a detour. The place's own,
// run by [Place.Serve], owns the world and every agent; it handles an interaction
// when it arrives and everything else once a heartbeat. Between them each
// connection has a reader that parses what its agent asks, so that a long message
// costs the time of nobody but its sender.
//
// What agents ask the place itself is answered by a [Verb]: those of netcode/PROTOCOL.md,
// "Verbs of the place" out of the box, each kind in a file of its own (verb_*.go), and
// whatever the host hands to [Place.Handle], official verbs included. A host works with the
// place from any goroutine through [Place.Do].
//
// What a host does with a place while it serves:
//
//   - [Place.Do] spawns, changes and removes entities, lists and kicks agents, and sends to
//     them: several steps at once, between two heartbeats.
//   - [Place.Handle] answers a verb, at once or later; [Request.Default] leaves an official
//     one to the place.
//   - [Place.AddAsset] and [Turn.PushAsset] serve files by the hash of their content.
//   - [Config].Joined and Left hear of agents, Rules decide what they may do, Apps from where
//     they may launch apps, and Store keeps what is to survive the process.
//   - [Place.Stats] and [Place.Health] are numbers; package status shows them over HTTP and to Prometheus.
//   - [Place.Drive] runs the place step by step on a clock of the test's own.
//
// Callbacks run on the place's turn, during which it stands still: they must not block, nor
// call Place.Do or Place.Handle. The Example functions show each by itself, examples/embed
// most of them together.
//
// What a place does beyond that is its [Behaviour], such as scripts: a Go value that the
// place asks and tells on its turn. A [Driver] runs a place step by step, for tests.
//
// All that agents say passes the place's access rules first (package acl, [Rules]).
// Publications go to the one who has subscribed to such. What may hang on entities of others
// is a question of its own to the rules, put whenever something is about to ([hanging]).
//
// No agent gets more than its share of what there is ([Limits]): its reader charges what it
// asks before anything is done about that (quota.go), and of what waits for the place's turn
// that comes first whose agent has had least of it (turns.go). Announces share a time of
// their own (admission.go), and what a connection had used outlives it for a while
// (usage.go). Where all of them together ask too much, the place does without something, in
// the order of [Shedding].
//
// What is to survive the place it hands to a [Store] as records, every other heartbeat
// those of what has changed; who waits until they are durable is told later.
//
// The packages below have one subject each: world, what stands in the place and
// what has changed; sim, how it moves; view, what each agent is told; media, which agents
// hear each other; apps, how they are launched; assets, the files that agents get from the place
// and from each other, with goroutines of its own; store, a [Store] in a directory, and
// status, which shows what the place has counted as it did it (counters.go): these two
// use this package. The engine knows no scripting language.
package engine
