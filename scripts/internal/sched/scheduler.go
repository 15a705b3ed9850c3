package sched

import (
	"log/slog"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/sandbox"
)

// Limits bound what scripts may run: fields of the same names of scripts.Limits, which
// describes them.
type Limits struct {
	Call               int64
	CallTime           time.Duration
	Heartbeat, Agents  int64
	Reserve            int64
	Deferred           int
	Backoff            time.Duration
	Load               int64
	LoadTime           time.Duration
	Queue, Chain       int
	Timers, Tasks      int
	Subscriptions      int
	Entities, LogLines int
	StateBytes         int
}

// CallBudget returns what one call may take.
func (l *Limits) CallBudget() sandbox.Budget {
	return sandbox.Budget{Instructions: l.Call, Time: l.CallTime}
}

// LoadBudget returns what a call may take before anybody is in.
func (l *Limits) LoadBudget() sandbox.Budget {
	return sandbox.Budget{Instructions: l.Load, Time: l.LoadTime}
}

// Scheduler holds what is to be done in scripts, and counts what they have done.
type Scheduler struct {
	Quotas
	Growth  Growth
	Opening bool   // until the open handlers have run
	Resting bool   // the scripts' state is being made again: nothing of them runs meanwhile
	Errors  int    // of scripts so far
	Refused uint64 // requests that were one agent's too many
	Spent   [len(Kinds)]Spent

	log     *slog.Logger
	turn    *engine.Turn
	queue   []Work // what handlers are to be told, in the order it happened
	depth   int    // of the event whose handlers run
	dropped int    // since the log last said so
}

// Spent is what handlers of a kind have cost. What one sets off and waits for is in its time.
type Spent struct {
	Calls        uint64
	Errors       uint64
	CutOffs      uint64 // of these, calls over their budget
	Time         time.Duration
	Instructions uint64
}

// New returns a scheduler for a place that is not open yet.
func New(limits *Limits, log *slog.Logger) *Scheduler {
	return &Scheduler{Quotas: newQuotas(limits), log: log}
}

// Begin notes the turn of the place once it is open: all but [New] needs it.
func (s *Scheduler) Begin(turn *engine.Turn) { s.turn = turn }

// Cause returns the quota of what makes something happen: the one on whose account a script
// runs, or whose command is carried out.
func (s *Scheduler) Cause() *Quota { return s.cause(s.turn) }

// Emit queues what handlers are to be told, and reports whether they will be. They are called
// when the turn ends in which it happened, so that no handler runs in the midst of another, or
// of what the place is doing.
func (s *Scheduler) Emit(run func()) bool {
	switch {
	case s.depth >= s.limits.Chain:
		s.drop("handlers set each other off without end", "chain", s.limits.Chain)
	case len(s.queue) >= s.limits.Queue:
		s.drop("too many events wait for their handlers", "queue", s.limits.Queue)
	default:
		s.queue = append(s.queue, Work{By: s.Cause(), depth: s.depth + 1, Run: run})
		return true
	}
	return false
}

// Soon queues what must not be dropped, such as the next stretch of a task, of which there is
// a limited number.
func (s *Scheduler) Soon(by *Quota, run func()) {
	s.queue = append(s.queue, Work{By: by, Must: true, Run: run})
}

// drop logs ever more rarely that events are lost.
func (s *Scheduler) drop(why string, args ...any) {
	s.dropped++
	if n := s.dropped; n&(n-1) == 0 {
		s.log.Error("an event is dropped: "+why, append(args, "dropped", n)...)
	}
}

// Drain does what is queued, as far as it fits; what does not waits with its quota. What
// an event's handlers set off comes behind all that is queued already.
func (s *Scheduler) Drain() {
	for len(s.queue) > 0 {
		w := s.queue[0]
		s.queue[0] = Work{}
		s.queue = s.queue[1:]
		if !s.DoOrHold(w) {
			s.drop("too many events of one agent wait for their handlers", "agent", w.By.who)
		}
	}
}

// DoOrHold does work that fits, and has other work wait with its quota. It reports false where
// too much waits already.
func (s *Scheduler) DoOrHold(w Work) bool {
	if s.fits(w.By) {
		s.do(w)
		return true
	}
	return s.hold(w)
}

// Request returns the work of answering a request, which is on the account of its cause.
func (s *Scheduler) Request(run func()) Work {
	return Work{By: s.Cause(), depth: s.depth, request: true, Run: run}
}

// do does work that fits, to its end.
func (s *Scheduler) do(w Work) {
	depth, begun := s.depth, s.begun
	defer func() { s.depth, s.begun = depth, begun }()
	s.depth, s.begun = w.depth, w.By
	s.Act(w.By, w.Run)
}

// RunHeld does what has waited for this heartbeat.
func (s *Scheduler) RunHeld() {
	for {
		w, ok := s.next()
		if !ok {
			return
		}
		s.do(w)
	}
}

// Refill gives scripts what they may run until the next heartbeat: nothing while their state
// is being made again.
func (s *Scheduler) Refill() {
	if s.Resting {
		s.RefillWith(0, 0)
		return
	}
	s.RefillWith(s.limits.Heartbeat, s.limits.Agents)
}
