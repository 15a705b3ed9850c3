// Package lint finds mistakes in a place's scripts without running them: what does not compile,
// and names that mean nothing.
//
//	sources → compile → syntax tree → set: names that are assigned → walk: names, calls, fields
//
// It knows the API by its descriptions (package api) and the globals of a Lua state. A walk
// follows the types of the API as far as they are known from signatures; anything else may be
// anything.
package lint
