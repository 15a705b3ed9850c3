package scripts

import (
	"errors"
	"strings"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine"
)

// subscription is one of a script's to publications.
type subscription struct {
	pattern string
	h       *handler
	n       int    // of those that the generation has made
	id      string // once it is in force
}

// String is what people are told it is.
func (s *subscription) String() string { return "subscription" }

func (g *generation) subscriptionClass() api.Class {
	return api.Class{
		Name: "loci.Subscription", Method: true,
		Doc: "A subscription that place.subscribe made. It ends with a reload.",
		Functions: []api.Function{
			{Name: "cancel", Signature: "(): boolean", Doc: "Ends the subscription. False if it had ended.", Call: g.subscriptionCancel},
		},
	}
}

func (g *generation) openSubscription() {
	g.meta.subscription = g.Metatable("subscription", nil)
	g.meta.subscription.RawSetString("__index", g.Table(g.subscriptionClass()))
}

func (g *generation) placePublish(L *lua.LState) int {
	g.changes(L, "place.publish")
	list := g.body(L, 1)
	err := g.turn().Publish(engine.PlaceID, list[0].(string), list[1:]...)
	reached := !errors.Is(err, engine.ErrQueueFull) // no agent ends a handler by taking nothing
	if reached {
		bind.Check(L, err)
	}
	L.Push(lua.LBool(reached))
	return 1
}

func (g *generation) placeSubscribe(L *lua.LState) int {
	g.made++
	s := &subscription{pattern: L.CheckString(1), n: g.made}
	s.h = g.handler(L, 2, "subscription of "+bind.Where(L))
	if len(g.subscriptions) >= g.r.config.Limits.Subscriptions {
		L.RaiseError("place.subscribe: there are %d subscriptions already", len(g.subscriptions))
	}
	file, line, _ := strings.Cut(L.Where(1), ":")
	_, err := acl.Compile(s.pattern, acl.At(file, g.lineOf(file, bind.Line(line), s.pattern)))
	g.checkPattern(L, err)
	g.subscriptions[s] = true
	if g.live {
		bind.Check(L, s.begin(g))
	}
	L.Push(g.Userdata(s, g.meta.subscription))
	return 1
}

// begin puts the subscription in force.
func (s *subscription) begin(g *generation) (err error) {
	s.id, err = g.turn().Subscribe(s.pattern, func(_ *engine.Turn, from string, body []any) {
		g.r.emit(func(*generation) {
			if g.subscriptions[s] && !g.over {
				s.tell(g, from, body)
			}
		})
	})
	return err
}

func (s *subscription) tell(g *generation, from string, body []any) {
	value, err := g.Value(body)
	if err != nil {
		g.report(s.h.what, from, err)
		return
	}
	_, _ = g.call(s.h, from, value, g.entity(from))
}

func (s *subscription) cancel(g *generation) bool {
	had := g.subscriptions[s]
	delete(g.subscriptions, s)
	if s.id != "" {
		g.r.turn.Unsubscribe(s.id)
	}
	return had
}

func (g *generation) subscriptionCancel(L *lua.LState) int {
	L.Push(lua.LBool(bind.Argument[*subscription](L, 1, "a subscription (called with a colon)").cancel(g)))
	return 1
}

// checkPattern raises what is wrong with a pattern. At the top level it is kept as it
// Is: it has line, column and a caret.
func (g *generation) checkPattern(L *lua.LState, err error) {
	if err != nil {
		g.cause = err
		L.Error(lua.LString(err.Error()), 0)
	}
}

// patternError is what is wrong with a pattern, nil if it is something else.
func patternError(err error) *acl.Error {
	e, _ := errors.AsType[*acl.Error](err)
	return e
}
