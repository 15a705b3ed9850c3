// Package sandbox runs the Lua scripts of a place's owner so that no mistake in
// them, and no snippet copied from somewhere, stops the place.
//
// A source goes through a parser and a compiler of this project's, see packages
// syntax and bytecode, because gopher-lua's make wrong programs of some plain ones.
// [State.Call] and [Task.Resume] run it under a [Budget], in a loop of this
// package's with gopher-lua's instructions and some of its own; [Plain] carries data
// across. The package knows nothing of places, entities or agents.
//
// # What scripts have
//
// The globals assert, error, getmetatable and setmetatable (tables only),
// ipairs, next, pairs, pcall, print (to the host), rawequal, rawget, rawset,
// require (of the host's modules), select, tonumber, tostring, type, unpack,
// xpcall; the libraries string, table, math, coroutine; of os the functions
// clock, date, difftime and time. Nothing loads code from text, reads a file, the
// environment or another script's state.
//
// # Budgets
//
// Every instruction of a call is counted, in all its coroutines, and library
// functions count by their work: what a call costs is the same on every machine,
// in every run. A call over its budget is cut off: each further instruction fails,
// pcall passes that on, until the outermost call has returned. Work in between
// instructions is bounded by the constants of this package. Two things are watched
// besides, as backstops: the thread's processor time, for instructions that take
// unusually long, and the process's heap, which must not grow by more than
// [Budget].Memory in a call.
//
// # Differences from Lua 5.1
//
// Random programs and cases are run here and in Lua 5.1, and must print the same:
// see agree_test.go. What differs on purpose, or cannot be helped, is listed in
// scripts/README.md.
//
// # What it cannot stop
//
//   - Memory that a script keeps over many calls, in tables or coroutines, is
//     not counted. Remedy: watch [HeapLive] and replace the state.
//   - A table's keys are not freed when they are set to nil, and next walks
//     over them in one instruction: some 20 ms for a million. Remedy: a new
//     table now and then.
//
// Go functions given to scripts are trusted: they must not block, and their
// panics break the state, see [ErrBroken].
package sandbox
