// Package scripts lets a place's owner say in Lua how it behaves: a [Runtime] runs the
// scripts of a directory as the [engine.Behaviour] of a place, and puts the new
// ones in force whenever one is saved.
//
//	place, err := scripts.Open(scripts.Options{Dir: "lobby", Data: "data"})
//	if err != nil { … } // lobby/place.lua:3: …
//	fmt.Println("ready", place.URL())
//	err = place.Serve(ctx)
//
// [Open] wires scripts, store, network and place. [New] makes the scripts alone, for a place
// that [engine.New] opens otherwise.
//
// # Where things are
//
//	internal/lib    the Lua API: a new function goes there, see its doc.go
//	internal/sched  who runs, on whose account, for how long
//	internal/bind   values between Go and Lua
//	internal/api    how classes and functions are described
//	internal/vec    loci.vec
//	internal/lint   static checks
//	sandbox         a Lua state that no script breaks out of; watch: saved files
//
// This package loads and reloads scripts, and is the place's behaviour. The reference (README.md),
// the editors' definitions and the checker are made from the descriptions beside the functions.
//
// # Generations
//
// One load of the scripts is a generation: a sandboxed Lua state, and the handlers,
// components, rules, timers and tasks that its top level declared. It is loaded and
// checked beside the running place, by the goroutine that watches the files, and put in
// force between two heartbeats, all at once; what is wrong with it leaves the one before
// in force. From then on it belongs to the place's turn.
//
// # From the place to a handler
//
//	agent asks → Answer → before → handle, component's verb or the place itself
//	something happens → event, queued → handlers, when the turn ends
//	heartbeat → what waited for it → timers and tasks → tick handlers
//
// Handlers are plain calls, each within a budget of instructions ([Limits]); tasks are
// coroutines. The cause of a call pays for it, the place itself or an agent: what does not fit waits
// with its quota, and a handler that was cut off rests for that cause alone. What
// scripts change passes the same checks as what agents send, and no access rules.
//
// # Tools for authors
//
// [NewLuaTest] runs a file of tests, [Check] looks for mistakes, [Starter] is a place to
// begin with, and [EditorFiles] is what editors need to know the API.
//
// Package luatest runs the tests of a directory.
package scripts
