package sandbox

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// waits is a task that waits in every way there is, as its first argument says,
// and returns what it was resumed with.
const waits = `local kind, rounds = ...
	local out = {}
	local inner = coroutine.wrap(function(...)
		local got = {...}
		while true do got = {coroutine.yield(#got, got[1])} end
	end)
	local function through(...) local a, b = wait(...) return b, a end
	local ways = {
		function(i) local a = wait(i) return tostring(a) end,
		function(i) local a, b, c = wait(i) return tostring(a) .. tostring(b) .. tostring(c) end,
		function(i) local t = {wait(i)} return #t .. tostring(t[1]) end,
		function(i) return "" .. select("#", wait(i)) end,
		function(i) wait(i) return "-" end,
		function(i) local n, a = inner(wait(i)) return n .. tostring(a) end,
		function(i) local a, b = through(i) return tostring(a) .. tostring(b) end,
		function(i) return tostring((wait(i))) end,
	}
	for i = 1, rounds do out[i] = ways[(kind + i) % #ways + 1](i) end
	return table.concat(out, " ")`

// waited is what the way'th of waits makes of the values it is resumed with.
func waited(way int, values []lua.LValue) string {
	at := func(i int) string {
		if i < len(values) {
			return values[i].String()
		}
		return "nil"
	}
	return []func() string{
		func() string { return at(0) },
		func() string { return at(0) + at(1) + at(2) },
		func() string { return fmt.Sprint(len(values)) + at(0) },
		func() string { return fmt.Sprint(len(values)) },
		func() string { return "-" },
		func() string { return fmt.Sprint(len(values)) + at(0) },
		func() string { return at(1) + at(0) },
		func() string { return at(0) },
	}[way]()
}

// TestTasksInAnyOrderKeepTheirOwnValues resumes many tasks at random, each as
// soon as one before it has returned and left it its thread.
func TestTasksInAnyOrderKeepTheirOwnValues(t *testing.T) {
	const ways, atOnce, steps = 8, 10, 3000
	s := newState(t, Config{})
	withWait(s)
	body := load(t, s, waits)
	random := rand.New(rand.NewPCG(1, 2))
	type run struct {
		task               *Task
		kind, round, until int
		want               []string
	}
	var runs []*run
	ended, threads := 0, map[*lua.LState]bool{}
	for range steps {
		if len(runs) < atOnce {
			r := &run{kind: random.IntN(ways), until: random.IntN(6)}
			r.task, _ = s.NewTask(body)
			runs, threads[r.task.lua] = append(runs, r), true
		}
		n := random.IntN(len(runs))
		r := runs[n]
		args := []lua.LValue{lua.LNumber(r.kind), lua.LNumber(r.until)}
		if r.round > 0 {
			args = make([]lua.LValue, random.IntN(5))
			for i := range args {
				args[i] = lua.LNumber(random.IntN(1000))
			}
			r.want = append(r.want, waited((r.kind+r.round)%ways, args))
		}
		values, err := r.task.Resume(relaxed, args...)
		if err != nil || len(values) != 1 {
			t.Fatalf("%v, %v", values, err)
		}
		r.round++
		if r.round <= r.until {
			if values[0] != lua.LNumber(r.round) || r.task.Done() {
				t.Fatalf("round %d: %v, done %v", r.round, values, r.task.Done())
			}
			continue
		}
		if want := strings.Join(r.want, " "); values[0].String() != want || !r.task.Done() {
			t.Fatalf("returned %q, wanted %q, done %v", values[0], want, r.task.Done())
		}
		runs = append(runs[:n], runs[n+1:]...)
		ended++
	}
	if ended < steps/10 || len(threads) > 2*atOnce {
		t.Errorf("%d tasks ended, on %d threads", ended, len(threads))
	}
}
