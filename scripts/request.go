package scripts

import (
	"errors"
	"fmt"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

// requestValue is a request as its handlers have it.
type requestValue struct {
	r    *engine.Request
	args lua.LValue // made when it is asked for
	held bool       // a guard is being asked about it
	who  lua.LValue // the identity of who is not in yet, likewise
}

// String is what people are told it is.
func (q *requestValue) String() string { return fmt.Sprintf("request %q", q.r.Verb) }

func (g *generation) requestClass() api.Class {
	return api.Class{
		Name: "loci.Request",
		Doc:  "Something that an agent, or a script, asks the place or an entity of its own.",
		Fields: []api.Field{
			{Name: "verb", Type: "string", Doc: "what is asked for"},
			{Name: "args", Type: "any[]", Doc: "what follows the verb"},
			{Name: "from", Type: "loci.Entity?", Doc: "the entity that asks; nil in an announce"},
			{Name: "to", Type: "loci.Entity", Doc: "the entity that is asked"},
			{Name: "agent", Type: "loci.Agent?", Doc: "who asks; nil in an announce"},
			{Name: "identity", Type: "table", Doc: "what who asks says of itself"},
			{Name: "verified", Type: "string?", Doc: "the key that who asks has proven to have, in an announce too; nil if none"},
			{Name: "bound", Type: "boolean", Doc: "whether that proof was made for this place, as agent.bound says"},
			{Name: "type", Type: "string", Doc: "\"request\", or \"oneway\" if no answer is wanted"},
			{Name: "id", Type: "string", Doc: "the asker's own name for it"},
		},
	}
}

func (g *generation) openRequest() {
	g.meta.request = g.Metatable("request", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			q, name := bind.Argument[*requestValue](L, 1, "a request"), L.CheckString(2)
			L.Push(g.requestField(L, q, name))
			return 1
		},
		"__newindex": bind.Refused("a request cannot be changed"),
	})
	g.meta.later = g.Metatable("answer", nil)
}

func (g *generation) requestField(L *lua.LState, q *requestValue, name string) lua.LValue {
	r := q.r
	switch name {
	case "verb":
		return lua.LString(r.Verb)
	case "type":
		if r.Type != netcode.TypeRequest {
			return lua.LString(netcode.TypeOneway)
		}
		return lua.LString(r.Type)
	case "id":
		return lua.LString(r.ID)
	case "to":
		return g.entity(r.To)
	case "from":
		if r.From == "" {
			return lua.LNil
		}
		return g.entity(r.From)
	case "agent":
		if r.IsAnnounce() {
			return lua.LNil
		}
		return g.agent(r.Agent)
	case "verified":
		return verified(r.Agent)
	case "bound":
		return lua.LBool(r.Agent.Bound)
	case "identity":
		return g.requestIdentity(L, q)
	case "args":
		if q.args == nil {
			args := r.Args
			if args == nil {
				args = []any{}
			}
			q.args = g.ToLua(L, args)
		}
		return q.args
	}
	L.RaiseError("a request has no %q%s", name, suggest.From(name, g.requestClass().Names()...))
	return nil
}

func (g *generation) requestIdentity(L *lua.LState, q *requestValue) lua.LValue {
	if !q.r.IsAnnounce() {
		return g.agentField(L, g.agent(q.r.Agent).Value.(*agentValue), "identity")
	}
	if q.who == nil {
		q.who = g.ToLua(L, q.r.Agent.Identity)
	}
	return q.who
}

// answer takes a request on that scripts have something to do with.
func (g *generation) answer(r *engine.Request) bool {
	guards := g.before[r.Verb]
	if r.To != engine.PlaceID {
		guards = nil
	}
	h, c := g.responsible(r)
	if h == nil && guards == nil {
		return false
	}
	q := &requestValue{r: r}
	ud := g.Userdata(q, g.meta.request)
	quotas := &g.r.quotas
	w := work{by: quotas.cause(g.turn()), depth: g.r.events.depth, request: true, run: func(now *generation) {
		if now != g {
			r.Refuse("reloaded")
			return
		}
		g.handle(q, ud, guards, h, c)
	}}
	switch {
	case g.Running(), r.IsAnnounce(): // which must be answered at once
		quotas.act(w.by, func() { w.run(g) })
	case quotas.fits(w.by):
		g.r.do(w)
	case !quotas.hold(w):
		g.r.refused++
		r.Refuse(errOverQuota)
	}
	return true
}

