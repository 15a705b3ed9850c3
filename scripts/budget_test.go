package scripts

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
)

func within(call, heartbeat time.Duration) func(*Config) {
	return func(c *Config) { c.Limits.Call, c.Limits.Heartbeat = call, heartbeat }
}

func TestAHandlerOverItsBudgetIsCutOffAndThenSwitchedOff(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("endless", function() while true do end end)
		place.handle("fine", function() return "ok" end)`), within(5*time.Millisecond, time.Hour))
	ann := r.join("ann")
	for i := range 12 {
		r.equal(ann.request("place", `["endless"]`), `["endless","error","script error"]`)
		if off := strings.Contains(r.logs.take(), "switched off until the next reload"); off != (i == 9) {
			t.Errorf("call %d: switched off: %v", i+1, off)
		}
	}
	r.equal(ann.request("place", `["fine"]`), `["fine","ok"]`)
	began := time.Now()
	ann.request("place", `["endless"]`)
	if took := time.Since(began); took > 4*time.Millisecond {
		t.Errorf("switched off, and yet takes %v", took)
	}
	if err := r.rt.Reload(r.place); err != nil {
		t.Fatal(err)
	}
	r.equal(ann.request("place", `["endless"]`), `["endless","error","script error"]`)
	if !strings.Contains(r.logs.take(), "cut off") {
		t.Error("still off after a reload")
	}
}

func TestOffencesLongAgoAreForgotten(t *testing.T) {
	r := opened(t, lua1(`place.handle("endless", function() while true do end end)`), within(2*time.Millisecond, time.Hour))
	ann := r.join("ann")
	for range 15 {
		ann.request("place", `["endless"]`)
		r.Advance(2 * time.Second)
	}
	if log := r.logs.take(); strings.Contains(log, "switched off") {
		t.Error(log)
	}
}

func TestWhatDoesNotFitIntoAHeartbeatWaitsForTheNext(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			local function work() local t = os.clock() while os.clock() - t < 0.004 do end end
			place.handle("work", function(request) work() return request.args[1] end)
			place.on("change", function(entity, name, new) if name == "n" then work() print("change", new.i) end end)
			place.before("hello", function() work() end)
			place.after(0, work)`,
	}, within(time.Second, 10*time.Millisecond))
	ann := r.join("ann")
	r.Advance(50 * time.Millisecond)
	r.rt.pool.Refill(10 * time.Millisecond)
	for i := range 6 {
		a := ann.request("place", fmt.Sprintf(`["work",%d]`, i))
		if i == 0 && a == "" {
			t.Error("the first had to wait")
		}
	}
	r.Advance(time.Second)
	for i := range 6 {
		got := ann.response(fmt.Sprintf("r%d", i+2))
		if want := fmt.Sprintf(`["work",%d]`, i); got != "" && got != want {
			t.Error(got)
		}
	}
	r.logs.take()
	for i := range 5 {
		r.do(func(turn *engine.Turn) {
			_, _ = turn.Spawn("", map[string]any{})
			id := fmt.Sprint("e", i)
			_, _ = turn.Spawn(id, map[string]any{})
			_ = turn.Change(id, map[string]any{"n": map[string]any{"i": i}})
		})
	}
	r.Advance(time.Second)
	r.want("change\\t0", "change\\t1", "change\\t2", "change\\t3", "change\\t4")
}

func TestTicksThatDoNotFitGoOnWithTheNextHeartbeat(t *testing.T) {
	r := opened(t, files{
		"place.lua": `place.on("open", function() for i = 1, 10 do place.spawn{ spin = { n = 0 } } end end)`,
		"components/spin.lua": `return { tick = function(entity, spin, dt)
			local t = os.clock() while os.clock() - t < 0.003 do end
			spin.n = spin.n + 1
		end }`,
	}, within(time.Second, 10*time.Millisecond))
	r.Advance(2 * time.Second)
	least, most := 1e9, 0.0
	r.do(func(turn *engine.Turn) {
		for _, id := range turn.Entities() {
			if c, ok := turn.Component(id, "spin"); ok {
				least, most = min(least, c["n"].(float64)), max(most, c["n"].(float64))
			}
		}
	})
	if least < 5 || most-least > 1 {
		t.Errorf("between %v and %v ticks each", least, most)
	}
}

func TestTooManyRequestsToPutOffAreRefused(t *testing.T) {
	r := opened(t, lua1(`place.handle("x", function() while true do end end)`), within(10*time.Millisecond, 10*time.Millisecond),
		func(c *Config) { c.Limits.Deferred = 2 })
	ann := r.join("ann")
	r.equal(ann.request("place", `["x"]`), `["x","error","script error"]`)
	r.equal(ann.request("place", `["x"]`), ``)
	r.equal(ann.request("place", `["x"]`), ``)
	r.equal(ann.request("place", `["x"]`), `["x","error","the place is too busy, please try again"]`)
	if err := r.rt.Reload(r.place); err != nil {
		t.Fatal(err)
	}
	r.Advance(50 * time.Millisecond)
	r.equal(ann.response("r3"), `["x","error","reloaded"]`)
}

