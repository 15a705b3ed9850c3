package scripts

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/scripts/internal/sched"
	"github.com/loci-place/loci/scripts/sandbox"
)

// within sets how many instructions a call may run, and the place's own doings and those
// of agents between two heartbeats.
func within(call, heartbeat, agents int64) func(*Config) {
	return func(c *Config) { c.Limits.Call, c.Limits.Heartbeat, c.Limits.Agents = call, heartbeat, agents }
}

func TestHandlerOverItsBudgetRestsAndTriesAgain(t *testing.T) {
	r := opened(t, lua1(`
		local calls, long = 0, true
		place.every(0.05, function() calls = calls + 1 while long do end end)
		place.handle("calls", function() return calls end)
		place.handle("mend", function() long = false end)`))
	ann := r.join("ann")
	var at []float64
	for last := 0; r.place.Time() < 130; {
		r.Advance(50 * time.Millisecond)
		var calls int
		if _, err := fmt.Sscanf(ann.request("place", `["calls"]`), `["calls",%d]`, &calls); err != nil {
			t.Fatal(err)
		}
		if calls > last {
			at, last = append(at, r.place.Time()), calls
		}
	}
	for i, want := range []float64{0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2} {
		if waited := at[i+1] - at[i]; waited < want || waited > want+0.1 {
			t.Errorf("rested %.2f s the %d. time, want %.1f", waited, i+1, want)
		}
	}
	log := r.logs.take()
	for _, want := range []string{"level=ERROR", "over the budget of one call", "a handler rests", `handler="timer of place.lua:3"`, "times=8"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s: %s", want, log)
		}
	}
	var status Status
	r.do(func(turn *engine.Turn) { status = r.rt.Status(turn) })
	if len(status.Resting) != 1 || status.Resting[0].At != "place.lua:3" || status.Resting[0].For != "" ||
		status.Resting[0].Times != len(at) || !strings.Contains(status.Resting[0].Why, "250000 instructions") {
		t.Errorf("%+v", status.Resting)
	}
	ann.request("place", `["mend"]`)
	r.Advance(time.Minute)
	before := ann.request("place", `["calls"]`)
	r.Advance(time.Second)
	if after := ann.request("place", `["calls"]`); after == before {
		t.Error("rests although it came to its end", after)
	}
}

// search is a pattern for which a text of letters is the worst case.
const search = `("%a+@%a+")`

func TestCraftedRequestsTakeTheVerbFromNobodyElse(t *testing.T) {
	for name, source := range map[string]string{
		"verb":      `place.handle("say", function(request) return request.args[1]:find` + search + ` or "no" end)`,
		"guard":     `place.handle("say", function() return "no" end) place.before("say", function(request) request.args[1]:find` + search + ` end)`,
		"component": `place.handle("say", function(request) place.entity("place").note = { text = request.args[1] } return "no" end)`,
		"task":      `place.handle("say", function(request) return place.task(function() request.args[1]:find` + search + ` return "no" end) end)`,
		"event":     `place.handle("say", function(request) place.publish{ "said", request.args[1] } return "no" end) place.on("publication", function(body) body[2]:find` + search + ` end)`,
		"panic":     `place.handle("say", function(request) assert(#request.args[1] < 100, "runtime error: " .. request.args[1]) return "no" end)`,
	} {
		t.Run(name, func(t *testing.T) {
			r := opened(t, files{
				"place.lua":           source,
				"components/note.lua": `return { validate = function(note) note.text:find` + search + ` end }`,
			})
			ann, mallory := r.join("ann"), r.join("mallory")
			served := 0
			for i := range 40 {
				if got := mallory.request("place", `["say","`+strings.Repeat("x", 15_000)+`"]`); got == `["say","no"]` {
					served++
				}
				if i%4 == 0 {
					r.equal(ann.request("place", `["say","hello"]`), `["say","no"]`)
				}
				r.Advance(50 * time.Millisecond)
			}
			r.equal(ann.request("place", `["say","hello"]`), `["say","no"]`)
			if r.rt.Broken() != nil {
				t.Error(r.rt.Broken())
			}
			t.Logf("ann was answered 11 of 11 times, mallory %d of 40", served)
			if served > 0 && name != "event" { // which no answer waits for
				t.Error("what mallory asks does not count as its own")
			}
		})
	}
}

