package scripts

import (
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

func TestHandlersHearOfEvents(t *testing.T) {
	r := opened(t, lua1(`
		place.on("open", function() print("open") end)
		place.on("join", function(agent) print("join", agent.identity.display_name, agent.avatar.visor.display_name) end)
		place.on("leave", function(agent, code) print("leave", agent.identity.display_name, code, agent:here()) end)
		place.on("spawn", function(entity) print("spawn", entity.owner.id == "place", entity.visor ~= nil) end)
		place.on("remove", function(entity) print("remove", entity:exists()) end)
		place.on("change", function(entity, name, new, old)
			print("change", name, new and new.n, old and old.n)
		end)
		place.on("publication", function(body, from) print("publication", body[1], body[2], from.visor.display_name) end)
		place.on("close", function() print("close") end)
	`))
	r.want("open")
	ann := r.join("ann")
	r.want("spawn\\tfalse\\ttrue", "join\\tann\\tann")
	r.do(func(turn *engine.Turn) {
		id, _ := turn.Spawn("box", map[string]any{"weight": map[string]any{"n": 1}})
		_ = turn.Change(id, map[string]any{"weight": map[string]any{"n": 2}, "colour": map[string]any{"n": 3}})
		_ = turn.Change(id, map[string]any{"weight": map[string]any{"n": 4}}, "colour")
	})
	r.want("spawn\\ttrue\\tfalse", "change\\tweight\\t4\\t1")
	r.do(func(turn *engine.Turn) { _ = turn.Change("box", nil, "weight") })
	r.want("change\\tweight\\tnil\\t4")
	r.do(func(turn *engine.Turn) { turn.Remove("box", 0) })
	r.want("remove\\tfalse")
	ann.send("publication", "", "", `["news",7]`)
	r.want("publication\\tnews\\t7\\tann")
	ann.peer.Close(netcode.CodeClientLeft)
	r.Settle()
	r.want("remove\\tfalse", "leave\\tann\\t1001\\tfalse")
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	r.want("close")
}

func TestSeveralHandlersRunInOrderWhateverOneFailsWith(t *testing.T) {
	r := opened(t, lua1(`
		place.on("open", function() print("first") end)
		place.on("open", function() error("oops") end)
		place.on("open", function() print("third") end)
	`))
	log := r.logs.take()
	first, rest, _ := strings.Cut(log, "msg=first")
	if first == log || !strings.Contains(rest, "msg=third") {
		t.Error(log)
	}
	for _, part := range []string{`handler="event \"open\""`, "place.lua:3: oops", "level=ERROR"} {
		if !strings.Contains(log, part) {
			t.Errorf("no %s in %s", part, log)
		}
	}
}

func TestAnErrorIsLoggedOnceForEachSpot(t *testing.T) {
	r := opened(t, lua1(`place.on("tick", function() local x = nil .. "" end)`))
	r.Advance(time.Second)
	log := r.logs.take()
	if n := strings.Count(log, "traceback="); n != 1 {
		t.Errorf("%d tracebacks in\n%s", n, log)
	}
	if n := strings.Count(log, "level=ERROR"); n != 5 { // 1st, 2nd, 4th, 8th, 16th
		t.Errorf("%d lines for 20 errors:\n%s", n, log)
	}
}

func TestHandlersThatSetEachOtherOffAreStopped(t *testing.T) {
	r := opened(t, files{"place.lua": `place.scene{ a = { ping = { n = 0 } } }`,
		"components/ping.lua": `return { changed = function(entity, ping) ping.n = ping.n + 1 end }`})
	r.do(func(turn *engine.Turn) { _ = turn.Change("a", map[string]any{"ping": map[string]any{"n": 1}}) })
	log := r.logs.take()
	if !strings.Contains(log, "handlers set each other off without end") {
		t.Error(log)
	}
	r.equal(r.component("a", "ping"), `{"n":17}`)
	r.Advance(time.Second)
	r.want() // it is over
}

func TestChangesInOneTurnAreToldAsOne(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			place.scene{ a = { door = { open = false, n = 0 } } }
			place.handle("toggle", function()
				local door = place.entity("a").door
				for i = 1, 5 do door.n = i end
				door.open = true
			end)
			place.handle("undo", function() local a = place.entity("a") a.door = nil a.door = { open = true, n = 5 } end)
			place.handle("gone", function() local a = place.entity("a") a.lamp = { lit = true } a.lamp = nil end)`,
		"components/door.lua": `return {
			changed = function(entity, door, old) print(door.n, old.n, door.open, old.open) end,
			added = function() print("added") end, removed = function() print("removed") end }`,
		"components/lamp.lua": `return { added = function() print("added lamp") end, removed = function() print("removed lamp") end }`,
	})
	r.want("added")
	ann := r.join("ann")
	ann.request("place", `["toggle"]`)
	r.want("5\\t0\\ttrue\\tfalse")
	ann.request("place", `["undo"]`)
	ann.request("place", `["gone"]`)
	r.want("5\\t5\\ttrue\\ttrue")
}

func TestWhatGoesIsToldBeforeWhatComesUnderTheSameID(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			for _, event in ipairs{ "spawn", "change", "remove" } do
				place.on(event, function(_, name, new, old) print(event, name or "", new and new.n, old and old.n) end)
			end`,
		"components/door.lua": `return {
			added = function(_, door) print("added", door.n) end,
			changed = function(_, door, old) print("changed", door.n, old.n) end,
			removed = function(_, old) print("removed", old.n) end }`,
	})
	door := func(n int) map[string]any { return map[string]any{"door": map[string]any{"n": n}} }
	r.do(func(turn *engine.Turn) { _, _ = turn.Spawn("a", door(1)) })
	r.want("spawn\\t\\tnil\\tnil", "added\\t1")
	r.do(func(turn *engine.Turn) {
		_ = turn.Change("a", door(2))
		turn.Remove("a", 0)
		_, _ = turn.Spawn("a", door(3))
		_ = turn.Change("a", door(4))
	})
	r.want("removed\\t2", "remove\\t\\tnil\\tnil", "spawn\\t\\tnil\\tnil", "added\\t4", "changed\\t4\\t3", "change\\tdoor\\t4\\t3")
	r.do(func(turn *engine.Turn) {
		turn.Remove("a", 0)
		_, _ = turn.Spawn("a", door(5))
		turn.Remove("a", 0)
		_, _ = turn.Spawn("a", door(6))
	})
	r.want("removed\\t4", "remove\\t\\tnil\\tnil", "spawn\\t\\tnil\\tnil",
		"removed\\t5", "remove\\t\\tnil\\tnil", "spawn\\t\\tnil\\tnil", "added\\t6")
	r.do(func(turn *engine.Turn) {
		_ = turn.Change("a", nil, "door")
		turn.Remove("a", 0)
	})
	r.want("removed\\t6", "change\\tdoor\\tnil\\t6", "remove\\t\\tnil\\tnil")
}

