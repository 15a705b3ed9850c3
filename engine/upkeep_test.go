package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
)

// upkeepRig is a world with animated entities beside a clock on which each step of one takes
// as long as the test says.
type upkeepRig struct {
	*testing.T
	u      *upkeep
	w      *world.World
	now    time.Time
	at     float64
	slowed map[string]int
}

func newUpkeepRig(t *testing.T, each, all time.Duration) *upkeepRig {
	r := &upkeepRig{T: t, w: world.New(1), now: time.Now(), slowed: map[string]int{}}
	r.u = newUpkeep(each, all, func(owner string) { r.slowed[owner]++ })
	r.u.clock = func() time.Time { return r.now }
	return r
}

// costly makes entities of an owner, each step of which takes so long.
func (r *upkeepRig) costly(owner string, n int, takes time.Duration) {
	r.Helper()
	for i := range n {
		e, err := r.w.Spawn(fmt.Sprint(owner, i), owner, map[string]any{
			"x": map[string]any{"n": 0.0},
			"property_animations": map[string]any{"animations": map[string]any{"a": map[string]any{
				"path": "x.n", "from": 0.0, "to": 1e6, "start_at": 0.0, "duration": 1e6,
			}}},
		})
		if err != nil {
			r.Fatal(err)
		}
		e.Remember(stepper{r, e, takes})
	}
}

// stepper lets time pass when the entity that it reads is changed.
type stepper struct {
	r     *upkeepRig
	e     *world.Entity
	takes time.Duration
}

func (s stepper) Stale() {
	s.r.now = s.r.now.Add(s.takes)
	s.e.Remember(s)
}

// beat has a heartbeat pass, and returns how long its animations took.
func (r *upkeepRig) beat() time.Duration {
	began := r.now
	r.at += 0.05
	r.u.animate(r.w, r.at)
	took := r.now.Sub(began)
	r.now = began.Add(max(took, 50*time.Millisecond))
	r.w.Advance()
	return took
}

// age returns how far the entity that was stepped longest ago is behind, in heartbeats.
func (r *upkeepRig) age(owner string) int {
	oldest := r.w.Now()
	for _, e := range r.w.OwnedBy(owner) {
		oldest = min(oldest, e.Changed())
	}
	return int(r.w.Now() - oldest)
}

// run lets heartbeats pass for about so long, and returns what part of it they took.
func (r *upkeepRig) run(d time.Duration) float64 {
	began, took := r.now, time.Duration(0)
	for r.now.Sub(began) < d {
		took += r.beat()
	}
	return took.Seconds() / r.now.Sub(began).Seconds()
}

func TestCostlyAnimationsAreSlowedAndNoOthers(t *testing.T) {
	r := newUpkeepRig(t, 50*time.Millisecond, 200*time.Millisecond)
	r.costly("heavy", 100, time.Millisecond)
	r.costly("light", 3, 10*time.Microsecond)
	r.costly(PlaceID, 3, 10*time.Microsecond)
	if part := r.run(20 * time.Second); part > 0.06 {
		t.Errorf("heartbeats took %.1f %% of the time, want 5", 100*part)
	}
	for range 100 {
		r.beat()
		if r.age("light") > 1 || r.age(PlaceID) > 1 {
			t.Fatal("others' entities are slowed")
		}
		if age := r.age("heavy"); age > 42 { // 100 ms of work at 5 % are 2 s
			t.Fatalf("an entity was left out for %d heartbeats", age)
		}
	}
	if r.slowed["heavy"] == 0 || r.slowed["light"] > 0 {
		t.Errorf("slowed were %v", r.slowed)
	}
}

func TestOneCostlyEntityIsAnimatedSeldom(t *testing.T) {
	r := newUpkeepRig(t, 50*time.Millisecond, 200*time.Millisecond)
	r.costly("heavy", 1, 300*time.Millisecond)
	if part := r.run(60 * time.Second); part > 0.06 || part < 0.03 {
		t.Errorf("heartbeats took %.1f %% of the time, want 5", 100*part)
	}
}

func TestAnimationsOfAllShareWhatThereIs(t *testing.T) {
	r := newUpkeepRig(t, 50*time.Millisecond, 200*time.Millisecond)
	for i := range 20 {
		r.costly(fmt.Sprint("heavy", i, "-"), 20, 100*time.Microsecond) // 40 ms a second each
	}
	r.costly("light", 5, 20*time.Microsecond)
	r.run(5 * time.Second)
	if part := r.run(20 * time.Second); part > 0.22 || part < 0.15 {
		t.Errorf("heartbeats took %.1f %% of the time, want 20", 100*part)
	}
	most := 0
	for i := range 20 {
		most = max(most, r.age(fmt.Sprint("heavy", i, "-")))
	}
	if most > 20 {
		t.Errorf("an entity was left out for %d heartbeats", most)
	}
	if r.slowed["light"] > 0 || r.age("light") > 1 {
		t.Error("the light agent's entities are slowed")
	}
}

func TestAffordableAnimationsAreSteppedEveryHeartbeat(t *testing.T) {
	r := newUpkeepRig(t, 50*time.Millisecond, 200*time.Millisecond)
	r.costly("ada", 1000, time.Microsecond)
	for range 200 {
		r.beat()
		if r.age("ada") > 1 {
			t.Fatal("an entity was left out")
		}
	}
	r.u.sweep()
	r.now = r.now.Add(time.Minute)
	r.u.sweep()
	if len(r.u.by) != 0 {
		t.Error("an account is kept for nothing")
	}
}
