package sandbox

import (
	"fmt"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// State is one sandboxed interpreter. It belongs to one goroutine.
type State struct {
	lua     *lua.LState
	config  Config
	meter   meter
	loop    mainLoop
	trace   string // of the error that was raised last, where nothing catches it
	resumes int    // coroutines inside one another
	passed  int    // what is on the stack of who resumed one, after it yielded or ended
	broken  error
	random  *rand.Rand
	spare   []*lua.LState // threads of tasks that returned, see reuse.go
	modules map[string]*module
	loading []string // modules being loaded, outermost first

	null            *lua.LUserData
	arrays, objects *lua.LTable // metatables of the markers
}

// New makes a state with the libraries that doc.go lists.
func New(config Config) *State {
	s := &State{config: config, modules: map[string]*module{}}
	seed := config.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	s.random = rand.New(rand.NewPCG(seed, seed))
	s.lua = lua.NewState(lua.Options{
		SkipOpenLibs:     true,
		CallStackSize:    MaxCalls,
		RegistrySize:     1024,
		RegistryMaxSize:  64 << 10, // a MiB of values
		RegistryGrowStep: 8 << 10,  // each step copies all
	})
	// Of each coroutine: making one takes as long as clearing these.
	s.lua.Options.CallStackSize = MaxCoroutineCalls
	s.lua.Options.RegistrySize = 128
	s.lua.Options.RegistryGrowStep = 1024
	s.loop = s.newLoop(*loopOf(s.lua))
	s.setThread(s.lua, &thread{meter: &s.meter, status: running})
	s.openBase()
	s.openString()
	s.openTable()
	s.openMath()
	s.openOS()
	s.openCoroutine()
	s.openMarkers()
	s.priceLibraries()
	return s
}

// Lua is the interpreter underneath, to make tables, functions and globals
// with. Scripts are run by [State.Call] and [Task.Resume] only: outside of them
// nothing is counted, and what looks at metatables, such as GetField, GetGlobal,
// SetGlobal and ToStringMeta, runs what a script put there. Use RawGet and
// RawSet once scripts have run.
func (s *State) Lua() *lua.LState { return s.lua }

// Broken is the error that broke the state, or nil.
func (s *State) Broken() error { return s.broken }

// Close frees the state. It may not be used afterwards.
func (s *State) Close() {
	if !s.lua.IsClosed() {
		s.lua.Close()
	}
}

// Running reports whether a call is under way.
func (s *State) Running() bool { return s.meter.depth > 0 }

// Used is how many instructions the call under way has used, or the last one did:
// a whole budget where it was cut off because they took long.
func (s *State) Used() int64 { return s.meter.count }

// Call calls fn and returns what it returns. The error is an *[Error], or
// [ErrBroken] where the call did not start. A call made while another runs, by a
// Go function, spends the outer one's budget.
func (s *State) Call(b Budget, fn lua.LValue, args ...lua.LValue) ([]lua.LValue, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	s.meter.start(b)
	defer s.meter.stop()
	L := s.lua
	base := L.GetTop()
	L.Push(fn)
	for _, arg := range args {
		L.Push(arg)
	}
	t := threadOf(L)
	protected := t.protected
	t.protected = 0
	err := pcall(L, len(args))
	t.protected = protected
	if err != nil {
		return nil, s.failed(err)
	}
	n := L.GetTop() - base
	if n == 0 {
		return nil, nil
	}
	results := make([]lua.LValue, n)
	for i := range results {
		results[i] = L.Get(base + 1 + i)
	}
	L.SetTop(base)
	return results, nil
}

// failed makes an *Error of what PCall returned, and marks the state where it
// was not Lua's error but a panic.
func (s *State) failed(err error) error {
	api, ok := err.(*lua.ApiError)
	if !ok {
		return newError(lua.LString(err.Error()), "", nil)
	}
	s.checkPanic(api)
	cause := s.meter.cut
	if s.broken != nil {
		cause = ErrBroken
	}
	return newError(api.Object, api.StackTrace, cause)
}

// checkPanic breaks the state where err was a panic inside the interpreter or a
// Go function: what they were at was left half done. gopher-lua tells by the
// error's type, but for a panic that ends a coroutine, see [State.newLoop]. What
// the error says is the script's, and decides nothing.
func (s *State) checkPanic(err *lua.ApiError) {
	if err.Type == lua.ApiErrorPanic {
		s.breakDown(thrown(err.Object))
	}
}

// breakDown has the state answer every call with an error from now on.
func (s *State) breakDown(why string) {
	if s.broken == nil {
		s.broken = fmt.Errorf("%w: %s", ErrBroken, why)
		s.meter.stopAt(s.broken)
	}
}

// Charge counts the work of a Go function that a script called as so many
// instructions, and cuts the call off if they were too many. An instruction is 10
// to 20 ns of work; do the work in steps of less than a millisecond.
func (s *State) Charge(L *lua.LState, work int) { charge(L, work) }

func (s *State) charge(L *lua.LState, work int) { charge(L, work) }

func charge(L *lua.LState, work int) {
	m := threadOf(L).meter
	m.count += max(int64(work), 0)
	if m.count >= m.next.Load() && m.spent() {
		L.RaiseError("%s", m.cut)
	}
}
