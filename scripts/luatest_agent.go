package scripts

import (
	"fmt"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/lib"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

func (lt *LuaTest) agentClass() api.Class {
	return api.Class{
		Name: "loci.TestAgent", Is: lib.AgentClass().Name, Method: true,
		Doc:    "An agent that a test plays. It is a loci.Agent to whatever takes one.",
		Fields: lib.AgentClass().Fields,
		Functions: append(lib.AgentClass().Functions,
			api.Function{Name: "request", Signature: "(to: loci.Entity|loci.Agent|string, body: any[], options?: {timeout?: number}): any[]?, string?", Doc: "Asks an entity, or \"place\", something: the whole body of the answer, or nil and why there is none. Where the answer takes time, that time passes; the timeout is 10 s unless said otherwise.", Call: lt.playerRequest},
			api.Function{Name: "send", Signature: "(to: loci.Entity|loci.Agent|string, body: any[])", Doc: "Tells an entity something, one-way.", Call: lt.playerSend},
			api.Function{Name: "publish", Signature: "(body: any[])", Doc: "Publishes something.", Call: lt.playerPublish},
			api.Function{Name: "subscribe", Signature: "(pattern: string): string?, string?", Doc: "Subscribes to publications: the subscription's id, or nil and why not.", Call: lt.playerSubscribe},
			api.Function{Name: "spawn", Signature: "(spec: loci.Spec): loci.Entity?, string?", Doc: "Spawns an entity of the agent's own, or gives nil and why not.", Call: lt.playerSpawn},
			api.Function{Name: "heard", Signature: "(verb?: string): loci.Heard[]", Doc: "What it was told since this was last asked: all of it, or what begins with a verb.", Call: lt.playerHeard},
			api.Function{Name: "respond", Signature: "(request: loci.Heard, body: any[])", Doc: "Answers a request that it has heard. The body begins with the request's verb.", Call: lt.playerRespond},
			api.Function{Name: "leave", Signature: "()", Doc: "Leaves the place.", Call: lt.playerLeave},
		),
	}
}

// heardShape is what heard gives.
var heardShape = api.Shape{
	Name: "loci.Heard", Doc: "Something that a test's agent was told.",
	Fields: []api.Field{
		{Name: "type", Type: `"oneway"|"request"|"publication"`, Doc: "how it was told"},
		{Name: "from", Type: "loci.Entity", Doc: "the entity that told it"},
		{Name: "body", Type: "any[]", Doc: "what it was told, from the verb on"},
		{Name: "id", Type: "string", Doc: "a request's id"},
	},
}

func (lt *LuaTest) openLuaTestAgent() {
	_, methods := lt.Methods()
	functions := lt.Table(lt.agentClass())
	for _, f := range lib.AgentClass().Functions {
		functions.RawSetString(f.Name, methods.RawGetString(f.Name))
	}
	lt.meta.agent = lt.Metatable("agent", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			a, name := bind.Argument[*lib.Agent](L, 1, "an agent"), L.CheckString(2)
			value := functions.RawGetString(name)
			if value == lua.LNil {
				value = lt.Agents.Field(L, a, name)
			}
			L.Push(value)
			return 1
		},
		"__newindex": bind.Refused("an agent cannot be changed"),
	})
}

func (lt *LuaTest) luatestJoin(L *lua.LState) int {
	p := lt.self(L)
	identity := map[string]any{}
	if t := L.OptTable(1, nil); t != nil {
		identity, _ = lt.ToGo(L, t, bind.Component).(map[string]any)
	}
	avatar, version := any(map[string]any{"visor": map[string]any{}}), float64(netcode.MaxVersion)
	if options := L.OptTable(2, nil); options != nil {
		if v, ok := options.RawGetString("version").(lua.LNumber); ok {
			version = float64(v)
		}
		if spec, ok := options.RawGetString("avatar").(*lua.LTable); ok {
			avatar = lib.Spec(lt.Env, L, spec)
		}
	}
	a := p.connect()
	body := []any{"announce", "version", version, "identity", identity, "spawn_avatar", avatar}
	answer := a.ask(p, engine.PlaceID, body)
	if answer == nil {
		L.RaiseError("the announce is not answered")
	}
	if why := refusal(answer); why != "" {
		L.Push(lua.LNil)
		L.Push(lua.LString(why))
		return 2
	}
	a.avatar, _ = answer[1].(string)
	L.Push(lt.playerValue(p, a))
	return 1
}

// playerValue is the agent as tests have it, which is also what scripts' functions take
// for one.
func (lt *LuaTest) playerValue(p *luatestPlace, a *player) *lua.LUserData {
	owner := ""
	if e := lt.Turn().World().Entity(a.avatar); e != nil {
		owner = e.Owner()
	}
	agent, _ := lt.Turn().Agent(owner)
	v := lt.Agents.Value(agent)
	v.Metatable = lt.meta.agent
	p.players[v.Value.(*lib.Agent)] = a
	return v
}

