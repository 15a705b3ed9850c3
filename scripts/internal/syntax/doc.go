// Package syntax reads Lua 5.1 into the syntax tree of gopher-lua, whose own
// parser accepts some sources that are no Lua and refuses some that are.
//
// Source text goes through the lexer and the parser, which both work without
// backtracking; [Parse] bounds the size and the nesting of what it accepts, so
// that everything that walks over the tree may be recursive. Errors say what
// Lua says, and where a block that has no end began.
//
// It goes beyond Lua 5.1 in goto and labels, as LuaJIT does: goto is a name
// wherever it does not begin such a statement. The package knows nothing of
// compiling or running.
package syntax
