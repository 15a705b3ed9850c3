package lib

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine"
)

// subscription is one of a script's to publications.
type subscription struct {
	pattern string
	h       *sched.Handler
	n       int    // of those that the generation has made
	id      string // once it is in force
}

// String is what people are told it is.
func (s *subscription) String() string { return "subscription" }

// Class describes a subscription.
func (ss *Subscriptions) Class() api.Class {
	return api.Class{
		Name: "loci.Subscription", Method: true,
		Doc: "A subscription that place.subscribe made. It ends with a reload.",
		Functions: []api.Function{
			{Name: "cancel", Signature: "(): boolean", Doc: "Ends the subscription. False if it had ended.", Call: ss.cancel},
		},
	}
}

// Subscriptions are place.publish and place.subscribe.
type Subscriptions struct {
	*Env
	calls    *sched.Calls
	entities *Entities
	patterns *patterns
	meta     *lua.LTable
	all      map[*subscription]bool
	made     int
}

func newSubscriptions(env *Env, calls *sched.Calls, entities *Entities, patterns *patterns) *Subscriptions {
	ss := &Subscriptions{Env: env, calls: calls, entities: entities, patterns: patterns, all: map[*subscription]bool{}}
	ss.meta = ss.Metatable("subscription", nil)
	ss.meta.RawSetString("__index", ss.Table(ss.Class()))
	return ss
}

func (ss *Subscriptions) functions() []api.Function {
	return []api.Function{
		{Name: "publish", Signature: "(body: any[]): boolean", Doc: "Publishes something for all who have subscribed to such. False if so much waits to be sent to each of them that it misses this.", Call: func(L *lua.LState) int { return Publish(ss.Env, L) }, Price: 200},
		{Name: "subscribe", Signature: "(pattern: string, handler: fun(body: any[], from: loci.Entity?)): loci.Subscription", Doc: "Hears publications whose body matches a pattern, in the language of access rules.", Call: ss.subscribe, Price: 3000},
	}
}

// Begin puts the subscriptions of the top level in force.
func (ss *Subscriptions) Begin() {
	for _, s := range ss.inOrder() {
		if err := ss.begin(s); err != nil {
			ss.Log.Error("a subscription is not in force", "pattern", s.pattern, "error", err)
		}
	}
}

// Cancel ends all subscriptions. The turn is the place's, which scripts may use no more.
func (ss *Subscriptions) Cancel(turn *engine.Turn) {
	for _, s := range ss.inOrder() {
		ss.end(s, turn)
	}
}

func (ss *Subscriptions) inOrder() []*subscription {
	return slices.SortedFunc(maps.Keys(ss.all), func(a, b *subscription) int { return a.n - b.n })
}

// Publish publishes argument 1 as the place.
func Publish(env *Env, L *lua.LState) int {
	env.Changes(L, "place.publish")
	list := Body(env, L, 1)
	err := env.Turn().Publish(engine.PlaceID, list[0].(string), list[1:]...)
	reached := !errors.Is(err, engine.ErrQueueFull) // no agent ends a handler by taking nothing
	if reached {
		bind.Check(L, err)
	}
	L.Push(lua.LBool(reached))
	return 1
}

func (ss *Subscriptions) subscribe(L *lua.LState) int {
	ss.made++
	s := &subscription{pattern: L.CheckString(1), n: ss.made}
	s.h = sched.HandlerArg(L, 2, "subscription of "+bind.Where(L))
	if len(ss.all) >= ss.Limits.Subscriptions {
		L.RaiseError("place.subscribe: there are %d subscriptions already", len(ss.all))
	}
	file, line, _ := strings.Cut(L.Where(1), ":")
	_, err := acl.Compile(s.pattern, acl.At(file, ss.patterns.lineOf(file, bind.Line(line), s.pattern)))
	ss.patterns.check(L, err)
	ss.all[s] = true
	if ss.Live() {
		bind.Check(L, ss.begin(s))
	}
	L.Push(ss.Userdata(s, ss.meta))
	return 1
}

// begin puts the subscription in force.
func (ss *Subscriptions) begin(s *subscription) (err error) {
	s.id, err = ss.Turn().Subscribe(s.pattern, func(_ *engine.Turn, from string, body []any) {
		ss.calls.Emit(func() {
			if ss.all[s] && !ss.Over() {
				ss.tell(s, from, body)
			}
		})
	})
	return err
}

func (ss *Subscriptions) tell(s *subscription, from string, body []any) {
	value, err := ss.Value(body)
	if err != nil {
		ss.calls.Report(s.h.What, from, err)
		return
	}
	_, _ = ss.calls.Call(s.h, from, value, ss.entities.Value(from))
}

func (ss *Subscriptions) end(s *subscription, turn *engine.Turn) bool {
	had := ss.all[s]
	delete(ss.all, s)
	if s.id != "" {
		turn.Unsubscribe(s.id)
	}
	return had
}

func (ss *Subscriptions) cancel(L *lua.LState) int {
	s := bind.Argument[*subscription](L, 1, "a subscription (called with a colon)")
	L.Push(lua.LBool(ss.end(s, ss.Turn())))
	return 1
}
