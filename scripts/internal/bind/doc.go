// Package bind puts the host's functions and values into a Lua state, and moves plain data
// between Go and Lua.
//
//	api.Class → Table or Sealed → what scripts call
//	Go value → Userdata, with a Metatable that scripts can neither see nor change
//	Lua value → ToGo → plain data → ToLua → Lua value
//
// It knows nothing of places. A Go value that scripts hold implements [Plain] if it stands
// for plain data, [Lister] if pairs goes over it, and [fmt.Stringer] for errors and print.
package bind
