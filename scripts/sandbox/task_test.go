package sandbox

import (
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// withWait gives scripts wait, which yields to the host.
func withWait(s *State) {
	s.Lua().SetGlobal("wait", s.Lua().NewFunction(func(L *lua.LState) int {
		return s.Yield(L, "wait", L.Get(1))
	}))
}

func newTask(t *testing.T, s *State, source string) *Task {
	t.Helper()
	task, ok := s.NewTask(load(t, s, source))
	if !ok {
		t.Fatal("no task")
	}
	return task
}

func TestTaskReadsAsStraightCode(t *testing.T) {
	s := newState(t, Config{})
	withWait(s)
	task := newTask(t, s, `local a = ... local b = wait(a + 1) local c = wait(b + 1) return wait(c + 1)`)
	for i, want := range []lua.LValue{lua.LNumber(11), lua.LNumber(21), lua.LNumber(31), lua.LNumber(40)} {
		values, err := task.Resume(relaxed, lua.LNumber(10*(i+1)))
		if err != nil || len(values) != 1 || values[0] != want {
			t.Fatalf("resume %d: %v, %v", i, values, err)
		}
		if done := i == 3; task.Done() != done {
			t.Errorf("resume %d: done %v", i, task.Done())
		}
	}
	if _, err := task.Resume(relaxed); err == nil {
		t.Error("resumed after its end")
	}
}

func TestWaitWhereItCannotIsAClearError(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"pcall":      {`local ok, e = pcall(wait, 1) error(e, 0)`, "wait does not work inside a library function"},
		"metamethod": {`local x = setmetatable({}, {__index = function() wait(1) end}).x`, "wait does not work inside a metamethod"},
		"iterator":   {`for x in function() wait(1) end do end`, "wait does not work inside an iterator"},
		"coroutine":  {`coroutine.wrap(function() wait(1) end)()`, "wait works in a task only"},
		"yield":      {`coroutine.yield(1)`, "coroutine.yield outside a coroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			withWait(s)
			task := newTask(t, s, c.source)
			_, err := task.Resume(relaxed)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) || e.File != "test.lua" || e.Line != 1 {
				t.Errorf("%v", err)
			}
			if !task.Done() || s.Broken() != nil {
				t.Errorf("done %v, broken %v", task.Done(), s.Broken())
			}
		})
	}
	s := newState(t, Config{})
	withWait(s)
	if got := run(t, s, `wait(1)`); !strings.Contains(got, "wait works in a task only") {
		t.Errorf("in a handler: %q", got)
	}
}

func TestTasksAreCutOff(t *testing.T) {
	s := newState(t, Config{})
	withWait(s)
	task := newTask(t, s, "wait(1)\nwhile true do end")
	if _, err := task.Resume(Budget{}); err != nil {
		t.Fatal(err)
	}
	_, err := task.Resume(Budget{})
	var e *Error
	if !errors.Is(err, ErrCallBudget) || !errors.As(err, &e) || e.Line != 2 {
		t.Errorf("%v", err)
	}
	if !task.Done() {
		t.Error("not done")
	}
}

func TestScriptsCannotResumeTasks(t *testing.T) {
	s := newState(t, Config{})
	withWait(s)
	task := newTask(t, s, `mine = coroutine.running() wait(1)`)
	if _, err := task.Resume(relaxed); err != nil {
		t.Fatal(err)
	}
	if got := run(t, s, `return coroutine.resume(mine)`); !strings.Contains(got, "cannot resume a task") {
		t.Errorf("got %q", got)
	}
	if _, err := task.Resume(relaxed); err != nil || !task.Done() {
		t.Errorf("the host: %v", err)
	}
}

func TestTasksUseCoroutinesOfTheirOwn(t *testing.T) {
	s := newState(t, Config{})
	withWait(s)
	task := newTask(t, s, `local next = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
		local sum = 0 for i = 1, 3 do sum = sum + next() wait(sum) end return sum`)
	for _, want := range []lua.LNumber{1, 3, 6, 6} {
		values, err := task.Resume(relaxed)
		if err != nil || values[0] != want {
			t.Fatalf("%v, %v", values, err)
		}
	}
}

// TestTasksThatReturnedLeaveNothingToTheNext, whose thread is the same one.
func TestTasksThatReturnedLeaveNothingToTheNext(t *testing.T) {
	for name, c := range map[string]struct {
		first, second, want string
		again               bool // whether the thread serves again
	}{
		"locals":    {`local a, b, c = "x", "y", "z"`, `local a, b, c return a, b, c`, "nil nil nil", true},
		"arguments": {`local a = ...`, `local a, b = ... return a, b, select("#", ...)`, "nil nil 0", true},
		"closure":   {`local n = 41 get = function() n = n + 1 return n end`, `local m, k = 1, 2 return get(), m, k`, "42 1 2", true},
		"closure after a wait": {`local n = 41 wait(1) get = function() n = n + 1 return n end wait(1)`,
			`local m = 1 wait(1) return get(), m`, "42 1", true},
		"closure and error":  {`local n = 41 get = function() n = n + 1 return n end pcall(error)`, `local m = 1 return get(), m`, "42 1", true},
		"deep":               {`local function f(n) if n > 0 then return 1 + f(n - 1) end return 0 end f(90)`, `return 1`, "1", true},
		"coroutine inside":   {`coroutine.wrap(function() coroutine.yield(1) end)()`, `return coroutine.wrap(function() return 1 end)()`, "1", true},
		"own thread":         {`mine = coroutine.running()`, `return mine == coroutine.running(), coroutine.status(mine)`, "false dead", false},
		"error":              {`error("x")`, `return 1`, "1", false},
		"a large stack":      {`return unpack({}, 1, 7000)`, `return 1`, "1", false},
		"waiting in a value": {`value = wait(1)`, `return value, wait(1)`, "nil", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			withWait(s)
			first := newTask(t, s, c.first)
			thread := first.lua
			for !first.Done() {
				first.Resume(relaxed)
			}
			second := newTask(t, s, c.second)
			if again := second.lua == thread; again != c.again {
				t.Errorf("serves again: %v", again)
			}
			var values []lua.LValue
			for !second.Done() {
				var err error
				if values, err = second.Resume(relaxed); err != nil {
					t.Fatal(err)
				}
			}
			words := make([]string, len(values))
			for i, value := range values {
				words[i] = value.String()
			}
			if got := strings.Join(words, " "); got != c.want {
				t.Errorf("got %q, wanted %q", got, c.want)
			}
			if _, err := first.Resume(relaxed); err == nil || !first.Done() {
				t.Error("the first was resumed after its end")
			}
		})
	}
}

func TestGoFunctionIsNoTask(t *testing.T) {
	s := newState(t, Config{})
	if _, ok := s.NewTask(s.Lua().GetGlobal("print").(*lua.LFunction)); ok {
		t.Error("made a task of print")
	}
}
