package scripts

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
)

// hoarding is a place in which one function keeps 80 MB a second, and others do what they
// should.
var hoarding = files{"place.lua": `local hoard, beats = {}, 0
place.every(0.05, function() for i = 1, 4 do hoard[#hoard + 1] = ("x"):rep(2^20) end end)
place.every(0.05, function() beats = beats + 1 for i = 1, 10 do local s = ("x"):rep(10000) end end)
place.handle("beats", function() return beats end)
place.handle("hoard", function() return #hoard end)`}

// advanceUntil advances step by step until something is there. It gives up after so many steps,
// not after a time: that is the machine's business.
func (r *rig) advanceUntil(what string, step time.Duration, there func() bool) {
	r.Helper()
	for range 10_000 {
		r.Advance(step)
		if there() {
			return
		}
		time.Sleep(time.Millisecond) // others work meanwhile
	}
	r.Fatalf("never: %s", what)
}

// megabytes is what is in use of the heap of the whole process.
func megabytes() int64 {
	runtime.GC()
	return sandbox.HeapLive() >> 20
}

func TestFunctionThatHoardsMemoryRestsAndNoOther(t *testing.T) {
	before := megabytes()
	r := opened(t, hoarding, func(c *Config) { c.Limits.Heap = (before + 64) << 20 })
	ann := r.join("ann")
	var log string
	defer func() {
		if t.Failed() {
			t.Log(log)
		}
	}()
	most := int64(0)
	r.advanceUntil("a function rests", 50*time.Millisecond, func() bool {
		log += r.logs.take()
		most = max(most, sandbox.HeapBytes()>>20)
		return strings.Contains(log, "a function rests: it takes ever more memory")
	})
	r.advanceUntil("a new state", 50*time.Millisecond, func() bool {
		log += r.logs.take()
		return strings.Contains(log, "generation=3")
	})
	for _, part := range []string{
		fmt.Sprintf("more than the %d that scripts may let it grow to", before+64), "it takes ever more memory\" function=place.lua:2 ",
	} {
		if !strings.Contains(log, part) {
			t.Errorf("the log does not say %q:\n%s", part, log)
		}
	}
	r.Advance(time.Second)
	after := megabytes()
	t.Logf("%d MiB before, at most %d MiB with garbage, %d MiB after", before, most, after)
	if after > before+16 {
		t.Errorf("%d MiB are in use, %d before", after, before)
	}
	r.equal(ann.request("place", `["hoard"]`), `["hoard",0]`)
	first := ann.request("place", `["beats"]`)
	r.Advance(time.Second)
	if second := ann.request("place", `["beats"]`); second == first {
		t.Errorf("others stand still: %s, and a second later %s", first, second)
	}
	if err := r.rt.Reload(r.place); err != nil {
		t.Fatal(err)
	}
	r.Advance(200 * time.Millisecond)
	if got := ann.request("place", `["hoard"]`); got == `["hoard",0]` {
		t.Error("it still rests after a reload")
	}
}

// TestNobodyIsBlamedForWhatScriptsDoNotKeep has a process that takes too much whatever
// becomes of the scripts.
func TestNobodyIsBlamedForWhatScriptsDoNotKeep(t *testing.T) {
	r := opened(t, lua1(`place.every(0.05, function() for i = 1, 100 do local s = ("x"):rep(10000) end end)`),
		func(c *Config) { c.Limits.Heap = 1 })
	var log string
	r.advanceUntil("a new state", time.Second, func() bool {
		log += r.logs.take()
		return strings.Contains(log, "generation=2")
	})
	r.rt.watching.Wait() // for what it knows of the heap
	r.Advance(10 * time.Second)
	if log += r.logs.take(); strings.Contains(log, "rests") {
		t.Error(log)
	}
}

// TestNobodyIsBlamedBeforeANewStateWasTried has scripts take too
// much soon after they got a new state for another reason.
func TestNobodyIsBlamedBeforeANewStateWasTried(t *testing.T) {
	before := megabytes()
	r := opened(t, lua1(`local hoard = {}
place.handle("boom", function() require("bomb").go() end)
place.handle("hoard", function()
	place.every(0.05, function() for i = 1, 4 do hoard[#hoard + 1] = ("x"):rep(2^20) end end)
end)`), func(c *Config) {
		c.Limits.Heap = (before + 64) << 20
		c.Modules = map[string]Module{"bomb": {"go": func(*engine.Turn, []any) ([]any, error) { panic("boom") }}}
	})
	ann := r.join("ann")
	var log string
	defer func() {
		if t.Failed() {
			t.Log(log)
		}
	}()
	generation := func(n int) {
		r.advanceUntil("a new state", 50*time.Millisecond, func() bool {
			log += r.logs.take()
			return strings.Contains(log, fmt.Sprint("generation=", n))
		})
		r.rt.watching.Wait() // for what it knows of the heap
	}
	ann.request("place", `["boom"]`)
	generation(2)
	ann.request("place", `["hoard"]`)
	generation(3)
	if !strings.Contains(log, "the process takes") || strings.Contains(log, "a function rests: it takes ever more memory") {
		t.Error(log)
	}
}

func TestACallThatPanicsIsOverForWhatWeighsCalls(t *testing.T) {
	r := opened(t, lua1(`function tick() end`))
	r.do(func(*engine.Turn) {
		defer func() {
			if recover() == nil {
				t.Error("a call with more arguments than a stack holds does not panic")
			}
			if depth := r.rt.sched.Growth.Depth(); depth != 0 {
				t.Errorf("%d calls are taken to go on", depth)
			}
		}()
		_, _ = r.rt.gen.Calls.Call(r.global("tick"), "", make([]lua.LValue, 1<<17)...)
	})
}
