package lib

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	"github.com/loci-place/loci/engine"
)

// Agent is an agent as scripts have it. It may have left.
type Agent struct {
	agent    engine.Agent
	ud       *lua.LUserData
	identity lua.LValue // made when it is asked for
}

// String is what people are told it is.
func (a *Agent) String() string { return "agent " + a.agent.ID }

// Identity implements [Identified].
func (a *Agent) Identity() string { return a.String() }

// Plain implements [bind.Plain].
func (a *Agent) Plain() any { return a.agent.ID }

// Agents are the values that scripts have for agents.
type Agents struct {
	*Env
	entities *Entities
	byID     map[string]*Agent
	methods  *lua.LTable
	meta     *lua.LTable
}

// Forget forgets an agent that has left.
func (as *Agents) Forget(id string) { delete(as.byID, id) }

// Len returns how many agents are known.
func (as *Agents) Len() int { return len(as.byID) }

// Value returns an agent's value, always the same as long as it is here.
func (as *Agents) Value(a engine.Agent) *lua.LUserData {
	v := as.byID[a.ID]
	if v == nil {
		v = &Agent{agent: a}
		v.ud = as.Userdata(v, as.meta)
		if _, here := as.Turn().Agent(a.ID); here || a.ID == engine.PlaceID {
			as.byID[a.ID] = v
		}
	}
	return v.ud
}

// owner gives who an entity belongs to.
func (as *Agents) owner(id string) lua.LValue {
	if id == engine.PlaceID {
		return as.Value(engine.Agent{ID: id, Avatar: engine.PlaceID})
	}
	if a, ok := as.Turn().Agent(id); ok {
		return as.Value(a)
	}
	return lua.LNil
}

// Class describes an agent.
func (as *Agents) Class() api.Class {
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
			{Name: "kick", Signature: "(reason?: string): boolean", Doc: "Sends it away. The reason goes to the log. False if it has left.", Call: as.kick, Price: 500},
			{Name: "part", Signature: "(pose: string): loci.Entity?", Doc: "The part of its body that takes a pose, such as \"head\" or \"hand/left\": a child of its avatar, and its own. Nil if there is none.", Call: as.part},
			{Name: "here", Signature: "(): boolean", Doc: "Whether it is still here.", Call: as.here},
		},
	}
}

func (as *Agents) open() {
	as.methods = as.Table(as.Class())
	as.meta = as.Metatable("agent", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			a, name := bind.Argument[*Agent](L, 1, "an agent"), L.CheckString(2)
			L.Push(as.Field(L, a, name))
			return 1
		},
		"__newindex": bind.Refused("an agent cannot be changed; what a script knows of it belongs in place.state, by agent.id"),
	})
}

// Field returns a field or a method of an agent.
func (as *Agents) Field(L *lua.LState, a *Agent, name string) lua.LValue {
	switch name {
	case "id":
		return lua.LString(a.agent.ID)
	case "avatar":
		return as.entities.Value(a.agent.Avatar)
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
			a.identity = as.ToLua(L, identity)
		}
		return a.identity
	}
	method := as.methods.RawGetString(name)
	if method == lua.LNil {
		L.RaiseError("an agent has no %q%s", name, suggest.From(name, as.Class().Names()...))
	}
	return method
}

func verified(a engine.Agent) lua.LValue {
	if a.Verified == "" {
		return lua.LNil
	}
	return lua.LString(a.Verified)
}

func (as *Agents) kick(L *lua.LState) int {
	as.Changes(L, "agent:kick")
	a := bind.Argument[*Agent](L, 1, "an agent")
	kicked := as.Turn().Kick(a.agent.ID)
	if kicked {
		as.Log.Info("a script sent an agent away", "agent", a.agent.ID, "name", a.agent.DisplayName(), "reason", L.OptString(2, ""))
	}
	L.Push(lua.LBool(kicked))
	return 1
}

func (as *Agents) part(L *lua.LState) int {
	as.NeedsPlace(L, "agent:part")
	a, pose := bind.Argument[*Agent](L, 1, "an agent"), L.CheckString(2)
	L.Push(lua.LNil)
	avatar := as.Turn().World().Entity(a.agent.Avatar)
	if avatar == nil || avatar.Owner() != a.agent.ID {
		return 1
	}
	if part := avatar.Part(pose); part != nil {
		L.Push(as.entities.Value(part.ID()))
	}
	return 1
}

func (as *Agents) here(L *lua.LState) int {
	as.NeedsPlace(L, "agent:here")
	_, here := as.Turn().Agent(bind.Argument[*Agent](L, 1, "an agent").agent.ID)
	L.Push(lua.LBool(here))
	return 1
}
