package scripts

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

func TestVerbsAreAnsweredByWhatTheirHandlersReturn(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("none", function() end)
		place.handle("ok", function() return "ok", 3, { a = {} }, {} end)
		place.handle("fail", function() return nil, "why" end)
		place.handle("false", function() return false end)
		place.handle("error", function() error("oops") end)
		place.handle("odd", function() return print end)
		place.handle("nulls", function() return "ok", place.json.null, place.json.object{}, place.json.array{} end)
		place.handle("entity", function(request) return request.from, request.agent end)
		place.handle("tell", function(request)
			return request.verb, request.args, request.from.id == request.agent.avatar.id, request.identity.display_name,
				request.type, request.id, request.to.id
		end)
	`))
	ann := r.join("ann")
	for body, want := range map[string]string{
		`["none"]`:                 `["none","ok"]`,
		`["ok"]`:                   `["ok","ok",3,{"a":[]},[]]`,
		`["fail"]`:                 `["fail","failed","why"]`,
		`["false"]`:                `["false","failed","no"]`,
		`["error"]`:                `["error","error","script error"]`,
		`["odd"]`:                  `["odd","error","script error"]`,
		`["nulls"]`:                `["nulls","ok",null,{},[]]`,
		`["unknown"]`:              `["unknown","error","the place does not know \"unknown\""]`,
		`["tell",1,[],{"x":null}]`: `["tell","tell",[1,[],{"x":null}],true,"ann","request","REQUEST","place"]`,
	} {
		got := ann.request("place", body)
		if body == `["tell",1,[],{"x":null}]` {
			got = regexp.MustCompile(`"r\d+"`).ReplaceAllString(got, `"REQUEST"`)
		}
		r.equal(got, want)
	}
	who := ann.request("place", `["entity"]`)
	if !strings.HasPrefix(who, `["entity","`+ann.avatar+`","`) {
		t.Error(who)
	}
	ann.send("oneway", "place", "", `["tell"]`)
	r.equal(ann.take(), "")
}

func TestGuardsComeBeforeEverything(t *testing.T) {
	r := opened(t, lua1(`
		place.before("announce", function(request)
			if request.identity.display_name == "" then return false, "please pick a name" end
			print("announce", request.agent, request.from, request.args[2])
		end)
		place.before("list_agents", function(request) if request.identity.display_name ~= "ann" then return false end end)
		place.before("knock", function() return false, "quiet" end)
		place.before("broken", function() error("oops") end)
		place.handle("knock", function() print("never") end)
		place.handle("broken", function() print("never") end)
	`))
	nobody := r.connect()
	got := nobody.request("place", `["announce","version",4,"identity",{"display_name":""},"spawn_avatar",{}]`)
	r.equal(got, `["announce","error",1103,"please pick a name"]`)
	if nobody.code != netcode.CodeDenied {
		t.Errorf("code %d", nobody.code)
	}
	ann, bob := r.join("ann"), r.join("bob")
	r.want("announce\\tnil\\tnil\\t4", "announce\\tnil\\tnil\\t4")
	if got := ann.request("place", `["list_agents"]`); !strings.HasPrefix(got, `["list_agents","ok"`) {
		t.Error(got)
	}
	r.equal(bob.request("place", `["list_agents"]`), `["list_agents","error","not now"]`)
	r.equal(bob.request("place", `["knock"]`), `["knock","error","quiet"]`)
	r.equal(bob.request("place", `["broken"]`), `["broken","error","script error"]`)
}

