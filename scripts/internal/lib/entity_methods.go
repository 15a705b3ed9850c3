package lib

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

func (es *Entities) entityExists(L *lua.LState) int {
	L.Push(lua.LBool(es.self(L).live(es) != nil))
	return 1
}

func (es *Entities) entityGet(L *lua.LState) int {
	e := es.self(L).live(es)
	name := L.CheckString(2)
	if e == nil || !e.Has(name) {
		L.Push(lua.LNil)
		return 1
	}
	c, _ := e.Component(name)
	L.Push(es.ToLua(L, c))
	return 1
}

func (es *Entities) entitySet(L *lua.LState) int {
	L.CheckTypes(3, lua.LTTable, lua.LTUserData)
	return es.setComponent(L, es.self(L), L.CheckString(2), L.Get(3))
}

func (es *Entities) entityUnset(L *lua.LState) int {
	return es.setComponent(L, es.self(L), L.CheckString(2), lua.LNil)
}

func (es *Entities) entityRemove(L *lua.LState) int {
	es.Changes(L, "entity:remove")
	ent, how := es.self(L), world.Cascade
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
	es.Turn().Remove(ent.id, how)
	return 0
}

func (es *Entities) entityPosition(L *lua.LState) int {
	_, e := es.present(L)
	at := e.Local().Col(3)
	for _, v := range at[:3] {
		L.Push(lua.LNumber(v))
	}
	return 3
}

func (es *Entities) entityMove(L *lua.LState) int {
	es.Changes(L, "entity:move")
	ent, e := es.present(L)
	m := e.Local()
	for i := range 3 {
		m[12+i] = float64(L.CheckNumber(2 + i))
	}
	bind.Check(L, es.Turn().Move(ent.id, netcode.Matrix(m)))
	return 0
}

func (es *Entities) entityWorld(L *lua.LState) int {
	_, e := es.present(L)
	L.Push(vec.NewMatrix(es.L, e.World()))
	return 1
}

func (es *Entities) entityAnimate(L *lua.LState) int {
	es.Changes(L, "entity:animate")
	ent, _ := es.present(L)
	animation, ok := es.ToGo(L, L.CheckTable(2), bind.Component).(map[string]any)
	if !ok {
		L.ArgError(2, "a table such as {path = …, from = …, to = …, duration = …} expected")
	}
	if animation["start_at"] == nil {
		animation["start_at"] = es.Turn().Time()
	}
	id, err := es.Turn().Animate(ent.id, animation)
	bind.Check(L, err)
	L.Push(lua.LString(id))
	return 1
}

func (es *Entities) entityStop(L *lua.LState) int {
	es.Changes(L, "entity:stop")
	L.Push(lua.LBool(es.Turn().StopAnimation(es.self(L).id, L.CheckString(2))))
	return 1
}

// Recipient returns argument n: an entity, or its id.
func Recipient(L *lua.LState, n int) string {
	if id, ok := L.Get(n).(lua.LString); ok {
		return string(id)
	}
	if ud, ok := L.Get(n).(*lua.LUserData); ok {
		switch v := ud.Value.(type) {
		case *entity:
			return v.id
		case *Agent:
			return v.agent.Avatar
		}
	}
	L.ArgError(n, "an entity or its id expected, got "+bind.NameOf(L.Get(n)))
	return ""
}

// Body returns argument n: a list that begins with a verb.
func Body(env *Env, L *lua.LState, n int) []any {
	list, ok := env.ToGo(L, L.CheckTable(n), bind.Body).([]any)
	if ok && len(list) > 0 {
		_, ok = list[0].(string)
	}
	if !ok || len(list) == 0 {
		L.ArgError(n, `a body is a list that begins with a verb: { "glow", … }`)
	}
	return list
}

func (es *Entities) entitySend(L *lua.LState) int {
	es.Changes(L, "entity:send")
	from, to, list := es.self(L), Recipient(L, 2), Body(es.Env, L, 3)
	// That the sender is not the place's is a mistake, that the other has gone is not.
	e, there := from.live(es), es.Turn().World().Entity(to) != nil
	if there || e == nil || e.Owner() != engine.PlaceID {
		err := es.Turn().Send(from.id, to, list[0].(string), list[1:]...)
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

func (es *Entities) entityRequest(L *lua.LState) int {
	q := question{from: es.self(L).id, to: Recipient(L, 2), body: Body(es.Env, L, 3), timeout: Timeout(L, 4)}
	return es.ask(L, q)
}

// Timeout reads { timeout = seconds }, which may be missing, from argument n.
func Timeout(L *lua.LState, n int) float64 {
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

// Seconds returns seconds as a duration, for people.
func Seconds(s float64) string { return fmt.Sprint(time.Duration(s * float64(time.Second))) }