// announce is an announce with a name, and whether it was let in.
func (r *rig) announce(name string) (in bool) {
	a := r.connect()
	answer := a.request("place", fmt.Sprintf(`["announce","version",4,"identity",{"display_name":%q},"spawn_avatar",{}]`, name))
	return strings.HasPrefix(answer, `["announce","`) && !strings.HasPrefix(answer, `["announce","error"`)
}

func TestCraftedAnnouncesShutNobodyOut(t *testing.T) {
	for name, source := range map[string]string{
		"before": `place.before("announce", function(request) if request.identity.display_name:find` + search + ` then return false end end)`,
		"handle": `place.handle("announce", function(request) request.identity.display_name:find` + search + ` return place.default(request) end)`,
		"join":   `place.on("join", function(agent) agent.identity.display_name:find` + search + ` end)`,
		"leave":  `place.on("leave", function(agent) agent.identity.display_name:find` + search + ` end)`,
	} {
		t.Run(name, func(t *testing.T) {
			r := opened(t, lua1(source))
			if !r.announce("ann") {
				t.Fatal("ann is not let in")
			}
			crafted := 0
			for i := range 60 {
				if r.announce(strings.Repeat("x", 15_000)) {
					crafted++
				}
				if i%5 == 0 && !r.announce(fmt.Sprint("bob", i)) {
					t.Errorf("bob %d is not let in", i)
				}
				if i%7 == 0 {
					r.Advance(50 * time.Millisecond)
				}
			}
			if r.rt.Broken() != nil {
				t.Error("not ready:", r.rt.Broken())
			}
			if guard := name == "before" || name == "handle"; guard && crafted > 0 {
				t.Errorf("%d let in whose guard was cut off", crafted)
			}
			if !r.announce("cecilia") {
				t.Error("cecilia is not let in")
			}
			t.Logf("of 60 crafted announces %d were let in, and 14 of 14 others", crafted)
		})
	}
}

func TestGuardThatNoAnnouncePassesIsToldOf(t *testing.T) {
	r := opened(t, lua1(`place.before("announce", function() while true do end end)`))
	for i := range 4 {
		if broken := r.rt.Broken(); (broken != nil) != (i >= 3) {
			t.Errorf("after %d announces: %v", i, broken)
		}
		r.announce("ann")
	}
	if err := r.rt.Broken(); err == nil || !strings.Contains(err.Error(), `nobody gets in: guard before "announce" at place.lua:1`) {
		t.Error(err)
	}
	if err := r.reload(lua1("")); err != nil {
		t.Fatal(err)
	}
	if err := r.rt.Broken(); err != nil {
		t.Error(err)
	}
}

