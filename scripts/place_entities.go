package scripts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
)

func (g *generation) placeEntity(L *lua.LState) int {
	g.needsPlace(L, "place.entity")
	id := L.CheckString(1)
	if g.turn().World().Entity(id) == nil {
		g.missed = id
		L.Push(lua.LNil)
		return 1
	}
	L.Push(g.entity(id))
	return 1
}

// maxSuggested is among how many ids a similar one is looked for: 1 ms.
const maxSuggested = 1000

// explain says why place.entity returned nil, for the error of a script that did not
// expect that.
func (g *generation) explain(callee, id string) string {
	name := callee[strings.LastIndexByte(callee, '.')+1:] // place may have another name
	if id == "" {
		id = g.missed
	}
	if name != "entity" || id != g.missed && callee != "place.entity" || !g.live {
		return ""
	}
	w := g.turn().World()
	if id == "" || w.Entity(id) != nil {
		return ""
	}
	var ids []string
	for _, e := range w.OwnedBy(engine.PlaceID) { // others' ids are random
		if ids = append(ids, e.ID()); len(ids) == maxSuggested {
			break
		}
	}
	return fmt.Sprintf("place.entity(%q) is nil: no such entity%s", id, strings.Replace(suggest.From(id, ids...), ":", ";", 1))
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
	g.Charge(L, g.turn().World().Len()/16+len(ids)*api.EachPrice)
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
				L.ArgError(1, "owner: an agent expected, got "+bind.NameOf(ud))
			}
			owner = a.agent.ID
		default:
			L.ArgError(1, fmt.Sprintf("unknown filter %q%s", key, suggest.From(key.String(), "with", "owner")))
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
