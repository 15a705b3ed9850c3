package scripts

import (
	"errors"
	"fmt"
	"slices"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
)

// task is a coroutine of a script's, which may wait.
type task struct {
	h       *handler
	n       int // of those that the generation has made
	by      *quota
	t       *sandbox.Task
	ud      *lua.LUserData
	pending func(t *task) // what it yielded for
	timer   *timer
	asking  *engine.Asking
	owed    []*engine.Request // to be answered when it ends
	over    bool              // it has ended
	results []any             // once it has
	failed  string            // why it ended otherwise
	later   *engine.Request   // what it returned is that the place will answer this
}

// String is what people are told it is.
func (t *task) String() string { return "task" }

func (g *generation) taskClass() api.Class {
	return api.Class{
		Name: "loci.Task", Method: true,
		Doc: "A function that may wait, which place.task started. It ends with a reload.",
		Functions: []api.Function{
			{Name: "cancel", Signature: "(): boolean", Doc: "Ends the task where it waits. False if it had ended.", Call: g.taskCancel},
		},
	}
}

func (g *generation) openTask() {
	g.meta.task = g.Metatable("task", nil)
	g.meta.task.RawSetString("__index", g.Table(g.taskClass()))
}

// placeTask makes a task. It begins when the handler that made it has returned.
func (g *generation) placeTask(L *lua.LState) int {
	h := g.handler(L, 1, "task of "+bind.Where(L))
	by := g.payer()
	if g.r.quotas.crowds(by, by.kept.tasks, len(g.tasks), g.r.config.Limits.Tasks) {
		L.RaiseError("place.task: there are %d tasks already", len(g.tasks))
	}
	by.kept.tasks++
	g.made++
	t := &task{h: h, n: g.made, by: by}
	t.t, _ = g.NewTask(h.fn)
	t.ud = g.Userdata(t, g.meta.task)
	g.tasks[t] = true
	if g.live {
		g.r.soon(by, func() { t.begin(g) })
	}
	L.Push(t.ud)
	return 1
}

func (t *task) begin(g *generation) {
	if g.tasks[t] && !g.over {
		t.resume(g)
	}
}

// resume runs the task until it waits or ends.
func (t *task) resume(g *generation, args ...lua.LValue) {
	outer := g.running
	g.running, t.pending = t, nil
	values, err := g.account(t.h, "", func(b sandbox.Budget) ([]lua.LValue, error) { return t.t.Resume(b, args...) })
	g.running = outer
	rest, rests := errors.AsType[restingError](err)
	switch {
	case rests:
		t.at(g, g.now()+rest.seconds, args...)
	case err == errBusy:
		t.at(g, g.now(), args...)
	case err != nil:
		t.end(g, nil, explain(err))
	case t.t.Done():
		if len(values) == 1 && values[0] == lua.LNil {
			values = nil // a coroutine that returns nothing gives one nil
		}
		if t.later = promised(values); t.later != nil {
			values = nil
		}
		items, err := g.items(values)
		if err != nil {
			g.report(t.h.what, "", fmt.Errorf("what it returned: %w", err))
			t.end(g, nil, errScript)
			return
		}
		t.end(g, items, "")
	case t.pending != nil:
		t.pending(t)
	}
}

// at resumes the task at a time.
func (t *task) at(g *generation, time float64, args ...lua.LValue) {
	t.timer = g.timers.add(&timer{by: t.by, at: time, do: func(g *generation) bool {
		t.timer = nil
		t.resume(g, args...)
		return false
	}})
}

// end settles what the task owes.
func (t *task) end(g *generation, results []any, failed string) {
	if g.tasks[t] {
		delete(g.tasks, t)
		t.by.kept.tasks--
	}
	t.over, t.results, t.failed = true, results, failed
	for _, r := range t.owed {
		t.answer(r)
	}
	t.owed = nil
}

func (t *task) answer(r *engine.Request) {
	switch {
	case t.failed != "":
		r.Refuse(t.failed)
	case t.later != r:
		r.Answer(t.results...)
	}
}

// abandon ends the task without resuming it.
func (t *task) abandon(g *generation, why string) {
	if t.asking != nil {
		t.asking.Cancel()
	}
	g.timers.remove(t.timer)
	t.end(g, nil, why)
}

func (g *generation) taskCancel(L *lua.LState) int {
	t := bind.Argument[*task](L, 1, "a task (called with a colon)")
	if t == g.running {
		L.RaiseError("a task cannot cancel itself; it returns")
	}
	waits := g.tasks[t]
	if waits {
		t.abandon(g, "canceled")
	}
	L.Push(lua.LBool(waits))
	return 1
}

// yield has the running task wait for something.
func (g *generation) yield(L *lua.LState, what string, pending func(t *task)) int {
	n := g.Yield(L, what)
	g.running.pending = pending
	return n
}

func (g *generation) placeWait(L *lua.LState) int {
	delay := float64(L.CheckNumber(1))
	if !(delay >= 0) || delay > 1e9 {
		L.ArgError(1, "a number of seconds expected")
	}
	return g.yield(L, "place.wait", func(t *task) { t.at(g, g.now()+delay) })
}

// question is a request that a task makes.
type question struct {
	from, to string
	body     []any
	timeout  float64 // seconds
}

// ask asks, and resumes the task with the answer or with why there is none. Both come
// when the turn ends.
func (t *task) ask(g *generation, q question) {
	over := false
	done := func(answer []any, err error) {
		if over {
			return
		}
		over = true
		t.asking = nil
		g.timers.remove(t.timer)
		g.r.soon(t.by, func() {
			if g.tasks[t] && !g.over {
				t.resume(g, g.reply(q, answer, err)...)
			}
		})
	}
	t.timer = g.timers.add(&timer{by: t.by, at: g.now() + q.timeout, do: func(g *generation) bool {
		if t.asking != nil {
			t.asking.Cancel()
		}
		done(nil, fmt.Errorf("no answer within %s", seconds(q.timeout)))
		return false
	}})
	t.asking = g.turn().Ask(q.from, q.to, q.body, done)
}

// reply is what a request returns in the script.
func (g *generation) reply(q question, answer []any, err error) []lua.LValue {
	if err == nil {
		var reply lua.LValue
		if reply, err = g.Value(slices.Concat(q.body[:1], answer)); err == nil {
			return []lua.LValue{reply}
		}
	}
	return []lua.LValue{lua.LNil, lua.LString(err.Error())}
}
