package engine

import (
	"fmt"
	"strings"
	"testing"
)

func TestShortTurnsGoBeforeThoseOfHeavyAgents(t *testing.T) {
	q := newTurns()
	var done []string
	ask := func(f *fairFlow, name string, seconds float64) {
		q.pushOf(f, seconds, func() { done = append(done, name); q.used(f, 0) })
	}
	heavy := make([]fairFlow, 20)
	for round := range 3 {
		for i := range heavy {
			ask(&heavy[i], fmt.Sprint("heavy", round), 0.010)
		}
	}
	var light fairFlow
	for i := range 60 {
		ask(&light, "light", 0.0001)
		q.take()()
		if done[len(done)-1] != "light" {
			t.Fatalf("after %d the light agent waited for %q", i, done[len(done)-1])
		}
		if next := q.take(); next != nil {
			next()
		}
	}
	if n := strings.Count(strings.Join(done, " "), "heavy"); n != 60 {
		t.Errorf("%d of 60 heavy commands were done", n)
	}
}

func TestTurnsOfOneAgentKeepTheirOrder(t *testing.T) {
	q := newTurns()
	var f, other fairFlow
	var done []int
	for i := range 50 {
		q.pushOf(&f, float64(50-i)/1000, func() { done = append(done, i) })
		q.pushOf(&other, 0.001, func() {})
	}
	for next := q.take(); next != nil; next = q.take() {
		next()
	}
	for i, n := range done {
		if n != i {
			t.Fatalf("%d was done in place of %d", n, i)
		}
	}
}

func TestANewcomerFromABusyAddressGoesBehindOthers(t *testing.T) {
	q := newTurns()
	var done string
	var back, other fairFlow
	q.join(&back, 0.5)
	q.pushOf(&back, 0.001, func() { done += "back " })
	for range 3 {
		q.pushOf(&other, 0.001, func() { done += "other " })
	}
	for next := q.take(); next != nil; next = q.take() {
		next()
	}
	if done != "other other other back " {
		t.Error(done)
	}
}

func TestThePlacesOwnTurnsComeFirst(t *testing.T) {
	q := newTurns()
	var f fairFlow
	done := ""
	q.pushOf(&f, 0, func() { done += "agent " })
	q.push(func() { done += "place " })
	<-q.ready
	q.take()()
	<-q.ready
	q.take()()
	if done != "place agent " || q.take() != nil {
		t.Error(done)
	}
}
