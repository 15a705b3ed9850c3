package lib

import (
	"fmt"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"

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

// Class describes a request.
func (rs *Requests) Class() api.Class {
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

// Requests are place.before, place.handle and place.default, and the answers to what is asked.
type Requests struct {
	*Env
	calls      *sched.Calls
	entities   *Entities
	agents     *Agents
	components *Components
	tasks      *Tasks
	cutOff     func(announce *sched.Handler) // called when a handler of an announce was cut off
	meta       *lua.LTable
	laterMeta  *lua.LTable
	before     map[string][]*sched.Handler
	verbs      map[string]*sched.Handler
}

func (rs *Requests) open() {
	rs.before, rs.verbs = map[string][]*sched.Handler{}, map[string]*sched.Handler{}
	rs.meta = rs.Metatable("request", map[string]lua.LGFunction{
		"__index": func(L *lua.LState) int {
			q, name := bind.Argument[*requestValue](L, 1, "a request"), L.CheckString(2)
			L.Push(rs.field(L, q, name))
			return 1
		},
		"__newindex": bind.Refused("a request cannot be changed"),
	})
	rs.laterMeta = rs.Metatable("answer", nil)
}

func (rs *Requests) functions() []api.Function {
	return []api.Function{
		{Name: "before", Signature: "(verb: string, guard: fun(request: loci.Request): (boolean?, string?))", Doc: "Is asked before anybody answers a verb sent to the place. False and a reason refuse it. Top level only.", Call: rs.guard},
		{Name: "handle", Signature: "(verb: string, handler: fun(request: loci.Request): ...)", Doc: "Answers a verb sent to the place, an official one too. What it returns is the answer after the verb; nil and a reason are a failure, a task answers when it ends. Top level only.", Call: rs.handleVerb},
		{Name: "default", Signature: "(request: loci.Request): ...", Doc: "Has the place answer as it does without scripts, and gives that answer.", Call: rs.byDefault, Price: 500},
	}
}

func (rs *Requests) guard(L *lua.LState) int {
	rs.NeedsTopLevel(L, "place.before")
	verb := L.CheckString(1)
	rs.before[verb] = append(rs.before[verb], sched.HandlerArg(L, 2, fmt.Sprintf("guard before %q", verb)))
	return 0
}

func (rs *Requests) handleVerb(L *lua.LState) int {
	rs.NeedsTopLevel(L, "place.handle")
	verb := L.CheckString(1)
	if rs.verbs[verb] != nil {
		L.RaiseError("%q has a handler already", verb)
	}
	rs.verbs[verb] = sched.HandlerArg(L, 2, fmt.Sprintf("verb %q", verb))
	return 0
}

// LetsIn reports whether a function is asked about announces.
func (rs *Requests) LetsIn(p *lua.FunctionProto) bool {
	for _, guard := range rs.before["announce"] {
		if guard.Fn.Proto == p {
			return true
		}
	}
	return rs.verbs["announce"] != nil && rs.verbs["announce"].Fn.Proto == p
}

func (rs *Requests) field(L *lua.LState, q *requestValue, name string) lua.LValue {
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
		return rs.entities.Value(r.To)
	case "from":
		if r.From == "" {
			return lua.LNil
		}
		return rs.entities.Value(r.From)
	case "agent":
		if r.IsAnnounce() {
			return lua.LNil
		}
		return rs.agents.Value(r.Agent)
	case "verified":
		return verified(r.Agent)
	case "bound":
		return lua.LBool(r.Agent.Bound)
	case "identity":
		return rs.identity(L, q)
	case "args":
		if q.args == nil {
			args := r.Args
			if args == nil {
				args = []any{}
			}
			q.args = rs.ToLua(L, args)
		}
		return q.args
	}
	L.RaiseError("a request has no %q%s", name, suggest.From(name, rs.Class().Names()...))
	return nil
}

func (rs *Requests) identity(L *lua.LState, q *requestValue) lua.LValue {
	if !q.r.IsAnnounce() {
		return rs.agents.Field(L, rs.agents.Value(q.r.Agent).Value.(*Agent), "identity")
	}
	if q.who == nil {
		q.who = rs.ToLua(L, q.r.Agent.Identity)
	}
	return q.who
}

// Answer takes a request on that scripts have something to do with.
func (rs *Requests) Answer(r *engine.Request) bool {
	guards := rs.before[r.Verb]
	if r.To != engine.PlaceID {
		guards = nil
	}
	h, c := rs.responsible(r)
	if h == nil && guards == nil {
		return false
	}
	q := &requestValue{r: r}
	ud := rs.Userdata(q, rs.meta)
	w := rs.calls.Request(func() {
		if rs.Over() {
			r.Refuse("reloaded")
			return
		}
		rs.handle(q, ud, guards, h, c)
	})
	switch {
	case rs.Running(), r.IsAnnounce(): // which must be answered at once
		rs.calls.Act(w.By, w.Run)
	case !rs.calls.DoOrHold(w):
		rs.calls.Refused++
		r.Refuse(sched.OverQuota)
	}
	return true
}

// responsible finds the handler of a verb, and the component that it is of, if it is
// of one.
func (rs *Requests) responsible(r *engine.Request) (*sched.Handler, *kind) {
	if r.To == engine.PlaceID {
		if h := rs.verbs[r.Verb]; h != nil {
			return h, nil
		}
	}
	if e := rs.Turn().World().Entity(r.To); e != nil {
		for _, name := range e.Names() {
			if k := rs.components.kinds[name]; k != nil && k.verbs[r.Verb] != nil {
				return k.verbs[r.Verb], k
			}
		}
	}
	return nil, nil
}

// handle asks the guards, and then the handler, or the place if there is none.
func (rs *Requests) handle(q *requestValue, ud *lua.LUserData, guards []*sched.Handler, h *sched.Handler, of *kind) {
	for _, guard := range guards {
		q.held = true
		results, err := rs.calls.Call(guard, q.r.From, ud)
		q.held = false
		switch {
		case err != nil:
			rs.refuse(q.r, guard, err)
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
		args = []lua.LValue{rs.entities.Value(q.r.To), ud}
	}
	results, err := rs.calls.Call(h, q.r.From, args...)
	if err != nil {
		rs.refuse(q.r, h, err)
		return
	}
	rs.respond(q.r, h, results)
}

// refuse answers a request that a handler failed on.
func (rs *Requests) refuse(r *engine.Request, h *sched.Handler, err error) {
	if r.IsAnnounce() && sched.IsCutOff(err) {
		rs.cutOff(h)
	}
	r.Refuse(sched.Explain(err))
}

// respond makes the answer of what a handler returned.
func (rs *Requests) respond(r *engine.Request, h *sched.Handler, results []lua.LValue) {
	if promised(results) == r {
		return
	}
	if len(results) > 0 {
		if ud, ok := results[0].(*lua.LUserData); ok {
			if t, ok := ud.Value.(*task); ok {
				rs.respondWith(r, t)
				return
			}
		}
	}
	items, err := items(rs.Env, results)
	if err != nil {
		rs.calls.Report(h.What, r.From, fmt.Errorf("what it returned: %w", err))
		r.Refuse(sched.ScriptFailed)
		return
	}
	r.Answer(items...)
}

// items makes an answer's items of what was returned: nothing is "ok", nil and a text
// is "failed" and why.
func items(env *Env, results []lua.LValue) ([]any, error) {
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
		if items[i], err = env.Convert(v, bind.Body); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// respondWith answers when a task ends.
func (rs *Requests) respondWith(r *engine.Request, t *task) {
	switch {
	case r.IsAnnounce():
		rs.calls.Report("verb announce", "", fmt.Errorf("an announce must be answered at once, not by a task"))
		r.Refuse(sched.ScriptFailed)
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

// byDefault runs the built-in handling of a request, and gives its answer's items.
func (rs *Requests) byDefault(L *lua.LState) int {
	rs.NeedsPlace(L, "place.default")
	q := bind.Argument[*requestValue](L, 1, "a request")
	if q.held {
		L.RaiseError("place.default works in place.handle; what a guard returns nothing about goes on by itself")
	}
	items, ok := q.r.DefaultAnswer()
	if !ok {
		L.Push(rs.Userdata(later{q.r}, rs.laterMeta))
		return 1
	}
	for _, item := range items {
		L.Push(rs.ToLua(L, item))
	}
	return len(items)
}
