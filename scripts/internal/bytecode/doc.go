// Package bytecode compiles the syntax tree of Lua 5.1 to functions of
// gopher-lua's virtual machine.
//
// gopher-lua's own compiler makes wrong programs of plain ones: it assigns to
// the locals of a parallel assignment one by one, keeps old values where an
// "and" fails, hands a generic for what was left in a register, and more. This
// one follows the design of C Lua's: an expression stays a description ([expr])
// as long as possible, so that it is known where its value has to go when the
// instruction for it is made, and the jumps of conditions are lists that are
// patched when their targets are known.
//
// A chunk goes through statements (statements.go), expressions
// (expressions.go), and the descriptions' way into registers (registers.go);
// scopes.go knows locals, upvalues and labels. The package knows nothing of
// running: the instructions are those of gopher-lua's machine, see the OP_
// constants there, with nothing added.
package bytecode
