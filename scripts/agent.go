package scripts

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	"github.com/loci-place/loci/engine"
)

// agentValue is an agent as scripts have it. It may have left.
type agentValue struct {
	agent    engine.Agent
	ud       *lua.LUserData
	identity lua.LValue // made when it is asked for
}

// String is what people are told it is.
func (a *agentValue) String() string { return "agent " + a.agent.ID }

// Plain implements [bind.Plain].
func (a *agentValue) Plain() any { return a.agent.ID }

// agent gives an agent's value, always the same as long as it is here.
func (g *generation) agent(a engine.Agent) *lua.LUserData {
	v := g.agents[a.ID]
	if v == nil {
		v = &agentValue{agent: a}
		v.ud = g.Userdata(v, g.meta.agent)
		if _, here := g.turn().Agent(a.ID); here || a.ID == engine.PlaceID {
			g.agents[a.ID] = v
		}
	}
	return v.ud
}

// owner gives who an entity belongs to.
func (g *generation) owner(id string) lua.LValue {
	if id == engine.PlaceID {
		return g.agent(engine.Agent{ID: id, Avatar: engine.PlaceID})
	}
	if a, ok := g.turn().Agent(id); ok {
		return g.agent(a)
	}
	return lua.LNil
}

func (g *generation) agentClass() api.Class {
	return api.Class{
		Name: "loci.Agent", Method: true,
		Doc: "A person's visor or an app that has joined. The place itself is one too, with the id \"place\".",
		Fields: []api.Field{
			{Name: "id", Type: "string", Doc: "its id while it is here"},
			{Name: "identity", Type: "table", Doc: "what it says of itself, display_name for one. It can say what it likes"},
			{Name: "verified", Type: "string?", Doc: "the key that it has proven to have, in base64: who it is, whatever it says; nil if none"},
			{Name: "bound", Type: "boolean", Doc: "whether that proof was made for this place, so that no other can have relayed it; false for clients of earlier releases"},
			{Name: "avatar", Type: "loci.Entity", Doc: "the entity that stands for it"},
			{Name: "version", Type: "integer", Doc: "of the protocol that it speaks"},
		},
		Functions: []api.Function{
			{Name: "kick", Signature: "(reason?: string): boolean", Doc: "Sends it away. The reason goes to the log. False if it has left.", Call: g.agentKick, Price: 500},
			{Name: "part", Signature: "(pose: string): loci.Entity?", Doc: "The part of its body that takes a pose, such as \"head\" or \"hand/left\": a child of its avatar, and its own. Nil if there is none.", Call: g.agentPart},
			{Name: "here", Signature: "(): boolean", Doc: "Whether it is still here.", Call: g.agentHere},
		},
	}
}

func (g *generation) openAgent() {
	g.methods.agent = g.Table(g.agentClass())
	g.meta.agent = g.Metatable("agent", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			a, name := bind.Argument[*agentValue](L, 1, "an agent"), L.CheckString(2)
			L.Push(g.agentField(L, a, name))
			return 1
		},
		"__newindex": bind.Refused("an agent cannot be changed; what a script knows of it belongs in place.state, by agent.id"),
	})
}

func (g *generation) agentField(L *lua.LState, a *agentValue, name string) lua.LValue {
	switch name {
	case "id":
		return lua.LString(a.agent.ID)
	case "avatar":
		return g.entity(a.agent.Avatar)
	case "verified":
		return verified(a.agent)
	case "bound":
		return lua.LBool(a.agent.Bound)
	case "version":
		return lua.LNumber(a.agent.Version)
	case "identity":
		if a.identity == nil {
			identity := a.agent.Identity
			if identity == nil {
				identity = map[string]any{}
			}
			a.identity = g.ToLua(L, identity)
		}
		return a.identity
	}
	method := g.methods.agent.RawGetString(name)
	if method == lua.LNil {
		L.RaiseError("an agent has no %q%s", name, suggest.From(name, g.agentClass().Names()...))
	}
	return method
}

func verified(a engine.Agent) lua.LValue {
	if a.Verified == "" {
		return lua.LNil
	}
	return lua.LString(a.Verified)
}

func (g *generation) agentKick(L *lua.LState) int {
	g.changes(L, "agent:kick")
	a := bind.Argument[*agentValue](L, 1, "an agent")
	kicked := g.turn().Kick(a.agent.ID)
	if kicked {
		g.log.Info("a script sent an agent away", "agent", a.agent.ID, "name", a.agent.DisplayName(), "reason", L.OptString(2, ""))
	}
	L.Push(lua.LBool(kicked))
	return 1
}

func (g *generation) agentPart(L *lua.LState) int {
	g.needsPlace(L, "agent:part")
	a, pose := bind.Argument[*agentValue](L, 1, "an agent"), L.CheckString(2)
	L.Push(lua.LNil)
	avatar := g.turn().World().Entity(a.agent.Avatar)
	if avatar == nil || avatar.Owner() != a.agent.ID {
		return 1
	}
	if part := avatar.Part(pose); part != nil {
		L.Push(g.entity(part.ID()))
	}
	return 1
}

func (g *generation) agentHere(L *lua.LState) int {
	g.needsPlace(L, "agent:here")
	_, here := g.turn().Agent(bind.Argument[*agentValue](L, 1, "an agent").agent.ID)
	L.Push(lua.LBool(here))
	return 1
}
