package scripts

import (
	"fmt"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

func (g *generation) trialAgentClass() api.Class {
	return api.Class{
		Name: "loci.TestAgent", Is: g.agentClass().Name, Method: true,
		Doc:    "An agent that a test plays. It is a loci.Agent to whatever takes one.",
		Fields: g.agentClass().Fields,
		Functions: append(g.agentClass().Functions,
			api.Function{Name: "request", Signature: "(to: loci.Entity|loci.Agent|string, body: any[], options?: {timeout?: number}): any[]?, string?", Doc: "Asks an entity, or \"place\", something: the whole body of the answer, or nil and why there is none. Where the answer takes time, that time passes; the timeout is 10 s unless said otherwise.", Call: g.playerRequest},
			api.Function{Name: "send", Signature: "(to: loci.Entity|loci.Agent|string, body: any[])", Doc: "Tells an entity something, one-way.", Call: g.playerSend},
			api.Function{Name: "publish", Signature: "(body: any[])", Doc: "Publishes something.", Call: g.playerPublish},
			api.Function{Name: "subscribe", Signature: "(pattern: string): string?, string?", Doc: "Subscribes to publications: the subscription's id, or nil and why not.", Call: g.playerSubscribe},
			api.Function{Name: "spawn", Signature: "(spec: loci.Spec): loci.Entity?, string?", Doc: "Spawns an entity of the agent's own, or gives nil and why not.", Call: g.playerSpawn},
			api.Function{Name: "heard", Signature: "(verb?: string): loci.Heard[]", Doc: "What it was told since this was last asked: all of it, or what begins with a verb.", Call: g.playerHeard},
			api.Function{Name: "respond", Signature: "(request: loci.Heard, body: any[])", Doc: "Answers a request that it has heard. The body begins with the request's verb.", Call: g.playerRespond},
			api.Function{Name: "leave", Signature: "()", Doc: "Leaves the place.", Call: g.playerLeave},
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

func (g *generation) openTrialAgent() {
	g.trial.settles(g.methods.agent)
	functions := g.Table(g.trialAgentClass())
	for _, f := range g.agentClass().Functions {
		functions.RawSetString(f.Name, g.methods.agent.RawGetString(f.Name))
	}
	g.meta.trialAgent = g.Metatable("agent", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			a, name := bind.Argument[*agentValue](L, 1, "an agent"), L.CheckString(2)
			value := functions.RawGetString(name)
			if value == lua.LNil {
				value = g.agentField(L, a, name)
			}
			L.Push(value)
			return 1
		},
		"__newindex": bind.Refused("an agent cannot be changed"),
	})
}

func (g *generation) trialJoin(L *lua.LState) int {
	p := g.trialSelf(L)
	identity := map[string]any{}
	if t := L.OptTable(1, nil); t != nil {
		identity, _ = g.ToGo(L, t, bind.Component).(map[string]any)
	}
	avatar, version := any(map[string]any{"visor": map[string]any{}}), float64(netcode.MaxVersion)
	if options := L.OptTable(2, nil); options != nil {
		if v, ok := options.RawGetString("version").(lua.LNumber); ok {
			version = float64(v)
		}
		if spec, ok := options.RawGetString("avatar").(*lua.LTable); ok {
			avatar = g.spec(L, spec)
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
	L.Push(g.playerValue(p, a))
	return 1
}

// playerValue is the agent as tests have it, which is also what scripts' functions take
// for one.
func (g *generation) playerValue(p *trialPlace, a *player) *lua.LUserData {
	owner := ""
	if e := g.turn().World().Entity(a.avatar); e != nil {
		owner = e.Owner()
	}
	agent, _ := g.turn().Agent(owner)
	v := g.agent(agent).Value.(*agentValue)
	v.ud.Metatable = g.meta.trialAgent
	p.players[v] = a
	return v.ud
}

// joined is argument 1, an agent that has joined in this test.
func (g *generation) joined(L *lua.LState) (*trialPlace, *player) {
	v := bind.Argument[*agentValue](L, 1, "an agent (called with a colon)")
	p := g.trial.at
	if p == nil || p.players[v] == nil {
		L.RaiseError("this agent did not join in this test")
	}
	return p, p.players[v]
}

// player is joined, of an agent that is still here.
func (g *generation) player(L *lua.LState) (*trialPlace, *player) {
	p, a := g.joined(L)
	if a.gone {
		L.RaiseError("this agent has left, with code %d", a.code)
	}
	return p, a
}

func (g *generation) playerRequest(L *lua.LState) int {
	p, a := g.player(L)
	to, body, timeout := g.recipient(L, 2), g.body(L, 3), timeoutOption(L, 4)
	answer := a.ask(p, to, body)
	id := fmt.Sprint("test", a.asked)
	p.await(timeout, func() bool {
		answer = a.answer(id)
		return answer != nil || a.gone
	})
	switch {
	case answer != nil:
		L.Push(g.ToLua(L, answer))
		return 1
	case a.gone:
		L.Push(lua.LNil)
		L.Push(lua.LString(fmt.Sprintf("disconnected with code %d", a.code)))
	default:
		L.Push(lua.LNil)
		L.Push(lua.LString("no answer within " + seconds(timeout)))
	}
	return 2
}

func (g *generation) playerSend(L *lua.LState) int {
	p, a := g.player(L)
	a.send(p, netcode.Interaction{Type: netcode.TypeOneway, To: g.recipient(L, 2), Body: netcode.AppendValue(nil, g.body(L, 3))})
	return 0
}

func (g *generation) playerPublish(L *lua.LState) int {
	p, a := g.player(L)
	a.send(p, netcode.Interaction{Type: netcode.TypePublication, Body: netcode.AppendValue(nil, g.body(L, 2))})
	return 0
}

// obtain asks the place for something that has an id.
func (g *generation) obtain(L *lua.LState, verb string, arg any) (id string, refused int) {
	p, a := g.player(L)
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

func (g *generation) playerSubscribe(L *lua.LState) int {
	id, refused := g.obtain(L, "subscribe", L.CheckString(2))
	if refused == 0 {
		L.Push(lua.LString(id))
		return 1
	}
	return refused
}

func (g *generation) playerSpawn(L *lua.LState) int {
	id, refused := g.obtain(L, "spawn_entity", g.spec(L, L.CheckTable(2)))
	if refused == 0 {
		L.Push(g.entity(id))
		return 1
	}
	return refused
}

func (g *generation) playerHeard(L *lua.LState) int {
	_, a := g.joined(L) // it may have left: the last thing it heard is why
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
		item.RawSetString("from", g.entity(i.From))
		item.RawSetString("body", g.ToLua(L, v))
		if i.RequestID != "" {
			item.RawSetString("id", lua.LString(i.RequestID))
		}
		list.Append(item)
	}
	a.heard = rest
	L.Push(list)
	return 1
}

func (g *generation) playerRespond(L *lua.LState) int {
	p, a := g.player(L)
	request := L.CheckTable(2)
	id, isRequest := request.RawGetString("id").(lua.LString)
	from, _ := request.RawGetString("from").(*lua.LUserData)
	if !isRequest || from == nil {
		L.ArgError(2, "a request that this agent has heard expected")
	}
	a.send(p, netcode.Interaction{
		Type: netcode.TypeResponse, To: from.Value.(*entity).id, RequestID: string(id),
		Body: netcode.AppendValue(nil, g.body(L, 3)),
	})
	return 0
}

func (g *generation) playerLeave(L *lua.LState) int {
	p, a := g.player(L)
	a.gone = true
	a.peer.Close(0)
	p.driver.Settle()
	return 0
}
