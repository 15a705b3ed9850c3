package sandbox

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/cputime"
)

func TestEndlessScriptsAreCutOff(t *testing.T) {
	for name, source := range map[string]string{
		"while":              `while true do end`,
		"repeat":             `repeat until false`,
		"for":                `for i = 1, 1e300 do end`,
		"goto":               `::a:: goto a`,
		"pcall":              `while true do pcall(function() while true do end end) end`,
		"nested pcall":       `local function f() pcall(f) pcall(f) while true do end end f()`,
		"xpcall":             `local function f() while true do end end while true do xpcall(f, f) end`,
		"recursion":          `local function f() pcall(f) return f() end while true do pcall(f) end`,
		"coroutine":          `while true do coroutine.resume(coroutine.create(function() while true do end end)) end`,
		"wrap":               `coroutine.wrap(function() while true do end end)()`,
		"nested coroutine":   `local function f() pcall(coroutine.wrap(f)) while true do end end f()`,
		"coroutine in pcall": `local function f() while true do pcall(f) end end while true do pcall(coroutine.wrap(f)) end`,
		"metamethod":         `local t = setmetatable({}, {}) getmetatable(t).__index = function() while true do end end while true do pcall(function() return t.x end) end`,
		"iterator":           `for x in function() return 1 end do end`,
		"sort":               `table.sort({3, 2, 1}, function() while true do end end)`,
		"pattern":            `("a"):rep(100):find(("a*"):rep(50) .. "b")`,
		"pattern in pcall":   `while true do pcall(string.find, ("a"):rep(100), ("a*"):rep(50) .. "b") end`,
		"gsub":               `("a"):rep(100):gsub(("a-"):rep(50) .. "b", "")`,
		"gmatch":             `for x in ("a"):rep(100):gmatch(("a-"):rep(50) .. "b") do end`,
		"concat":             `local s = "x" while true do local x = s .. s end`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			fn := load(t, s, source)
			_, err := s.Call(Budget{}, fn)
			var e *Error
			if !errors.Is(err, ErrCallBudget) || !errors.As(err, &e) {
				t.Fatalf("%T: %v", err, err)
			}
			if e.File != "test.lua" || e.Line != 1 || !strings.Contains(e.Error(), "cut off") {
				t.Errorf("error %q", err)
			}
			if s.Broken() != nil {
				t.Error(s.Broken())
			}
			if got := run(t, s, `return coroutine.wrap(function() return 1 end)()`); got != "1" {
				t.Errorf("afterwards: %q", got)
			}
		})
	}
}

// costly are sources by what they cost most of: each as many instructions in
// every run.
var costly = map[string]string{
	"instructions": `local n = 0 for i = 1, 1000 do n = n + i % 7 end`,
	"calls":        `local function f(n) if n > 0 then return f(n - 1) end return n end for i = 1, 100 do f(50) end`,
	"coroutines":   `for i = 1, 100 do coroutine.wrap(function() for j = 1, 10 do coroutine.yield(j) end end)() end`,
	"pcall":        `for i = 1, 100 do pcall(error, "x") end`,
	"pattern":      `("a"):rep(2000):find("%a+@%a+")`,
	"gsub":         `("abc "):rep(500):gsub("%w+", string.upper)`,
	"concat":       `local s = "" for i = 1, 200 do s = s .. "0123456789" end`,
	"table.concat": `local t = {} for i = 1, 1000 do t[i] = "x" end table.concat(t, ", ")`,
	"sort":         `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t)`,
	"sort by":      `local t = {} for i = 1, 300 do t[i] = (i * 7919) % 1009 end table.sort(t, function(a, b) return a > b end)`,
	"format":       `for i = 1, 100 do string.format("%5.2f %s %q", i, "x", "y") end`,
	"tostring":     `for i = 1, 100 do tostring(i) tonumber("12") end`,
}