// joined is argument 1, an agent that has joined in this test.
func (lt *LuaTest) joined(L *lua.LState) (*luatestPlace, *player) {
	v := bind.Argument[*lib.Agent](L, 1, "an agent (called with a colon)")
	p := lt.at
	if p == nil || p.players[v] == nil {
		L.RaiseError("this agent did not join in this test")
	}
	return p, p.players[v]
}

// player is joined, of an agent that is still here.
func (lt *LuaTest) player(L *lua.LState) (*luatestPlace, *player) {
	p, a := lt.joined(L)
	if a.gone {
		L.RaiseError("this agent has left, with code %d", a.code)
	}
	return p, a
}

func (lt *LuaTest) playerRequest(L *lua.LState) int {
	p, a := lt.player(L)
	to, body, timeout := lib.Recipient(L, 2), lib.Body(lt.Env, L, 3), lib.Timeout(L, 4)
	answer := a.ask(p, to, body)
	id := fmt.Sprint("test", a.asked)
	p.await(timeout, func() bool {
		answer = a.answer(id)
		return answer != nil || a.gone
	})
	switch {
	case answer != nil:
		L.Push(lt.ToLua(L, answer))
		return 1
	case a.gone:
		L.Push(lua.LNil)
		L.Push(lua.LString(fmt.Sprintf("disconnected with code %d", a.code)))
	default:
		L.Push(lua.LNil)
		L.Push(lua.LString("no answer within " + lib.Seconds(timeout)))
	}
	return 2
}

func (lt *LuaTest) playerSend(L *lua.LState) int {
	p, a := lt.player(L)
	a.send(p, netcode.Interaction{Type: netcode.TypeOneway, To: lib.Recipient(L, 2), Body: netcode.AppendValue(nil, lib.Body(lt.Env, L, 3))})
	return 0
}

func (lt *LuaTest) playerPublish(L *lua.LState) int {
	p, a := lt.player(L)
	a.send(p, netcode.Interaction{Type: netcode.TypePublication, Body: netcode.AppendValue(nil, lib.Body(lt.Env, L, 2))})
	return 0
}

// obtain asks the place for something that has an id.
func (lt *LuaTest) obtain(L *lua.LState, verb string, arg any) (id string, refused int) {
	p, a := lt.player(L)
	answer := a.ask(p, engine.PlaceID, []any{verb, arg})
	why := refusal(answer)
	if why == "" {
		id, _ = answer[1].(string)
		return id, 0
	}
	L.Push(lua.LNil)
	L.Push(lua.LString(why))
	return "", 2
}

func (lt *LuaTest) playerSubscribe(L *lua.LState) int {
	id, refused := lt.obtain(L, "subscribe", L.CheckString(2))
	if refused == 0 {
		L.Push(lua.LString(id))
		return 1
	}
	return refused
}

func (lt *LuaTest) playerSpawn(L *lua.LState) int {
	id, refused := lt.obtain(L, "spawn_entity", lib.Spec(lt.Env, L, L.CheckTable(2)))
	if refused == 0 {
		L.Push(lt.Entities.Value(id))
		return 1
	}
	return refused
}

func (lt *LuaTest) playerHeard(L *lua.LState) int {
	_, a := lt.joined(L) // it may have left: the last thing it heard is why
	verb := L.OptString(2, "")
	list, rest := L.NewTable(), []netcode.Interaction(nil)
	for _, i := range a.heard {
		if verb != "" && netcode.BodyVerb(i.Body) != verb {
			rest = append(rest, i)
			continue
		}
		v, err := netcode.ParseValue(i.Body)
		bind.Check(L, err)
		item := L.NewTable()
		item.RawSetString("type", lua.LString(i.Type))
		item.RawSetString("from", lt.Entities.Value(i.From))
		item.RawSetString("body", lt.ToLua(L, v))
		if i.RequestID != "" {
			item.RawSetString("id", lua.LString(i.RequestID))
		}
		list.Append(item)
	}
	a.heard = rest
	L.Push(list)
	return 1
}

func (lt *LuaTest) playerRespond(L *lua.LState) int {
	p, a := lt.player(L)
	request := L.CheckTable(2)
	id, isRequest := request.RawGetString("id").(lua.LString)
	from, isEntity := lib.EntityIDOf(request.RawGetString("from"))
	if !isRequest || !isEntity {
		L.ArgError(2, "a request that this agent has heard expected")
	}
	a.send(p, netcode.Interaction{
		Type: netcode.TypeResponse, To: from, RequestID: string(id),
		Body: netcode.AppendValue(nil, lib.Body(lt.Env, L, 3)),
	})
	return 0
}

func (lt *LuaTest) playerLeave(L *lua.LState) int {
	p, a := lt.player(L)
	a.gone = true
	a.peer.Close(0)
	p.driver.Settle()
	return 0
}
