package lib

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
)

// task is a coroutine of a script's, which may wait.
type task struct {
	h       *sched.Handler
	n       int // of those that the generation has made
	by      *sched.Quota
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

// Class describes a task.
func (ts *Tasks) Class() api.Class {
	return api.Class{
		Name: "loci.Task", Method: true,
		Doc: "A function that may wait, which place.task started. It ends with a reload.",
		Functions: []api.Function{
			{Name: "cancel", Signature: "(): boolean", Doc: "Ends the task where it waits. False if it had ended.", Call: ts.cancel},
		},
	}
}

// Tasks are place.task and place.wait, and what else a task waits for.
type Tasks struct {
	*Env
	calls   *sched.Calls
	timers  *Timers
	meta    *lua.LTable
	all     map[*task]bool
	made    int
	running *task // whose stretch is under way
}

func newTasks(env *Env, calls *sched.Calls, timers *Timers) *Tasks {
	ts := &Tasks{Env: env, calls: calls, timers: timers, all: map[*task]bool{}}
	ts.meta = ts.Metatable("task", nil)
	ts.meta.RawSetString("__index", ts.Table(ts.Class()))
	return ts
}

func (ts *Tasks) functions() []api.Function {
	return []api.Function{
		{Name: "task", Signature: "(body: fun(): ...): loci.Task", Doc: "Runs a function in which place.wait and entity:request may be used, when the handler at hand has returned.", Call: ts.start, Price: 450},
		{Name: "wait", Signature: "(seconds: number)", Doc: "Waits, in a task; the place goes on meanwhile.", Call: ts.wait},
	}
}

// Len returns how many tasks there are.
func (ts *Tasks) Len() int { return len(ts.all) }

// Begin begins the tasks of the top level.
func (ts *Tasks) Begin() {
	for _, t := range ts.inOrder() {
		ts.calls.Soon(t.by, func() { ts.begin(t) })
	}
}

// Abandon ends all tasks without resuming them.
func (ts *Tasks) Abandon(why string) {
	for _, t := range ts.inOrder() {
		ts.abandon(t, why)
	}
}

func (ts *Tasks) inOrder() []*task {
	return slices.SortedFunc(maps.Keys(ts.all), func(a, b *task) int { return a.n - b.n })
}

// start makes a task. It begins when the handler that made it has returned.
func (ts *Tasks) start(L *lua.LState) int {
	h := sched.HandlerArg(L, 1, "task of "+bind.Where(L))
	by := ts.calls.Payer()
	if ts.calls.Crowds(by, by.Kept.Tasks, len(ts.all), ts.Limits.Tasks) {
		L.RaiseError("place.task: there are %d tasks already", len(ts.all))
	}
	by.Kept.Tasks++
	ts.made++
	t := &task{h: h, n: ts.made, by: by}
	t.t, _ = ts.NewTask(h.Fn)
	t.ud = ts.Userdata(t, ts.meta)
	ts.all[t] = true
	if ts.Live() {
		ts.calls.Soon(by, func() { ts.begin(t) })
	}
	L.Push(t.ud)
	return 1
}

func (ts *Tasks) begin(t *task) {
	if ts.all[t] && !ts.Over() {
		ts.resume(t)
	}
}

// resume runs the task until it waits or ends.
func (ts *Tasks) resume(t *task, args ...lua.LValue) {
	outer := ts.running
	ts.running, t.pending = t, nil
	values, err := ts.calls.Account(t.h, "", func(b sandbox.Budget) ([]lua.LValue, error) { return t.t.Resume(b, args...) })
	ts.running = outer
	rest, rests := errors.AsType[sched.RestingError](err)
	switch {
	case rests:
		ts.at(t, ts.Now()+rest.Seconds, args...)
	case err == sched.ErrBusy:
		ts.at(t, ts.Now(), args...)
	case err != nil:
		ts.end(t, nil, sched.Explain(err))
	case t.t.Done():
		if len(values) == 1 && values[0] == lua.LNil {
			values = nil // a coroutine that returns nothing gives one nil
		}
		if t.later = promised(values); t.later != nil {
			values = nil
		}
		items, err := items(ts.Env, values)
		if err != nil {
			ts.calls.Report(t.h.What, "", fmt.Errorf("what it returned: %w", err))
			ts.end(t, nil, sched.ScriptFailed)
			return
		}
		ts.end(t, items, "")
	case t.pending != nil:
		t.pending(t)
	}
}

// at resumes the task at a time.
func (ts *Tasks) at(t *task, time float64, args ...lua.LValue) {
	t.timer = ts.timers.add(&timer{by: t.by, at: time, do: func() bool {
		t.timer = nil
		ts.resume(t, args...)
		return false
	}})
}

// end settles what the task owes.
func (ts *Tasks) end(t *task, results []any, failed string) {
	if ts.all[t] {
		delete(ts.all, t)
		t.by.Kept.Tasks--
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
func (ts *Tasks) abandon(t *task, why string) {
	if t.asking != nil {
		t.asking.Cancel()
	}
	ts.timers.remove(t.timer)
	ts.end(t, nil, why)
}

func (ts *Tasks) cancel(L *lua.LState) int {
	t := bind.Argument[*task](L, 1, "a task (called with a colon)")
	if t == ts.running {
		L.RaiseError("a task cannot cancel itself; it returns")
	}
	waits := ts.all[t]
	if waits {
		ts.abandon(t, "canceled")
	}
	L.Push(lua.LBool(waits))
	return 1
}

// yield has the running task wait for something.
func (ts *Tasks) yield(L *lua.LState, what string, pending func(t *task)) int {
	n := ts.Yield(L, what)
	ts.running.pending = pending
	return n
}

func (ts *Tasks) wait(L *lua.LState) int {
	delay := float64(L.CheckNumber(1))
	if !(delay >= 0) || delay > 1e9 {
		L.ArgError(1, "a number of seconds expected")
	}
	return ts.yield(L, "place.wait", func(t *task) { ts.at(t, ts.Now()+delay) })
}

// question is a request that a task makes.
type question struct {
	from, to string
	body     []any
	timeout  float64 // seconds
}

// ask asks, and resumes the task with the answer or with why there is none. Both come
// when the turn ends.
func (ts *Tasks) ask(t *task, q question) {
	over := false
	done := func(answer []any, err error) {
		if over {
			return
		}
		over = true
		t.asking = nil
		ts.timers.remove(t.timer)
		ts.calls.Soon(t.by, func() {
			if ts.all[t] && !ts.Over() {
				ts.resume(t, Reply(ts.Env, q.body, answer, err)...)
			}
		})
	}
	t.timer = ts.timers.add(&timer{by: t.by, at: ts.Now() + q.timeout, do: func() bool {
		if t.asking != nil {
			t.asking.Cancel()
		}
		done(nil, fmt.Errorf("no answer within %s", Seconds(q.timeout)))
		return false
	}})
	t.asking = ts.Turn().Ask(q.from, q.to, q.body, done)
}

// Reply returns what a request returns in the script.
func Reply(env *Env, body []any, answer []any, err error) []lua.LValue {
	if err == nil {
		var reply lua.LValue
		if reply, err = env.Value(slices.Concat(body[:1], answer)); err == nil {
			return []lua.LValue{reply}
		}
	}
	return []lua.LValue{lua.LNil, lua.LString(err.Error())}
}

// request has the running task ask something and wait for the answer.
func (ts *Tasks) request(L *lua.LState, q question) int {
	return ts.yield(L, "request", func(t *task) { ts.ask(t, q) })
}