func TestGuardsThatAreCutOffDenyThatOneThing(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			local function check(text) if text == "long" then while true do end end return true end
			place.before("say", function(request) check(request.args[1]) end)
			place.handle("say", function() return "ok" end)
			place.hears = function(listener, speaker) return check(speaker.identity.display_name) end`,
		"components/note.lua": `return { validate = function(note) while note.text == "long" do end end }`,
	}, within(50_000, 1_000_000, 10_000_000))
	ann, long := r.join("ann"), r.join("long")
	for range 15 {
		r.equal(ann.request("place", `["say","long"]`), `["say","error","the script takes too long at this"]`)
		r.equal(ann.request("place", `["say","short"]`), `["say","ok"]`)
		if got := ann.request("place", `["spawn_entity",{"note":{"text":"long"}}]`); !strings.Contains(got, "note: the script takes too long at this") {
			t.Error(got)
		}
		if got := ann.request("place", `["spawn_entity",{"note":{"text":"short"}}]`); strings.Contains(got, "error") {
			t.Error(got)
		}
	}
	r.do(func(turn *engine.Turn) {
		agents := map[string]string{}
		for _, a := range turn.Agents() {
			agents[a.Avatar] = a.ID
		}
		hears := r.rt.gen.Place.Hearing()
		for range 15 {
			if hears(agents[ann.avatar], agents[long.avatar]) || !hears(agents[long.avatar], agents[ann.avatar]) {
				t.Error("hears one that it was cut off at, or not another")
			}
		}
	})
}

func TestAgentsThatAskMuchDelayOnlyThemselves(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("work", function(request) for i = 1, 30000 do end return "ok" end)
		place.handle("ping", function() return "ok" end)
		place.before("announce", function(request) for i = 1, 2000 do end end)`))
	ann := r.join("ann")
	var busy []*actor
	for range 4 {
		busy = append(busy, r.join("busy"))
	}
	r.Advance(time.Second)
	late, pings, answered, refused := 0, 0, 0, 0
	for beat := range 100 {
		for _, b := range busy {
			for range 9 { // 180 a second
				b.request("place", `["work"]`)
			}
		}
		pings++
		if got := ann.request("place", `["ping"]`); got == "" {
			late++
			r.Advance(50 * time.Millisecond)
			r.equal(ann.response(fmt.Sprint("r", ann.ids)), `["ping","ok"]`)
		} else {
			r.equal(got, `["ping","ok"]`)
			r.Advance(50 * time.Millisecond)
		}
		if !r.announce(fmt.Sprint("newcomer", beat)) {
			t.Fatal("a newcomer is refused")
		}
	}
	for _, b := range busy {
		for _, heard := range b.heard {
			if strings.Contains(string(heard.Body), sched.OverQuota) {
				refused++
			}
		}
	}
	var status Status
	r.do(func(turn *engine.Turn) { status = r.rt.Status(turn) })
	for _, h := range status.Handlers {
		if h.Kind == "verb" {
			answered = int(h.Calls) - pings
		}
	}
	if most := 105 * 500_000 / 30_000; answered > most || answered < most/2 {
		t.Errorf("%d requests for work were done, at most %d fit", answered, most)
	}
	if status.Refused == 0 || status.Waiting == 0 || status.Waiting > 4*64 {
		t.Errorf("%d refused, %d wait", status.Refused, status.Waiting)
	}
	t.Logf("%d of %d pings waited for the next heartbeat, %d of %d for work refused at once", late, pings, refused, 100*4*9)
}

