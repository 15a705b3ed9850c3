package scripts

import (
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

func TestTasksWaitAndAskAsStraightCode(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			place.scene{ lamp = { lamp = {} } }
			place.handle("go", function(request)
				local who = request.from
				place.task(function()
					local lamp = place.entity("lamp")
					print("begin")
					place.wait(1)
					print("waited")
					local reply, why = lamp:request(who, { "ping", 1 })
					print(reply and reply[1], reply and reply[2], reply and reply[3], why)
					print(lamp:request("lamp", { "light", true })[2], lamp.lamp.on)
					print(lamp:request("lamp", { "unknown" })[3])
					print(select(2, lamp:request("nobody", { "ping" })))
					print(select(2, lamp:request(who, { "ping", 2 }, { timeout = 0.5 })))
					print(select(2, lamp:request(who, { "ping", 3 })))
				end)
				print("first")
			end)`,
		"components/lamp.lua": `return { light = function(entity, request) entity.lamp.on = request.args[1] return request.agent.id end }`,
	})
	ann := r.join("ann")
	ann.request("place", `["go"]`)
	r.want("first", "begin")
	r.Advance(1100 * time.Millisecond)
	r.want("waited")
	if len(ann.heard) != 1 || string(ann.heard[0].Body) != `["ping",1]` || ann.heard[0].From != "lamp" {
		t.Fatal(ann.heard)
	}
	ann.send("response", "lamp", ann.heard[0].RequestID, `["ping","ok",9]`)
	r.want("ping\\tok\\t9\\tnil", "place\\ttrue", `the entity does not know \"unknown\"`, `there is no entity \"nobody\"`)
	r.Advance(time.Second)
	r.want("no answer within 500ms")
	ann.peer.Close(netcode.CodeClientLeft)
	r.Settle()
	r.want("the entity is gone")
	if n := r.rt.gen.Tasks.Len(); n != 0 {
		t.Errorf("%d tasks left", n)
	}
	if n := r.rt.gen.Timers.Len(); n != 0 {
		t.Errorf("%d timers left", n)
	}
}

func TestWaitingWhereItCannotBeIsAClearError(t *testing.T) {
	for name, c := range map[string]struct{ source, want string }{
		"handler":    {`place.on("open", function() place.wait(1) end)`, "place.wait works in a task only"},
		"top level":  {`place.on("open", function() end) place.wait(1)`, "place.wait works in a task only"},
		"pcall":      {`place.task(function() assert(pcall(place.wait, 1)) end)`, "place.wait does not work inside a library function"},
		"metamethod": {`place.task(function() local _ = setmetatable({}, { __index = function() place.wait(1) end }).x end)`, "inside a metamethod"},
		"iterator":   {`place.task(function() for _ in function() place.wait(1) end do end end)`, "inside an iterator"},
		"validate":   {`place.task(function() place.spawn{ door = {} } end)`, "script error"},
		"request":    {`place.on("open", function() place.entity("place"):request("place", { "x" }) end)`, "request works in a task only"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := open(t, files{"place.lua": c.source, "components/door.lua": `return { validate = function() place.wait(1) end }`})
			text := ""
			if err != nil {
				text = err.Error()
			} else {
				text = r.logs.take()
			}
			if !strings.Contains(text, c.want) || !strings.Contains(text, "place.lua:1") {
				t.Error(text)
			}
			if err == nil && r.rt.gen.Env.Broken() != nil {
				t.Error(r.rt.gen.Env.Broken())
			}
		})
	}
}

func TestTimers(t *testing.T) {
	r := opened(t, lua1(`
		place.after(1, function() print("top") end)
		local n = 0
		local every
		every = place.every(0.5, function()
			n = n + 1
			print("every", n)
			if n == 3 then print(every:cancel(), every:cancel()) end
		end)
		place.on("open", function()
			place.after(0, function() print("soon") end)
			local never = place.after(0.2, function() print("never") end)
			print(never:cancel(), never:cancel())
			place.every(0.001, function() place.state.fast = (place.state.fast or 0) + 1 end)
		end)
		place.handle("fast", function() return place.state.fast end)
	`))
	r.want("true\\tfalse")
	r.Advance(3 * time.Second)
	r.want("soon", "every\\t1", "top", "every\\t2", "every\\t3", "true\\tfalse")
	r.equal(r.join("ann").request("place", `["fast"]`), `["fast",60]`)
}

func TestTasksCanBeCanceled(t *testing.T) {
	r := opened(t, lua1(`
		local task = place.task(function() place.wait(1) print("never") end)
		place.handle("cancel", function() print(task:cancel(), task:cancel()) return task end)
		place.handle("wait", function() return task end)
		place.on("open", function() local t t = place.task(function() print(pcall(t.cancel, t)) end) end)
	`))
	r.want(`false\tplace.lua:5: a task cannot cancel itself; it returns`)
	ann := r.join("ann")
	ann.request("place", `["wait"]`)
	r.equal(ann.request("place", `["cancel"]`), `["cancel","error","canceled"]`)
	r.equal(ann.response("r2"), `["wait","error","canceled"]`)
	r.want("true\\tfalse")
	r.Advance(2 * time.Second)
	r.want()
}

func TestATaskMayAskWithoutEnd(t *testing.T) {
	r := opened(t, files{
		"place.lua": `place.scene{ bell = { bell = {} } }
			place.task(function() local bell = place.entity("bell") for i = 1, 1000 do bell:request("bell", { "ring" }) end print("done") end)`,
		"components/bell.lua": `return { ring = function() end }`,
	})
	r.Advance(time.Second)
	r.want("done")
}
