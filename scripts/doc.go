// Package scripts lets a place's owner say in Lua how it behaves: a [Runtime] runs the
// scripts of a directory as the [engine.Behaviour] of a place, and puts them in force
// anew whenever one is saved.
//
//	rt, err := scripts.New(scripts.Config{Dir: "lobby"})
//	if err != nil { … } // lobby/place.lua:3: …
//	place, err := engine.New(engine.Config{Behaviour: rt})
//	if err != nil { … }
//	err = place.Serve(ctx)
//	rt.Wait()
//
// What scripts can do is described by classes (api.go), from which the runtime
// registers it, and the reference (README.md), the editors' definitions and the checker
// are made.
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
// coroutines. Whoever caused a call pays for it, the place itself or an agent (quota.go):
// what does not fit waits with that one's, and a handler that was cut off rests for that
// one alone (backoff.go). What
// scripts change passes the same checks as what agents send, and no access rules.
//
// # Tools for authors
//
// [NewTrial] runs a file of tests, [Check] looks for mistakes, [Starter] is a place to
// begin with, and [EditorFiles] is what editors need to know the API.
//
// The packages below: sandbox, a Lua state that no script breaks out of, and watch,
// which tells of saved files; neither knows of places. Package trial runs the tests of a
// directory.
package scripts
