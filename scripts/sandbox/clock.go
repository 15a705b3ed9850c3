package sandbox

import lua "github.com/yuin/gopher-lua"

// maxDateFormat is the longest format that os.date takes, in bytes.
const maxDateFormat = 256

// openOS keeps what tells the time. Everything else of gopher-lua's os, with
// processes, files and the environment, is gone.
func (s *State) openOS() {
	s.open(lua.OpenOs)
	all := s.lua.GetGlobal("os").(*lua.LTable)
	date := all.RawGetString("date").(*lua.LFunction).GFunction
	tells := s.lua.NewTable()
	for _, name := range []string{"clock", "time"} {
		tells.RawSetString(name, all.RawGetString(name))
	}
	tells.RawSetString("date", s.lua.NewFunction(func(L *lua.LState) int {
		if len(L.OptString(1, "")) > maxDateFormat {
			L.ArgError(1, "format too long")
		}
		return date(L)
	}))
	s.lua.SetGlobal("os", tells)
}