func TestDefaultAnswersAsThePlaceDoes(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("announce", function(request)
			local avatar, name = place.default(request)
			print("in", #avatar, name)
			if request.identity.display_name == "eve" then return nil, "on second thought, no" end
			return avatar, name .. "!"
		end)
		place.handle("spawn_entity", function(request)
			local id = place.default(request)
			place.entity(id).stamp = { by = request.identity.display_name }
			return id
		end)
		place.handle("remove_entity", function(request) return place.default(request) end)
		place.handle("mine", function(request) return place.default(request) end)
	`))
	ann := r.join("ann")
	r.want("in\\t6\\tUnnamed place")
	id := strings.Split(ann.request("place", `["spawn_entity",{}]`), `"`)[3]
	r.equal(r.component(id, "stamp"), `{"by":"ann"}`)
	r.equal(ann.request("place", `["remove_entity","`+id+`"]`), `["remove_entity","ok"]`)
	r.equal(ann.request("place", `["remove_entity","`+id+`"]`), `["remove_entity","failed","there is no entity \"`+id+`\""]`)
	r.equal(ann.request("place", `["mine"]`), `["mine","error","the place does not know \"mine\""]`)
	eve := r.connect()
	r.equal(eve.request("place", `["announce","version",4,"identity",{"display_name":"eve"},"spawn_avatar",{}]`),
		`["announce","error",1103,"on second thought, no"]`)
	r.Advance(time.Second)
	if got := ann.request("place", `["list_agents"]`); strings.Contains(got, "eve") {
		t.Error(got)
	}
}

func TestTasksAnswerWhenTheyEnd(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("slow", function(request)
			return place.task(function() place.wait(0.5) return "ok", request.args[1] end)
		end)
		place.handle("broken", function() return place.task(function() place.wait(0.1) error("oops") end) end)
		place.handle("ends", function() return place.task(function() end) end)
		place.handle("announce", function() return place.task(function() end) end)
	`))
	eve := r.connect()
	r.equal(eve.request("place", `["announce","version",4,"identity",{},"spawn_avatar",{}]`), `["announce","error",1103,"script error"]`)
	r.logs.take()
	if err := r.reload(lua1(strings.Replace(string(r.rt.gen.sources.(files)["place.lua"]), `"announce"`, `"x"`, 1))); err != nil {
		t.Fatal(err)
	}
	ann := r.join("ann")
	r.equal(ann.request("place", `["slow",7]`), ``)
	r.Advance(400 * time.Millisecond)
	r.equal(ann.response("r2"), ``)
	r.Advance(200 * time.Millisecond)
	r.equal(ann.response("r2"), `["slow","ok",7]`)
	r.equal(ann.request("place", `["ends"]`), `["ends","ok"]`)
	r.equal(ann.request("place", `["broken"]`), ``)
	r.Advance(time.Second)
	r.equal(ann.response("r4"), `["broken","error","script error"]`)

	ann.request("place", `["slow",8]`)
	if err := r.reload(lua1("")); err != nil {
		t.Fatal(err)
	}
	r.equal(ann.response("r5"), `["slow","error","reloaded"]`)
}

func TestAReloadAnswersForTasksInTheOrderTheyWereMade(t *testing.T) {
	r := opened(t, lua1(`place.handle("slow", function() return place.task(function() place.wait(1) end) end)`))
	ann := r.join("ann")
	for range 20 {
		ann.request("place", `["slow"]`)
	}
	if err := r.reload(lua1("")); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, i := range ann.heard {
		got += i.RequestID + " "
	}
	r.equal(got, "r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15 r16 r17 r18 r19 r20 r21 ")
}

func TestComponentVerbsAnswerForThePlacesEntitiesOnly(t *testing.T) {
	r := opened(t, files{
		"place.lua":           `place.scene{ bell = { bell = {} } } place.on("open", function() place.entity("place").bell = {} end)`,
		"components/bell.lua": `return { ring = function(entity, request) return "ok", entity.id, request.args[1] end }`,
	})
	ann, bob := r.join("ann"), r.join("bob")
	r.equal(ann.request("bell", `["ring",1]`), `["ring","ok","bell",1]`)
	r.equal(ann.request("place", `["ring",1]`), `["ring","ok","place",1]`)
	r.equal(ann.request("bell", `["knock",true]`), `["knock","error","the entity does not know \"knock\""]`)
	id := strings.Split(ann.request("place", `["spawn_entity",{"bell":{}}]`), `"`)[3]
	r.equal(bob.request(id, `["ring",1]`), ``)
	r.equal(ann.take(), `request ["ring",1]`)
}

func TestTheSameVerbInTwoComponentsOfAnEntityIsRefused(t *testing.T) {
	sources := files{
		"place.lua":           `place.scene{ a = { bell = {}, door = {} } }`,
		"components/bell.lua": `return { ring = function() end }`,
		"components/door.lua": `return { ring = function() end }`,
	}
	_, err := open(t, sources)
	if err == nil || !strings.Contains(err.Error(), `the components bell and door of one entity both answer "ring"`) {
		t.Errorf("%v", err)
	}
	sources["place.lua"] = `place.scene{ a = { bell = {} } } place.handle("both", function() place.entity("a").door = {} end)`
	r := opened(t, sources)
	ann := r.join("ann")
	r.equal(ann.request("place", `["both"]`), `["both","error","script error"]`)
}

func TestThePlaceAnswersARequestByDefaultOnce(t *testing.T) {
	join := `["announce","version",4,"identity",{"display_name":"x"},"spawn_avatar",{}]`
	for name, c := range map[string]struct{ source, want string }{
		"in a guard": {`place.before("announce", function(request) place.default(request) end)`, `["announce","error",1103,"script error"]`},
		"twice":      {`place.handle("announce", function(request) place.default(request) return place.default(request) end)`, `["announce","error",1103,"that has been answered already"]`},
		"too late": {`place.handle("announce", function(request)
			place.after(0.1, function() place.default(request) end)
			return nil, "no"
		end)`, `["announce","error",1103,"no"]`},
	} {
		t.Run(name, func(t *testing.T) {
			r := opened(t, lua1(c.source))
			ann := r.connect()
			r.equal(ann.request("place", join), c.want)
			r.Advance(time.Second)
			r.do(func(turn *engine.Turn) {
				if there := turn.Entities(); len(turn.Agents()) != 0 || len(there) != 1 {
					t.Error("somebody is in", turn.Agents(), there)
				}
			})
		})
	}
}

func TestTheCodeOfARefusedAnnounceGoesThroughScripts(t *testing.T) {
	r := opened(t, lua1(`place.handle("announce", function(request) return place.default(request) end)`))
	ann := r.connect()
	name := strings.Repeat("x", 20_000)
	r.equal(ann.request("place", fmt.Sprintf(`["announce","version",4,"identity",{"display_name":%q},"spawn_avatar",{}]`, name)),
		`["announce","error",1105,"the identity takes at most 16384 bytes"]`)
	if ann.code != netcode.CodeBadAnnounce {
		t.Error(ann.code)
	}
}

func TestATaskMayReturnAnAnswerToCome(t *testing.T) {
	r := opened(t, lua1(`
		place.handle("launch_app", function(request)
			return place.task(function() place.wait(0.1) return place.default(request) end)
		end)`))
	ann := r.join("ann")
	ann.send("request", "place", "launch", `["launch_app","alloapp:http://127.0.0.1:1/"]`)
	answer := ""
	await.Until(t, "the launch is answered", func() bool {
		r.Advance(50 * time.Millisecond)
		answer = ann.response("launch")
		return answer != ""
	})
	if !strings.HasPrefix(answer, `["launch_app","error",`) || strings.Contains(answer, "script") {
		t.Error(answer)
	}
	r.want()
}

func TestValidateIsAskedAboutBothEndsOfAnAnimation(t *testing.T) {
	r := opened(t, files{
		"place.lua": `
			place.scene{ a = { door = {} } }
			place.handle("open", function(request)
				local ok, why = pcall(function() return place.entity("a"):animate{ path = "door.angle", from = 0, to = request.args[1], duration = 1 } end)
				if not ok then return nil, why end
			end)`,
		"components/door.lua": `return { defaults = { angle = 0 }, validate = function(door) return door.angle <= 2, "the angle is 2 at most" end }`,
	})
	ann := r.join("ann")
	r.equal(ann.request("place", `["open",3]`), `["open","failed","place.lua:4: door: the angle is 2 at most"]`)
	r.equal(ann.request("place", `["open",2]`), `["open","ok"]`)
	r.Advance(2 * time.Second)
	r.equal(r.component("a", "door"), `{"angle":2}`)
	ann.request("place", `["change_components","`+ann.avatar+`","add_or_change",{"door":{"angle":1}},"remove",[]]`)
	r.equal(ann.request("place", `["add_property_animation",{"path":"door.angle","from":1,"to":7,"start_at":0,"duration":1}]`),
		`["add_property_animation","error","door: the angle is 2 at most"]`)
}

func TestValidateAndHearsOnlyLook(t *testing.T) {
	r := opened(t, files{
		"place.lua": `place.scene{ a = { other = { n = 1 } } }
			place.hears = function(listener, speaker) speaker:kick() return true end
			place.on("open", function() place.spawn{ door = { how = "ok" } } place.entity("a").other.n = 2 end)`,
		"components/door.lua": `
			local a = function() return place.entity("a") end
			local ways = {
				ok = function() return a().other.n end,
				set = function() a().other.n = 2 end,
				whole = function() a().other = {} end,
				remove = function() a():remove() end,
				move = function() a():move(1, 2, 3) end,
				spawn = function() place.spawn{} end,
				publish = function() place.publish{ "x" } end,
				send = function() a():send("x", { "y" }) end,
				kick = function() place.agents()[1]:kick() end,
			}
			return { validate = function(door) ways[door.how]() return true end }`,
	})
	r.equal(r.component("a", "other"), `{"n":2}`)
	ann := r.join("ann")
	for _, how := range []string{"set", "whole", "remove", "move", "spawn", "publish", "send", "kick"} {
		if got := ann.request("place", `["spawn_entity",{"door":{"how":"`+how+`"}}]`); !strings.Contains(got, "door: script error") {
			t.Errorf("%s: %s", how, got)
		}
		if log := r.logs.take(); !strings.Contains(log, "does not work in validate and place.hears") {
			t.Errorf("%s: %s", how, log)
		}
	}
	r.equal(r.component("a", "other"), `{"n":2}`)
	bob := r.join("bob")
	ann.request("place", `["allocate_track","audio","raw",{}]`)
	bob.request("place", `["media_track",1,"subscribe"]`)
	if log := r.logs.take(); !strings.Contains(log, "agent:kick does not work in validate and place.hears") || ann.code != 0 {
		t.Errorf("%d, %s", ann.code, log)
	}
}

func TestWideIntegersReachScriptsAsTheNearest(t *testing.T) {
	r := opened(t, files{"place.lua": `
		local seen = "nothing"
		place.handle("user", function(request) return "ok", request.args[1] == 76561198000000001, request.args[2] end)
		place.before("guarded", function(request) return request.args[1] == 76561198000000001, "another" end)
		place.handle("guarded", function(request) return "ok" end)
		place.handle("seen", function() return "ok", seen end)
		place.subscribe('["news", N] when N == 76561198000000001', function(body) seen = tostring(body[2] == 76561198000000001) end)
		place.handle("decode", function() return "ok", place.json.decode("[12345678901234567890]")[1] == 12345678901234567890 end)
	`, "components/user.lua": `return { validate = function(user) return user.id == 76561198000000001 end }`})
	ann := r.join("ann")
	for body, want := range map[string]string{
		`["user",76561198000000001,"two"]`: `["user","ok",true,"two"]`,
		`["guarded",76561198000000001]`:    `["guarded","ok"]`,
		`["guarded",76561198000000100]`:    `["guarded","error","another"]`,
		`["decode"]`:                       `["decode","ok",true]`,
		`["change_components","` + ann.avatar + `","add_or_change",{"user":{"id":76561198000000001}}]`: `["change_components","ok"]`,
	} {
		r.equal(ann.request("place", body), want)
	}
	ann.send("publication", "", "", `["news",76561198000000001]`)
	r.equal(ann.request("place", `["seen"]`), `["seen","ok","true"]`)
}