func TestLimitsOfTimersTasksSubscriptionsAndEvents(t *testing.T) {
	r := opened(t, lua1(`
		place.on("open", function()
			print(pcall(function() for i = 1, 11 do place.after(9, print and function() end) end end))
			print(pcall(function() for i = 1, 11 do place.task(function() place.wait(9) end) end end))
			print(pcall(function() for i = 1, 11 do place.subscribe("[]", function() end) end end))
		end)
		place.on("spawn", function() end)
	`), func(c *Config) {
		c.Limits.Timers, c.Limits.Tasks, c.Limits.Subscriptions, c.Limits.Queue = 10, 10, 10, 20
	})
	r.want("false\\tplace.lua:3: place.after: there are 10 timers already",
		"false\\tplace.lua:4: place.task: there are 10 tasks already",
		"false\\tplace.lua:5: place.subscribe: there are 10 subscriptions already")
	r.do(func(turn *engine.Turn) {
		for range 30 {
			_, _ = turn.Spawn("", map[string]any{})
		}
	})
	if log := r.logs.take(); !strings.Contains(log, "too many events wait for their handlers") {
		t.Error(log)
	}
}

func TestABrokenStateIsMadeAnew(t *testing.T) {
	r := opened(t, lua1(`place.handle("boom", function() require("bomb").go() end)
		place.handle("fine", function() return place.state.n end)
		place.handle("set", function() place.state.n = 5 return "ok" end)`),
		func(c *Config) {
			c.Modules = map[string]Module{"bomb": {"go": func(*engine.Turn, []any) ([]any, error) { panic("boom") }}}
		})
	ann := r.join("ann")
	ann.request("place", `["set"]`)
	r.equal(ann.request("place", `["boom"]`), `["boom","error","script error"]`)
	r.until("a new state", func() bool { return ann.request("place", `["fine"]`) == `["fine",5]` })
}

func TestABrokenStateThatCannotBeMadeAnewIsToldOf(t *testing.T) {
	again := false
	r := opened(t, lua1(`require("bomb").load() place.handle("boom", function() require("bomb").go() end)`),
		func(c *Config) {
			c.Modules = map[string]Module{"bomb": {
				"go": func(*engine.Turn, []any) ([]any, error) { panic("boom") },
				"load": func(*engine.Turn, []any) ([]any, error) {
					if again {
						return nil, errors.New("not again")
					}
					again = true
					return nil, nil
				},
			}}
		})
	if r.reload(lua1("x =")) == nil || r.rt.Broken() != nil {
		t.Errorf("scripts that do not load break those that run: %v", r.rt.Broken())
	}
	r.join("ann").request("place", `["boom"]`)
	r.until("an error", func() bool { return strings.Contains(r.logs.take(), "cannot be made anew") })
	if err := r.rt.Broken(); !errors.Is(err, sandbox.ErrBroken) || !strings.Contains(err.Error(), "boom") {
		t.Error(err)
	}
	if err := r.reload(lua1("")); err != nil {
		t.Fatal(err)
	}
	if err := r.rt.Broken(); err != nil {
		t.Error(err)
	}
}

func TestAProcessThatGrewTooLargeGetsANewState(t *testing.T) {
	r := opened(t, lua1(`place.on("reload", function() place.state.reloads = (place.state.reloads or 0) + 1 end)`),
		func(c *Config) { c.Limits.Heap = 1 })
	runtime.GC() // nobody knows before
	r.Advance(30 * time.Second)
	r.until("a reload", func() bool { r.Advance(time.Second); return strings.Contains(r.logs.take(), "scripts reloaded") })
}

func TestLogAndEntitiesAreBounded(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("flood", function() for i = 1, 100 do print(i) end end)
		place.handle("spawn", function() for i = 1, 100 do place.spawn{} end end)`),
		func(c *Config) { c.Limits.LogLines, c.Limits.Entities = 10, 5 })
	ann := r.join("ann")
	ann.request("place", `["flood"]`)
	if n := strings.Count(r.logs.take(), "from=script"); n < 10 || n > 20 {
		t.Errorf("%d lines", n)
	}
	r.equal(ann.request("place", `["spawn"]`), `["spawn","error","script error"]`)
	if log := r.logs.take(); !strings.Contains(log, "place.lua:3: the place has 5 entities already") {
		t.Error(log)
	}
	time.Sleep(300 * time.Millisecond)
	ann.request("place", `["flood"]`)
	if log := r.logs.take(); !strings.Contains(log, "lines are left out") {
		t.Error(log)
	}
}

func TestWhatAgentsSendDoesNotHoldUpScripts(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			place.handle("count", function(request) return #request.args[1] end)
			place.on("change", function(entity, name, new, old) print(name, #new.items, old and #old.items, old and pcall(function() old.items = 1 end)) end)
			place.on("open", function() print(pcall(place.json.decode, ("1"):rep(200000))) end)`,
	})
	r.want("false\\tplace.lua:4: bad argument #1 to (anonymous) (longer than 131072 bytes)")
	ann := r.join("ann")
	many := "[" + strings.Repeat("1,", 100_000) + "1]"
	began := time.Now()
	r.equal(ann.request("place", `["count",`+many+`]`), `["count","error","script error"]`)
	if took := time.Since(began); took > 500*time.Millisecond {
		t.Errorf("took %v", took)
	}
	if log := r.logs.take(); !strings.Contains(log, "larger than 262144 bytes") {
		t.Error(log)
	}
	id := strings.Split(ann.request("place", `["spawn_entity",{"list":{"items":[1]}}]`), `"`)[3]
	ann.request("place", `["change_components","`+id+`","add_or_change",{"list":{"items":`+many+`}},"remove",[]]`)
	ann.request("place", `["change_components","`+id+`","add_or_change",{"list":{"items":[]}},"remove",[]]`)
	r.want("list\\t100001\\t1\\tfalse", "list\\t0\\t100001\\tfalse")
}