// cost is how many instructions a source takes, in a state of its own.
func cost(t *testing.T, source string) int64 {
	t.Helper()
	s := newState(t, Config{})
	if _, err := s.Call(Budget{Instructions: 1 << 30, Time: time.Minute}, load(t, s, source)); err != nil {
		t.Fatal(err)
	}
	return s.Used()
}

func TestBudgetIsTheSameInEveryRun(t *testing.T) {
	for name, source := range costly {
		t.Run(name, func(t *testing.T) {
			n := cost(t, source)
			if again := cost(t, source); again != n {
				t.Errorf("%d instructions, and then %d", n, again)
			}
			s := newState(t, Config{})
			if _, err := s.Call(Budget{Instructions: n + 1, Time: time.Minute}, load(t, s, source)); err != nil {
				t.Errorf("within %d: %v", n+1, err)
			}
			if _, err := s.Call(Budget{Instructions: n, Time: time.Minute}, load(t, s, source)); !errors.Is(err, ErrCallBudget) {
				t.Errorf("within %d: %v", n, err)
			}
		})
	}
}

// withSlow gives scripts pause, in which time passes, and burn, which uses the
// processor, both for as many milliseconds and one instruction.
func withSlow(s *State) {
	s.Lua().SetGlobal("pause", s.Lua().NewFunction(func(L *lua.LState) int {
		time.Sleep(time.Duration(float64(L.CheckNumber(1)) * float64(time.Millisecond)))
		return 0
	}))
	s.Lua().SetGlobal("burn", s.Lua().NewFunction(func(L *lua.LState) int {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		most := time.Duration(float64(L.CheckNumber(1)) * float64(time.Millisecond))
		for began := cputime.Thread(); cputime.Thread()-began < most; {
		}
		return 0
	}))
}

func TestCallThatWaitsForTheMachineIsNotCutOff(t *testing.T) {
	s := newState(t, Config{})
	withSlow(s)
	const source = `pause(60) for i = 1, 5000 do end pause(60) for i = 1, 5000 do end return 1`
	if _, err := s.Call(Budget{Time: 40 * time.Millisecond}, load(t, s, source)); err != nil && runtime.GOOS == "linux" {
		t.Error(err)
	}
}

func TestCallOfSlowInstructionsIsCutOff(t *testing.T) {
	for name, source := range map[string]string{
		"library":   `while true do burn(1) end`,
		"coroutine": `coroutine.wrap(function() while true do burn(1) end end)()`,
		"pcall":     `while true do pcall(burn, 1) end`,
		"one":       `burn(15) burn(60) while true do burn(0) end`,
		"late":      `for i = 1, 50000 do end while true do burn(1) end`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			withSlow(s)
			began := cputime.Thread()
			_, err := s.Call(Budget{Instructions: 1 << 30, Time: 50 * time.Millisecond}, load(t, s, source))
			if used := cputime.Thread() - began; used > 300*time.Millisecond {
				t.Errorf("used %v", used)
			}
			if !errors.Is(err, ErrCallBudget) || !strings.Contains(err.Error(), "more than 50ms of the processor") {
				t.Error(err)
			}
			if s.Used() < 1<<30 {
				t.Errorf("used %d instructions, less than its budget", s.Used())
			}
		})
	}
}

func TestFarIndexCountsWhatItFills(t *testing.T) {
	near, far := cost(t, `local t = {} t[2] = 1`), cost(t, `local t = {} t[80001] = 1`)
	if filled := far - near; filled < 80_000/valuesPerInstruction {
		t.Errorf("%d values take %d instructions more than one", 80_000, filled)
	}
}

func TestCallInsideACallSpendsTheOuterBudget(t *testing.T) {
	s := newState(t, Config{})
	endless := load(t, s, `while true do end`)
	var inner error
	s.Lua().SetGlobal("nested", s.Lua().NewFunction(func(L *lua.LState) int {
		_, inner = s.Call(Budget{Instructions: 1 << 40}, endless)
		return 0
	}))
	if _, err := s.Call(Budget{}, load(t, s, `nested() while true do end`)); !errors.Is(err, ErrCallBudget) {
		t.Errorf("outer: %v", err)
	}
	if !errors.Is(inner, ErrCallBudget) {
		t.Errorf("inner: %v", inner)
	}
}

