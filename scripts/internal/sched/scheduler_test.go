package sched

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// scheduler is one on which the place acts.
func scheduler(limits Limits) (*Scheduler, *bytes.Buffer) {
	var log bytes.Buffer
	s := New(&limits, slog.New(slog.NewTextHandler(&log, nil)))
	s.acting = s.Place
	s.Refill()
	return s, &log
}

func TestEventsComeInTheirOrder(t *testing.T) {
	s, _ := scheduler(Limits{Heartbeat: 100, Queue: 10, Chain: 10})
	var order []int
	add := func(n int) func() { return func() { order = append(order, n) } }
	s.Emit(func() {
		s.Emit(add(3)) // behind what is queued already
		add(1)()
	})
	s.Emit(add(2))
	s.Drain()
	if want := []int{1, 2, 3}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
}

func TestChainsOfEventsEnd(t *testing.T) {
	s, log := scheduler(Limits{Heartbeat: 100, Queue: 10, Chain: 5})
	times := 0
	var again func()
	again = func() { times++; s.Emit(again) }
	s.Emit(again)
	s.Drain()
	if times != 5 {
		t.Errorf("an event set itself off %d times", times)
	}
	if !strings.Contains(log.String(), "handlers set each other off without end") {
		t.Error(log)
	}
}

func TestDroppedEventsAreLoggedEverMoreRarely(t *testing.T) {
	s, log := scheduler(Limits{Heartbeat: 100, Queue: 3, Chain: 5})
	taken := 0
	for range 100 {
		if s.Emit(func() {}) {
			taken++
		}
	}
	if taken != 3 {
		t.Errorf("%d events are taken", taken)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 7 { // the 1st, 2nd, 4th … 64th
		t.Errorf("%d lines for 97 events", lines)
	}
}

func TestTasksGoOnThoughTheQueueIsFull(t *testing.T) {
	s, _ := scheduler(Limits{Heartbeat: 100, Queue: 1, Chain: 5})
	s.Emit(func() {})
	ran := 0
	for range 5 {
		s.Soon(s.Place, func() { ran++ })
	}
	s.Drain()
	if ran != 5 {
		t.Errorf("%d of 5 stretches ran", ran)
	}
}

func TestWorkWaitsForTheNextHeartbeat(t *testing.T) {
	s, _ := scheduler(Limits{Heartbeat: 1000, Agents: 1000, Queue: 640, Chain: 5, Deferred: 10})
	by := s.Of("a")
	var done []int
	work := func(n int) Work {
		return Work{By: by, Run: func() { s.charge(by, 400); done = append(done, n) }}
	}
	for n := range 6 {
		if !s.DoOrHold(work(n)) {
			t.Fatalf("work %d is refused", n)
		}
	}
	counts := fmt.Sprint(len(done))
	for range 4 {
		s.Refill()
		s.RunHeld()
		counts += fmt.Sprint(" ", len(done))
	}
	if counts != "2 3 4 5 6" {
		t.Errorf("%s pieces of work were done by heartbeat", counts)
	}
	if !slices.IsSorted(done) {
		t.Errorf("in the order %v", done)
	}
}

func TestNothingRunsWhileStateIsReplaced(t *testing.T) {
	s, _ := scheduler(Limits{Heartbeat: 100, Agents: 100, Queue: 64})
	s.Resting = true
	s.Refill()
	if s.Open(s.Place) || s.Open(s.Of("a")) {
		t.Error("something may run")
	}
}
