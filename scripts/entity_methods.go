package scripts

import (
	"errors"
	"fmt"
	"time"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/vec"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

func (g *generation) entityExists(L *lua.LState) int {
	L.Push(lua.LBool(g.self(L).live(g) != nil))
	return 1
}

func (g *generation) entityGet(L *lua.LState) int {
	e := g.self(L).live(g)
	name := L.CheckString(2)
	if e == nil || !e.Has(name) {
		L.Push(lua.LNil)
		return 1
	}
	c, _ := e.Component(name)
	L.Push(g.ToLua(L, c))
	return 1
}

func (g *generation) entitySet(L *lua.LState) int {
	L.CheckTypes(3, lua.LTTable, lua.LTUserData)
	return g.setComponent(L, g.self(L), L.CheckString(2), L.Get(3))
}

func (g *generation) entityUnset(L *lua.LState) int {
	return g.setComponent(L, g.self(L), L.CheckString(2), lua.LNil)
}

func (g *generation) entityRemove(L *lua.LState) int {
	g.changes(L, "entity:remove")
	ent, how := g.self(L), world.Cascade
	switch L.OptString(2, "cascade") {
	case "cascade":
	case "reparent":
		how = world.Reparent
	default:
		L.ArgError(2, `"cascade" or "reparent" expected`)
	}
	if ent.id == engine.PlaceID {
		L.RaiseError("the place itself stays")
	}
	g.turn().Remove(ent.id, how)
	return 0
}

func (g *generation) entityPosition(L *lua.LState) int {
	_, e := g.present(L)
	at := e.Local().Col(3)
	for _, v := range at[:3] {
		L.Push(lua.LNumber(v))
	}
	return 3
}

func (g *generation) entityMove(L *lua.LState) int {
	g.changes(L, "entity:move")
	ent, e := g.present(L)
	m := e.Local()
	for i := range 3 {
		m[12+i] = float64(L.CheckNumber(2 + i))
	}
	bind.Check(L, g.turn().Move(ent.id, netcode.Matrix(m)))
	return 0
}

func (g *generation) entityWorld(L *lua.LState) int {
	_, e := g.present(L)
	L.Push(vec.NewMatrix(g.L, e.World()))
	return 1
}

func (g *generation) entityAnimate(L *lua.LState) int {
	g.changes(L, "entity:animate")
	ent, _ := g.present(L)
	animation, ok := g.ToGo(L, L.CheckTable(2), bind.Component).(map[string]any)
	if !ok {
		L.ArgError(2, "a table such as {path = …, from = …, to = …, duration = …} expected")
	}
	if animation["start_at"] == nil {
		animation["start_at"] = g.turn().Time()
	}
	id, err := g.turn().Animate(ent.id, animation)
	bind.Check(L, err)
	L.Push(lua.LString(id))
	return 1
}

func (g *generation) entityStop(L *lua.LState) int {
	g.changes(L, "entity:stop")
	L.Push(lua.LBool(g.turn().StopAnimation(g.self(L).id, L.CheckString(2))))
	return 1
}

// recipient is argument n: an entity, or its id.
func (g *generation) recipient(L *lua.LState, n int) string {
	if id, ok := L.Get(n).(lua.LString); ok {
		return string(id)
	}
	if ud, ok := L.Get(n).(*lua.LUserData); ok {
		switch v := ud.Value.(type) {
		case *entity:
			return v.id
		case *agentValue:
			return v.agent.Avatar
		}
	}
	L.ArgError(n, "an entity or its id expected, got "+bind.NameOf(L.Get(n)))
	return ""
}

// body is argument n: a list that begins with a verb.
func (g *generation) body(L *lua.LState, n int) []any {
	list, ok := g.ToGo(L, L.CheckTable(n), bind.Body).([]any)
	if ok && len(list) > 0 {
		_, ok = list[0].(string)
	}
	if !ok || len(list) == 0 {
		L.ArgError(n, `a body is a list that begins with a verb: { "glow", … }`)
	}
	return list
}

func (g *generation) entitySend(L *lua.LState) int {
	g.changes(L, "entity:send")
	from, to, list := g.self(L), g.recipient(L, 2), g.body(L, 3)
	// That the sender is not the place's is a mistake, that the other has gone is not.
	e, there := from.live(g), g.turn().World().Entity(to) != nil
	if there || e == nil || e.Owner() != engine.PlaceID {
		err := g.turn().Send(from.id, to, list[0].(string), list[1:]...)
		if errors.Is(err, engine.ErrQueueFull) { // no agent ends a handler by taking nothing
			there, err = false, nil
		}
		bind.Check(L, err)
	}
	L.Push(lua.LBool(there))
	return 1
}

// defaultTimeout is how long a request waits for its answer, in seconds.
const defaultTimeout = 10

func (g *generation) entityRequest(L *lua.LState) int {
	ask := question{from: g.self(L).id, to: g.recipient(L, 2), body: g.body(L, 3), timeout: timeoutOption(L, 4)}
	return g.yield(L, "request", func(t *task) { t.ask(g, ask) })
}

// timeoutOption reads { timeout = seconds }, which may be missing, from argument n.
func timeoutOption(L *lua.LState, n int) float64 {
	options := L.OptTable(n, nil)
	if options == nil {
		return defaultTimeout
	}
	timeout, ok := options.RawGetString("timeout").(lua.LNumber)
	if !ok || !(timeout > 0) {
		L.ArgError(n, "{ timeout = seconds } expected")
	}
	return float64(timeout)
}

// seconds as a duration, for people.
func seconds(s float64) string { return fmt.Sprint(time.Duration(s * float64(time.Second))) }
