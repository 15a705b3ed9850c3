package scripts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

func TestStoreKeepsPlainData(t *testing.T) {
	store := &MemoryStore{}
	r := opened(t, lua1(`
		place.on("open", function()
			local s = place.store
			s.set("guests", { "ann", { seen = 3 } })
			local copy = s.get("guests")
			copy[1] = "eve"
			print(s.get("guests")[1], s.get("guests")[2].seen, s.get("none"))
			s.set("guest.b", 1) s.set("guest.a", true)
			print(table.concat(s.keys(), " "), table.concat(s.keys("guest."), " "))
			s.set("guest.a", nil) s.delete("guest.b")
			print(#s.keys("guest."))
			print(pcall(s.set, "f", print))
			print(pcall(s.set, ("k"):rep(257), 1))
			print(pcall(s.set, "", 1))
			print(pcall(function() s.x = 1 end))
			print(pcall(function() return s.gte end))
		end)`), func(c *Config) { c.Store = store })
	r.want("ann\\t3\\tnil", "guest.a guest.b guests\\tguest.a guest.b", "0",
		"false\\tplace.lua:12: not plain data: value: a function",
		"false\\tplace.lua:13: bad argument #1 to (anonymous) (a key has 1 to 256 bytes)",
		"false\\tplace.lua:14: bad argument #1 to (anonymous) (a key has 1 to 256 bytes)",
		"false\\tplace.lua:15: place.store cannot be changed",
		"false\\tplace.lua:16: there is no place.store.gte: did you mean get?")
	if err := r.reload(lua1(`print(place.store.get("guests")[1])`)); err != nil {
		t.Fatal(err)
	}
	r.want("ann")
	big := strings.Repeat("x", 1<<20)
	var err error
	for i := 0; i < 100 && err == nil; i++ {
		err = store.Set(fmt.Sprint("big", i), big)
	}
	if err == nil || !strings.Contains(err.Error(), "at most") {
		t.Error(err)
	}
}

func TestScriptsPublishAndHear(t *testing.T) {
	r := opened(t, lua1(`
		local sub = place.subscribe([=[ ["news", Who, _] when Who == "ann" ]=], function(body, from)
			print(body[2], body[3], from and from.id)
			place.publish{ "heard", { count = 1 }, {} }
		end)
		place.handle("stop", function() print(sub:cancel(), sub:cancel()) end)
		place.on("open", function() print(pcall(place.publish, {})) print(pcall(place.publish, { 1 })) end)
	`))
	r.want(`false\tplace.lua:7: bad argument #1 to (anonymous) (a body is a list that begins with a verb: { \"glow\", … })`,
		`false\tplace.lua:7: bad argument #1 to (anonymous) (a body is a list that begins with a verb: { \"glow\", … })`)
	ann := r.join("ann")
	ann.request("place", `["subscribe","[\"heard\" | _]"]`)
	ann.send("publication", "", "", `["news","ann",1]`)
	ann.send("publication", "", "", `["news","bob",2]`)
	r.want("ann\\t1\\t" + ann.avatar)
	r.equal(ann.take(), `publication ["heard",{"count":1},[]]`)
	ann.request("place", `["stop"]`)
	ann.send("publication", "", "", `["news","ann",3]`)
	r.want("true\\tfalse")
}

