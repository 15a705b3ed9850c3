package scripts

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine/world"
)

func (g *generation) placeEntity(L *lua.LState) int {
	g.needsPlace(L, "place.entity")
	id := L.CheckString(1)
	if g.turn().World().Entity(id) == nil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(g.entity(id))
	return 1
}

func (g *generation) placeEntities(L *lua.LState) int {
	g.needsPlace(L, "place.entities")
	with, owner := g.entityFilter(L)
	var ids []string
	add := func(e *world.Entity) {
		if with == "" || e.Has(with) {
			ids = append(ids, e.ID())
		}
	}
	w := g.turn().World()
	if owner != "" {
		for _, e := range w.OwnedBy(owner) {
			add(e)
		}
	} else {
		for e := range w.Entities() {
			add(e)
		}
	}
	slices.Sort(ids)
	list := L.CreateTable(len(ids), 0)
	for i, id := range ids {
		list.RawSetInt(i+1, g.entity(id))
	}
	L.Push(list)
	return 1
}

// entityFilter reads { with = component, owner = agent }.
func (g *generation) entityFilter(L *lua.LState) (with, owner string) {
	filter := L.OptTable(1, nil)
	if filter == nil {
		return "", ""
	}
	filter.ForEach(func(key, value lua.LValue) {
		switch key.String() {
		case "with":
			name, ok := value.(lua.LString)
			if !ok {
				L.ArgError(1, "with: the name of a component expected")
			}
			with = string(name)
		case "owner":
			ud, _ := value.(*lua.LUserData)
			if ud == nil {
				L.ArgError(1, "owner: an agent expected")
			}
			a, ok := ud.Value.(*agentValue)
			if !ok {
				L.ArgError(1, "owner: an agent expected, got "+nameOf(ud))
			}
			owner = a.agent.ID
		default:
			L.ArgError(1, fmt.Sprintf("unknown filter %q%s", key, suggest(key.String(), []string{"with", "owner"})))
		}
	})
	return with, owner
}

func (g *generation) placeAgents(L *lua.LState) int {
	g.needsPlace(L, "place.agents")
	list := L.NewTable()
	for i, a := range g.turn().Agents() {
		list.RawSetInt(i+1, g.agent(a))
	}
	L.Push(list)
	return 1
}
