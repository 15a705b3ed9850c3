package sched

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
)

// Scope is what a load of the scripts may do at the moment: declare things while its top level
// runs, use the place while it is in force, or only look.
type Scope struct {
	turn    *engine.Turn // nil while the top level runs
	over    bool         // was in force
	looking bool         // a handler runs that must not change the place
}

// Enter puts it in force.
func (s *Scope) Enter(turn *engine.Turn) { s.turn, s.over = turn, false }

// Leave ends it.
func (s *Scope) Leave() { s.turn, s.over = nil, true }

// Live reports whether it is in force: there is a turn.
func (s *Scope) Live() bool { return s.turn != nil }

// Over reports whether it was in force and is no more, or was given up before.
func (s *Scope) Over() bool { return s.over }

// Turn returns the place's turn, nil unless it is in force.
func (s *Scope) Turn() *engine.Turn { return s.turn }

// Now returns the place's time in seconds, 0 at the top level: timers made there are counted
// from when they come into force.
func (s *Scope) Now() float64 {
	if s.turn == nil {
		return 0
	}
	return s.turn.Time()
}

// Looking calls f, in which scripts must not change the place.
func (s *Scope) Looking(f func()) {
	defer func(before bool) { s.looking = before }(s.looking)
	s.looking = true
	f()
}

// NeedsPlace raises an error where there is no place yet: at the top level.
func (s *Scope) NeedsPlace(L *lua.LState, what string) {
	if !s.Live() {
		L.RaiseError("%s works in handlers, not at the top level of a script, which only declares; what should happen once belongs in place.on(\"open\", …)", what)
	}
}

// Changes raises an error where a script must not change the place: at the top level,
// and in validate and place.hears, which are asked in the midst of other changes.
func (s *Scope) Changes(L *lua.LState, what string) {
	s.NeedsPlace(L, what)
	if s.looking {
		L.RaiseError("%s does not work in validate and place.hears: they only look", what)
	}
}

// NeedsTopLevel raises an error in handlers.
func (s *Scope) NeedsTopLevel(L *lua.LState, what string) {
	if s.Live() || s.over {
		L.RaiseError("%s works at the top level of a script only: what is declared there lives until the next reload", what)
	}
}