func TestOneAgentLeavesRoomForTimersAndTasksOfOthers(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("later", function() place.after(60, function() end) return "ok" end)
		place.handle("task", function() place.task(function() place.wait(60) end) return "ok" end)`),
		func(c *Config) { c.Limits.Timers, c.Limits.Tasks = 100, 100 })
	ann, mallory := r.join("ann"), r.join("mallory")
	for _, verb := range []string{"later", "task"} {
		ok := fmt.Sprintf(`[%q,"ok"]`, verb)
		for range 100 {
			mallory.request("place", fmt.Sprintf(`[%q]`, verb))
		}
		for range 10 {
			r.equal(ann.request("place", fmt.Sprintf(`[%q]`, verb)), ok)
		}
		r.Advance(61 * time.Second)
		r.equal(mallory.request("place", fmt.Sprintf(`[%q]`, verb)), ok)
		r.Advance(61 * time.Second)
	}
	if n := r.rt.sched.Known(); n != 0 {
		t.Errorf("%d agents and addresses still have quotas", n)
	}
}

func TestWhatDoesNotFitIntoAHeartbeatWaitsForTheNext(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			local function work() for i = 1, 40000 do end end
			place.handle("work", function(request) work() return request.args[1] end)
			place.on("change", function(entity, name, new) if name == "n" then work() print("change", new.i) end end)
			place.before("hello", function() work() end)
			place.after(0, work)`,
	}, within(100_000, 100_000, 100_000))
	ann := r.join("ann")
	r.Advance(50 * time.Millisecond)
	for i := range 6 {
		if a := ann.request("place", fmt.Sprintf(`["work",%d]`, i)); (a != "") != (i < 2) {
			t.Errorf("request %d was answered %q at once", i, a)
		}
	}
	r.Advance(time.Second)
	for i := 2; i < 6; i++ {
		r.equal(ann.response(fmt.Sprint("r", i+2)), fmt.Sprintf(`["work",%d]`, i))
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
			for i = 1, 30000 do end
			spin.n = spin.n + 1
		end }`,
	}, within(100_000, 100_000, 100_000))
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

func TestTicksOfAnAgentsEntitiesAreItsOwnToPay(t *testing.T) {
	r := opened(t, files{
		"place.lua":           `place.scene{ mine = { spin = { n = 0 } } } place.handle("ping", function() return "ok" end)`,
		"components/spin.lua": `return { tick = function(entity, spin) for i = 1, 20000 do end entity.spin.n = entity.spin.n + 1 end }`,
	})
	ann, mallory := r.join("ann"), r.join("mallory")
	for range 100 {
		mallory.request("place", `["spawn_entity",{"spin":{"n":0}}]`)
	}
	r.Advance(time.Second)
	r.equal(r.component("mine", "spin"), `{"n":20}`)
	r.equal(ann.request("place", `["ping"]`), `["ping","ok"]`)
}

func TestBusyMachineSwitchesNothingOff(t *testing.T) {
	var over atomic.Bool
	var loops sync.WaitGroup
	for range 4 {
		loops.Go(func() {
			for !over.Load() { // busy
			}
		})
	}
	defer func() { over.Store(true); loops.Wait() }()
	r := opened(t, files(Starter()), func(c *Config) { c.Limits.LogLines = 1 })
	for i := range 100 {
		r.join(fmt.Sprint("agent", i))
		if i%3 == 0 {
			r.Advance(50 * time.Millisecond)
		}
	}
	r.Advance(5 * time.Second)
	r.do(func(turn *engine.Turn) {
		status := r.rt.Status(turn)
		calls := uint64(0)
		for _, h := range status.Handlers {
			calls += h.Calls
			if h.CutOffs > 0 || h.Errors > 0 {
				t.Errorf("%+v", h)
			}
		}
		if len(status.Resting) > 0 || status.Refused > 0 || status.Waiting > 0 || calls < 100 {
			t.Errorf("%d calls, %+v", calls, status)
		}
		t.Logf("%d calls of %d handlers, none cut off, refused or put off", calls, len(status.Handlers))
	})
}

func TestTooManyRequestsToPutOffAreRefused(t *testing.T) {
	r := opened(t, lua1(`place.handle("x", function() for i = 1, 5000 do end end)`), within(10_000, 10_000, 10_000),
		func(c *Config) { c.Limits.Deferred = 2 })
	ann := r.join("ann")
	r.equal(ann.request("place", `["x"]`), `["x","ok"]`)
	r.equal(ann.request("place", `["x"]`), ``)
	r.equal(ann.request("place", `["x"]`), ``)
	r.equal(ann.request("place", `["x"]`), `["x","error","you have the place's scripts do too much at once, try again in a moment"]`)
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
	await.Until(r, "a new state", func() bool {
		r.Advance(50 * time.Millisecond) // what was asked meanwhile is answered first
		return ann.request("place", `["fine"]`) == `["fine",5]`
	})
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
	await.Until(r, "an error", func() bool { return strings.Contains(r.logs.take(), "cannot restart the scripts' interpreter") })
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
	await.Until(r, "a reload", func() bool { r.Advance(time.Second); return strings.Contains(r.logs.take(), "scripts reloaded") })
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
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := cputime.Thread()
	r.equal(ann.request("place", `["count",`+many+`]`), `["count","error","script error"]`)
	if took := cputime.Thread() - began; took > 500*time.Millisecond {
		t.Errorf("took %v of the processor", took)
	}
	if log := r.logs.take(); !strings.Contains(log, "larger than 262144 bytes") {
		t.Error(log)
	}
	some := "[" + strings.Repeat("1,", 30_000) + "1]" // as many as an entity has room for
	id := strings.Split(ann.request("place", `["spawn_entity",{"list":{"items":[1]}}]`), `"`)[3]
	ann.request("place", `["change_components","`+id+`","add_or_change",{"list":{"items":`+some+`}},"remove",[]]`)
	ann.request("place", `["change_components","`+id+`","add_or_change",{"list":{"items":[]}},"remove",[]]`)
	r.want("list\\t30001\\t1\\tfalse", "list\\t0\\t30001\\tfalse")
}