func TestTickIsCalledEveryHeartbeat(t *testing.T) {
	r := opened(t, files{
		"place.lua": `place.scene{ a = { spin = { n = 0 } }, b = {} } place.on("tick", function(dt) place.state.sum = (place.state.sum or 0) + math.floor(dt * 1000 + 0.5) end)
			place.handle("sum", function() return "ok", place.state.sum end)`,
		"components/spin.lua": `return { tick = function(entity, spin, dt) spin.n = spin.n + math.floor(dt * 1000 + 0.5) end }`,
	})
	r.Advance(2 * time.Second)
	r.equal(r.component("a", "spin"), `{"n":2000}`)
	ann := r.join("ann")
	r.equal(ann.request("place", `["sum"]`), `["sum","ok",2000]`)
	r.do(func(turn *engine.Turn) {
		_ = turn.Change("b", map[string]any{"spin": map[string]any{"n": 10}})
		_ = turn.Change("a", nil, "spin")
	})
	r.Advance(time.Second)
	r.equal(r.component("b", "spin"), `{"n":1010}`)
	r.do(func(turn *engine.Turn) {
		turn.Remove("b", 0)
		_ = turn.Change("a", map[string]any{"spin": map[string]any{"n": 0}})
	})
	r.Advance(time.Second)
	r.equal(r.component("a", "spin"), `{"n":1000}`)
	r.want()
}

func TestAChainThatWasEndedCanBeginAnew(t *testing.T) {
	r := opened(t, files{
		"components/n.lua": `return { changed = function(entity, n) n.v = n.v + 1 end }`,
		"place.lua": `
			place.scene{ a = { n = { v = 0 } } }
			place.handle("go", function() place.entity("a").n.v = 100 end)
			place.handle("read", function() return place.entity("a").n.v end)`,
	})
	ann := r.join("ann")
	for range 2 {
		ann.request("place", `["go"]`)
		r.equal(ann.request("place", `["read"]`), `["read",116]`)
	}
	r.logs.take()
}
