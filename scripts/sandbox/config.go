package sandbox

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/syntax"
)

// Limits of every state. They bound what one instruction or one library call
// can cost, which a [Budget] cannot interrupt.
const (
	// MaxSource is the longest source that [State.Load] parses, in bytes.
	// Parsing takes memory of a few hundred times the source.
	MaxSource = syntax.MaxSource
	// MaxNesting is how deep brackets, blocks, unary operators and expressions
	// may nest in a source. Lua's own limit is the same.
	MaxNesting = syntax.MaxNesting
	// MaxString is the longest string that an operator or a library function
	// makes, in bytes.
	MaxString = 1 << 20
	// MaxArray is where a table's array ends: larger indexes go into its map, so
	// that t[1e7] = v does not fill 160 MB. It is also the longest table that
	// table.sort, table.insert and table.concat take. gopher-lua has it in a
	// variable of the whole process, lua.MaxArrayIndex, which this package sets.
	MaxArray = 1 << 20
	// MaxValues is how many values unpack and string.byte return at most.
	MaxValues = 8000
	// MaxResumes is how many coroutines may be inside one another. Each takes
	// Go stack, and running out of that ends the process.
	MaxResumes = 32
	// MaxCalls is how deep calls may nest, outside coroutines.
	MaxCalls = 200
	// MaxCoroutineCalls is how deep they may nest in one coroutine or task.
	MaxCoroutineCalls = 100
	// MaxPatternDepth is how deep one pattern match may backtrack.
	MaxPatternDepth = 200
)

func init() { lua.MaxArrayIndex = MaxArray }

// DefaultInstructions is a call's budget where a [Budget] names none. An
// instruction takes 10 to 20 ns, so that this is about 5 ms.
const DefaultInstructions = 250_000

// DefaultCallTime bounds the processor time of a call where a [Budget] names
// none: what DefaultInstructions take on a slow machine, where each allocates.
const DefaultCallTime = 100 * time.Millisecond

// DefaultMemory is by how much the heap may grow in [DefaultInstructions] where a
// [Budget] says nothing, and DefaultMemoryMost by how much in a call that has
// more, in bytes. A script fills 2 to 20 MB in so many; the rest is for what the
// process does meanwhile.
const (
	DefaultMemory     = 64 << 20
	DefaultMemoryMost = 1 << 30
)

// Config is what a state is given by its host. The zero value works.
type Config struct {
	// Print receives what print was called with, its arguments' strings
	// separated by tabs. Nil discards it.
	Print func(line string)

	// Require finds the source of a module that was not preloaded. chunk is
	// the name it has in errors; ok is false where there is no such module.
	// Nil finds none.
	Require func(name string) (source, chunk string, ok bool)

	// Explain says why a call returned nil, where a script fails because it indexes
	// that and does not catch the error. callee is written as in the script, place.entity; argument is the first
	// one where it is a text that is written out, or "". What it returns ends the
	// error; "" adds nothing. Nil explains nothing.
	Explain func(callee, argument string) string

	// Seed is what math.random starts from. Zero means a random one.
	Seed uint64
}