// responsible finds the handler of a verb, and the component that it is of, if it is
// of one.
func (g *generation) responsible(r *engine.Request) (*handler, *kind) {
	if r.To == engine.PlaceID {
		if h := g.verbs[r.Verb]; h != nil {
			return h, nil
		}
	}
	if e := g.turn().World().Entity(r.To); e != nil {
		for _, name := range e.Names() {
			if k := g.kinds[name]; k != nil && k.verbs[r.Verb] != nil {
				return k.verbs[r.Verb], k
			}
		}
	}
	return nil, nil
}

// handle asks the guards, and then the handler, or the place if there is none.
func (g *generation) handle(q *requestValue, ud *lua.LUserData, guards []*handler, h *handler, of *kind) {
	for _, guard := range guards {
		q.held = true
		results, err := g.call(guard, q.r.From, ud)
		q.held = false
		switch {
		case err != nil:
			g.refuse(q.r, guard, err)
			return
		case len(results) > 0 && results[0] == lua.LFalse:
			why := "not now"
			if len(results) > 1 && results[1].Type() == lua.LTString {
				why = results[1].String()
			}
			q.r.Refuse(why)
			return
		}
	}
	if h == nil {
		q.r.Default()
		return
	}
	args := []lua.LValue{ud}
	if of != nil {
		args = []lua.LValue{g.entity(q.r.To), ud}
	}
	results, err := g.call(h, q.r.From, args...)
	if err != nil {
		g.refuse(q.r, h, err)
		return
	}
	g.respond(q.r, h, results)
}

// refuse answers a request that a handler failed on.
func (g *generation) refuse(r *engine.Request, h *handler, err error) {
	if r.IsAnnounce() && isCutOff(err) {
		g.r.entrance.cutOff(h)
	}
	r.Refuse(explain(err))
}

// What is answered where a script failed, or did not run. What failed is in the log.
const (
	errScript    = "script error"
	errTooLong   = "the script takes too long at this"
	errOverQuota = "you have the place's scripts do too much at once, try again in a moment"
)

// explain is what an agent is told of a handler's failure.
func explain(err error) string {
	rest, rests := errors.AsType[restingError](err)
	switch {
	case rests:
		return rest.Error()
	case err == errBusy:
		return err.Error()
	case isCutOff(err):
		return errTooLong
	}
	return errScript
}

// respond makes the answer of what a handler returned.
func (g *generation) respond(r *engine.Request, h *handler, results []lua.LValue) {
	if promised(results) == r {
		return
	}
	if len(results) > 0 {
		if ud, ok := results[0].(*lua.LUserData); ok {
			if t, ok := ud.Value.(*task); ok {
				g.respondWith(r, t)
				return
			}
		}
	}
	items, err := g.items(results)
	if err != nil {
		g.report(h.what, r.From, fmt.Errorf("what it returned: %w", err))
		r.Refuse(errScript)
		return
	}
	r.Answer(items...)
}

// items makes an answer's items of what was returned: nothing is "ok", nil and a text
// is "failed" and why.
func (g *generation) items(results []lua.LValue) ([]any, error) {
	if len(results) == 0 {
		return []any{"ok"}, nil
	}
	if results[0] == lua.LNil || results[0] == lua.LFalse {
		why := "no"
		if len(results) > 1 && results[1].Type() == lua.LTString {
			why = results[1].String()
		}
		return []any{"failed", why}, nil
	}
	items := make([]any, len(results))
	for i, v := range results {
		var err error
		if items[i], err = g.Convert(v, bind.Body); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// respondWith answers when a task ends.
func (g *generation) respondWith(r *engine.Request, t *task) {
	switch {
	case r.IsAnnounce():
		g.report("verb announce", "", fmt.Errorf("an announce must be answered at once, not by a task"))
		r.Refuse(errScript)
	case t.over:
		t.answer(r)
	default:
		t.owed = append(t.owed, r)
	}
}

// later is what place.default gives where the place will answer by itself.
type later struct{ r *engine.Request }

func (later) String() string { return "an answer to come" }

// promised is the request that the place will answer by itself, by what a handler
// returned; nil if it returned something else.
func promised(results []lua.LValue) *engine.Request {
	if len(results) > 0 {
		if ud, ok := results[0].(*lua.LUserData); ok {
			v, _ := ud.Value.(later)
			return v.r
		}
	}
	return nil
}

// placeDefault runs the built-in handling of a request, and gives its answer's items.
func (g *generation) placeDefault(L *lua.LState) int {
	g.needsPlace(L, "place.default")
	q := bind.Argument[*requestValue](L, 1, "a request")
	if q.held {
		L.RaiseError("place.default works in place.handle; what a guard returns nothing about goes on by itself")
	}
	items, ok := q.r.DefaultAnswer()
	if !ok {
		L.Push(g.Userdata(later{q.r}, g.meta.later))
		return 1
	}
	for _, item := range items {
		L.Push(g.ToLua(L, item))
	}
	return len(items)
}