func TestUpvaluesSurviveACutOff(t *testing.T) {
	s := newState(t, Config{})
	if _, err := s.Call(Budget{}, load(t, s, `local n = 41 function get() n = n + 1 return n end while true do end`)); err == nil {
		t.Fatal("not cut off")
	}
	if got := run(t, s, `local a, b, c = "x", "y", "z" return get()`); got != "42" {
		t.Errorf("got %q", got)
	}
}

// tableCode reads and writes fields and does nothing else, which is where
// counting shows most; recordCode makes, changes and walks tables.
const (
	tableCode = `local t = {} for i = 1, 100 do t[i] = {x = i, y = i * 2} end
		return function() local sum = 0 for i = 1, #t do local v = t[i] v.x = v.x + 1 if v.y > 3 then sum = sum + v.x * v.y end end return sum end`
	recordCode = `return function()
		local t, sum = {}, 0
		for i = 1, 100 do t[i] = {id = i, at = {x = i, y = 0, z = -i}} end
		for i, v in ipairs(t) do if v.id % 2 == 0 then v.at.y = v.at.x + v.at.z v.seen = true end end
		for i = 1, #t do for k, x in pairs(t[i].at) do sum = sum + x end end
		return sum
	end`
)

// BenchmarkTableCode compares code under a budget with code without.
func BenchmarkTableCode(b *testing.B) {
	b.Run("fields", func(b *testing.B) { besideStock(b, tableCode) })
	b.Run("records", func(b *testing.B) { besideStock(b, recordCode) })
}

// besideStock runs the function that a source returns here and in gopher-lua
// as it comes, in turns, because a machine's speed changes, and reports by how
// much the budget is slower in the median.
func besideStock(b *testing.B, source string) {
	s := newState(b, Config{})
	made, err := s.Call(relaxed, load(b, s, source))
	if err != nil {
		b.Fatal(err)
	}
	L := lua.NewState()
	defer L.Close()
	if err := L.DoString(source); err != nil {
		b.Fatal(err)
	}
	fn := L.Get(-1)
	var budget, stock []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := s.Call(relaxed, made[0]); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		L.Push(fn)
		if err := L.PCall(0, 0, nil); err != nil {
			b.Fatal(err)
		}
		budget, stock = append(budget, between.Sub(began)), append(stock, time.Since(between))
	}
	b.ReportMetric(100*float64(median(budget))/float64(median(stock))-100, "%-over-stock")
	b.ReportMetric(float64(median(budget)), "ns/call")
	b.ReportMetric(0, "ns/op") // of both, and of what measures them
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

func BenchmarkCall(b *testing.B) {
	s := newState(b, Config{})
	fn := load(b, s, `local a, b = ... return a`)
	for b.Loop() {
		if _, err := s.Call(Budget{}, fn, lua.LNumber(1), lua.LNumber(2)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTask starts tasks that return, one after the other, and tasks that
// stay, each of which takes a thread of its own.
func BenchmarkTask(b *testing.B) {
	for name, body := range map[string]string{"returns": `return 1`, "stays": `wait(1)`} {
		b.Run(name, func(b *testing.B) {
			s := newState(b, Config{})
			withWait(s)
			// A chunk has varargs, which cost a table; a function has none.
			made, err := s.Call(relaxed, load(b, s, `return function() `+body+` end`))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				task, _ := s.NewTask(made[0].(*lua.LFunction))
				if _, err := task.Resume(relaxed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

const concatCode = `local a = "abc" return function() for i = 1, 100 do local x = a .. "-" .. i end end`

// BenchmarkConcat compares the bounded concatenation with the stock one.
func BenchmarkConcat(b *testing.B) { besideStock(b, concatCode) }
