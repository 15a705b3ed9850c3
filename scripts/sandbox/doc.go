// Package sandbox runs the Lua scripts of a place's owner so that no mistake in
// them, and no snippet copied from somewhere, stops the place.
//
// A source goes through [CheckSource] (size and nesting, before parsing), the
// parser, a rewriting that bounds concatenation, and the compiler. [State.Call]
// and [Task.Resume] run it under a [Budget]; [Plain] carries data across. The
// package knows nothing of places, entities or agents.
//
// # What scripts have
//
// The globals assert, error, getmetatable and setmetatable (tables only),
// ipairs, next, pairs, pcall, print (to the host), rawequal, rawget, rawset,
// require (of the host's modules), select, tonumber, tostring, type, unpack,
// xpcall; the libraries string, table, math, coroutine; of os the functions
// clock, date and time. Nothing loads code from text, reads a file, the
// environment or another script's state.
//
// # Budgets
//
// Every instruction of a call is counted, in all its coroutines, and library
// functions count by their work. A call over its budget is cut off: each
// further instruction fails, pcall passes that on, until the outermost call has
// returned. Work in between instructions is bounded by the constants of this
// package. The process's heap is watched meanwhile, and a call in which it grows
// by more than [Budget].Memory is cut off too.
//
// # Differences from Lua 5.1
//
// A function uses 255 locals of the functions around it at most, and some 5,000
// different names, numbers and texts. No call is a tail call, so that endless
// tail recursion ends in a stack overflow after [MaxCalls] calls. xpcall's
// handler runs after the stack is unwound. An error inside pcall separates
// closures from locals of functions that still run, which is gopher-lua's way.
// The body of a coroutine is written in Lua. coroutine.yield works neither
// inside pcall, a metamethod or an iterator, which is an error there, nor in a
// task, which waits by the host's functions and [State.Yield].
//
// # What it cannot stop
//
//   - t[i] = v with a computed i of up to 67,108,863 fills the array up to i in
//     one instruction, which takes up to 4 GB and a second. Indexes written
//     out in the source, rawset and table.insert are bounded by [MaxArray].
//     Remedy: lua.MaxArrayIndex, a variable of the whole process.
//   - Memory that a script keeps over many calls, in tables or coroutines, is
//     not counted. Remedy: watch [HeapLive] and replace the state.
//   - A table's keys are not freed when they are set to nil, and next walks
//     over them in one instruction: some 20 ms for a million. Remedy: a new
//     table now and then.
//
// Go functions given to scripts are trusted: they must not block, and their
// panics break the state, see [ErrBroken].
package sandbox