func TestRulesOfAclLua(t *testing.T) {
	r := opened(t, files{"acl.lua": `
		deny [=[ ["interaction", "request", _, "place", _, ["announce", "version", _, "identity", Who | _]]
			where Who["display_name"] == "harry" ]=]
		allow [=[ ["interaction", "request", From, "place", _, ["kick_agent" | _]]
			where identity(From)["display_name"] == "owner" ]=]
		default "deny"
		allow [=[ ["interaction", "request", _, "place", _, [Verb | _]] when Verb in ["announce", "list_acl"] ]=]
		local names = { "ann" }
		print(#names, place.name)
	`})
	harry := r.connect()
	if got := harry.request("place", `["announce","version",4,"identity",{"display_name":"harry"},"spawn_avatar",{}]`); !strings.Contains(got, `rule own1 (acl.lua:2)`) {
		t.Error(got)
	}
	owner, ann := r.join("owner"), r.join("ann")
	id := ""
	r.do(func(turn *engine.Turn) { id = turn.Agents()[1].ID })
	if got := ann.request("place", `["kick_agent","`+id+`"]`); !strings.Contains(got, "interaction_denied") {
		t.Error(got)
	}
	r.equal(owner.request("place", `["kick_agent","`+id+`"]`), `["kick_agent","ok"]`)
	if got := owner.request("place", `["list_agents"]`); !strings.Contains(got, "interaction_denied") {
		t.Error(got)
	}
	if err := r.reload(files{"acl.lua": ""}); err != nil {
		t.Fatal(err)
	}
	if got := owner.request("place", `["list_agents"]`); !strings.Contains(got, `"list_agents","ok"`) {
		t.Error(got)
	}
	for source, want := range map[string]string{
		"-- one\ndeny [[ [\"interaction\",\n  x y ] ]]": "acl.lua:3:5: ",
		"deny 'x y'":                     "acl.lua:1:",
		"print(deny('[]'), undefined.x)": "acl.lua:1:",
	} {
		err := r.reload(files{"acl.lua": source})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestHearsDecidesWhoHearsWhom(t *testing.T) {
	r := opened(t, lua1(`place.hears = function(listener, speaker)
		return not (place.state.quiet and speaker.identity.display_name == "ann")
	end
	place.handle("quiet", function(request) place.state.quiet = request.args[1] end)`))
	heard := 0
	bob := r.direct.Connect(direct.Config{Received: func(channel uint8, data []byte) {
		if channel == 0 {
			heard++
		}
	}})
	bob.Send(netcode.CommandChannel, []byte(`["interaction","request","","place","1",["announce","version",4,"identity",{"display_name":"bob"},"spawn_avatar",{}]]`))
	r.Settle()
	ann := r.join("ann")
	answer := ann.request("place", `["allocate_track","audio","raw",{}]`)
	if answer != `["allocate_track","ok",1]` {
		t.Fatal(answer)
	}
	bob.Send(netcode.CommandChannel, []byte(`["interaction","request","","place","2",["media_track",1,"subscribe"]]`))
	r.Settle()
	speak := func() int {
		heard = 0
		ann.peer.Send(0, []byte("\x00\x00\x00\x01hello"))
		return heard
	}
	if n := speak(); n != 1 {
		t.Errorf("heard %d times", n)
	}
	ann.request("place", `["quiet",true]`)
	r.Advance(time.Second)
	if n := speak(); n != 0 {
		t.Errorf("heard %d times in the quiet", n)
	}
	if err := r.reload(lua1("")); err != nil {
		t.Fatal(err)
	}
	if n := speak(); n != 1 {
		t.Errorf("heard %d times after a reload without place.hears", n)
	}
	if err := r.reload(lua1(`place.hears = function() return false end`)); err != nil {
		t.Fatal(err)
	}
	if n := speak(); n != 0 {
		t.Errorf("heard %d times after a reload with another place.hears", n)
	}
}

func TestModulesOfTheHost(t *testing.T) {
	r := opened(t, lua1(`
		local shop = require "shop"
		print(shop.price("apple", { 2 }))
		place.on("open", function()
			print(shop.price("pear", {}))
			print(pcall(shop.price, "gold"))
			print(shop.here())
		end)`), func(c *Config) {
		c.Modules = map[string]Module{"shop": {
			"price": func(turn *engine.Turn, args []any) ([]any, error) {
				if args[0] == "gold" {
					return nil, errors.New("not for sale")
				}
				return []any{float64(len(args[0].(string))), turn == nil}, nil
			},
			"here": func(turn *engine.Turn, args []any) ([]any, error) { return []any{len(turn.Agents()) == 0, nil}, nil },
		}}
	})
	r.want("5\\ttrue", "4\\tfalse", "false\\tplace.lua:6: price: not for sale", "true\\tnil")
}

func TestAStandInIsTheHostsModuleInTestsAndChecksOnly(t *testing.T) {
	sources := files{
		"place.lua":           `local price = require("shop").price("apple") place.handle("price", function() return price end)`,
		"tests/host/shop.lua": `return { price = function(what) return #what end }`,
		"tests/shop_test.lua": `
			local t, shop = require "loci.test", require "shop"
			t.it("sells", function(place) t.equal(shop.price("apple"), place:join():request("place", { "price" })[2]) end)`,
	}
	if got := found(sources); got != "" {
		t.Error(got)
	}
	sell := func(config LuaTestConfig) (failures []string) {
		tests, err := NewLuaTest(sources, "tests/shop_test.lua", config)
		if err != nil {
			t.Fatal(err)
		}
		defer tests.Close()
		return tests.Run(0).Failures
	}
	if got := sell(LuaTestConfig{}); len(got) > 0 {
		t.Error(got)
	}
	own := 0
	if got := sell(LuaTestConfig{Modules: map[string]Module{"shop": {
		"price": func(*engine.Turn, []any) ([]any, error) { own++; return []any{7.0}, nil },
	}}}); len(got) > 0 || own != 2 {
		t.Errorf("the host's own was asked %d times: %v", own, got)
	}
	if _, err := New(Config{Sources: sources}); err == nil || !strings.Contains(err.Error(), `shop`) {
		t.Errorf("a running place took the stand-in: %v", err)
	}
}

func TestAssets(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "assets", "models"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"assets/models/door.glb": "a door", "secret": "x", "place.lua": `
		local door = place.asset("models/door.glb")
		for _, name in ipairs{ "../secret", "/etc/passwd", "models", "none", "" } do print(pcall(place.asset, name)) end
		place.on("join", function(agent)
			print(door == place.asset("models/door.glb"), door)
			print(pcall(place.asset, "models/lamp.glb"))
			print(pcall(place.push_asset, agent, "models/door.glb"), pcall(place.push_asset, agent, "../secret"))
		end)`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(dir, "assets", "link")); err != nil {
		t.Fatal(err)
	}
	r := opened(t, nil, func(c *Config) { c.Dir = dir })
	log := r.logs.take()
	if n := strings.Count(log, "msg=\"false"); n != 5 {
		t.Errorf("%d refused: %s", n, log)
	}
	ann := r.join("ann")
	id := netcode.AssetID([]byte("a door"))
	r.want("true\\t"+id,
		"false\\tplace.lua:6: place.asset(\\\"models/lamp.glb\\\"): ask for it at the top level of a script first, where there is time to read the file",
		"true\\tfalse\\tplace.lua:7: assets: no such file: \\\"../secret\\\" is neither an asset's id nor a file in the folder")
	await.Until(r, "the door", func() bool { return ann.frame() != "" })
	if frame := ann.frame(); !strings.Contains(frame, "a door") || !strings.Contains(frame, id) {
		t.Errorf("%q", frame)
	}
}

func TestAPlaceWithoutAssetsSaysSo(t *testing.T) {
	r := opened(t, lua1(`print(pcall(place.asset, "x")) place.on("join", function(agent) print(pcall(place.push_asset, agent, "x")) end)`))
	r.want("false\\tplace.lua:1: this place has no assets folder")
	r.join("ann")
	r.want("false\\tplace.lua:1: this place has no assets folder")
}

func TestJSONAndTheLog(t *testing.T) {
	r := opened(t, lua1(`
		local json = place.json
		print(json.encode{ a = { 1, 2 }, b = {}, c = json.array{}, d = json.null, e = json.object{} })
		local v = json.decode('{"a":[],"n":null,"x":{"y":1.5}}')
		print(json.encode(v), v.n == json.null, v.x.y)
		print(pcall(json.decode, "{"))
		print(pcall(json.encode, { 1, a = 2 }))
		place.log.debug("a", 1, nil, true)
		place.log.warn("careful")
		print(pcall(place.log.info, ("x"):rep(2^20), "y"))
	`))
	r.want(`{\"a\":[1,2],\"b\":{},\"c\":[],\"d\":null,\"e\":{}}`, `{\"a\":[],\"n\":null,\"x\":{\"y\":1.5}}\ttrue\t1.5`,
		`false\tplace.lua:6: unexpected EOF`, `false\tplace.lua:7: not plain data: value: a table with both indexes and the key a`,
		`a 1 nil true`, `careful`, `false\tplace.lua:10: a line of the log has at most 1048576 bytes, of which 16384 are shown`)
}
