package main

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

// crowd is a document of avatars in a row, a metre apart.
type crowd struct {
	t        testing.TB
	document netcode.Document
	at       map[string]float64
}

func newCrowd(t testing.TB, avatars int) (c *crowd, ids []string) {
	c = &crowd{t: t, at: map[string]float64{}}
	entities := ""
	for n := range avatars {
		id := fmt.Sprintf("avatar%02d", n)
		ids = append(ids, id)
		c.at[id] = float64(n)
		entities += fmt.Sprintf(`%q:{"id":%q,"components":%s},`, id, id, c.components(id))
	}
	c.apply(netcode.StyleSet, entities+`"place":{"id":"place","components":{}}`)
	return c, ids
}

func (c *crowd) components(id string) string {
	m := netcode.Identity
	m[12] = c.at[id]
	return fmt.Sprintf(`{"transform":{"matrix":%s}}`, netcode.AppendMatrix(nil, &m))
}

func (c *crowd) apply(style netcode.PatchStyle, entities string) {
	c.t.Helper()
	s := netcode.State{
		Style: style, From: c.document.Revision, Revision: c.document.Revision + 1,
		Entities: []byte("{" + entities + "}"),
	}
	if err := c.document.Apply(&s); err != nil {
		c.t.Fatal(err)
	}
}

// move has avatars take a small step, in one state.
func (c *crowd) move(ids ...string) {
	entities := ""
	for _, id := range ids {
		c.at[id] += 0.001
		entities += fmt.Sprintf(`%q:{"components":%s},`, id, c.components(id))
	}
	c.apply(netcode.StyleMerge, entities+`"place":{"components":{"clock":{"time":1}}}`)
}

// watching runs a test in a bubble, with a watcher of the first avatar of a crowd.
func watching(t *testing.T, avatars, near int, test func(w *watcher, c *crowd, ids []string)) {
	synctest.Test(t, func(t *testing.T) {
		c, ids := newCrowd(t, avatars)
		w := &watcher{near: near}
		w.applied(&c.document) // before it knows whom to watch
		w.watch(0, still(ids), time.Now())
		w.applied(&c.document)
		w.start()
		test(w, c, ids)
	})
}

const beat = 50 * time.Millisecond

// still is avatars that do not walk by themselves.
func still(ids []string) (all []walker) {
	for _, id := range ids {
		all = append(all, walker{avatar: id})
	}
	return all
}

// next has a state come, one heartbeat after the last.
func next(w *watcher, c *crowd, moved ...string) {
	time.Sleep(beat)
	c.move(moved...)
	w.applied(&c.document)
}

func TestWatcherTellsTheNearestFromTheFarthest(t *testing.T) {
	watching(t, 10, 3, func(w *watcher, c *crowd, ids []string) {
		// The nearest three move with every state, the farthest three with every
		// fourth, no matter who is between never.
		for n := range 40 {
			moved := ids[1:4:4]
			if n%4 == 0 {
				moved = append(moved, ids[7:]...)
			}
			next(w, c, moved...)
		}
		r := w.stop().report()
		if r.Watchers != 1 || r.Visible != 9 || r.Near != 3 {
			t.Errorf("%+v", r)
		}
		want := map[string][2]spread{
			"nearest":  {{0, 0, 0}, {50, 50, 50}},
			"farthest": {{50, 150, 150}, {100, 200, 200}},
			"oldest":   {{1000, 2000, 2000}, {1000, 2000, 2000}},
		}
		got := map[string]stalenessReport{"nearest": r.Nearest, "farthest": r.Farthest, "oldest": r.Oldest}
		for name, s := range got {
			if s.Fresh != want[name][0] || s.Worn != want[name][1] {
				t.Errorf("%s: %+v, want %v", name, s, want[name])
			}
		}
	})
}

func TestWatcherTakesOnlyANewTransformForNews(t *testing.T) {
	watching(t, 2, 1, func(w *watcher, c *crowd, ids []string) {
		next(w, c, ids[1])
		unchanged := map[string]func(){
			"another component": func() {
				c.apply(netcode.StyleMerge, fmt.Sprintf(`%q:{"components":{"visor":{"display_name":"x"}}}`, ids[1]))
			},
			"the same transform": func() {
				c.apply(netcode.StyleMerge, fmt.Sprintf(`%q:{"components":%s}`, ids[1], c.components(ids[1])))
			},
			"everything anew": func() {
				c.apply(netcode.StyleSet, fmt.Sprintf(`%q:{"components":{}},%q:{"components":%s}`, ids[0], ids[1], c.components(ids[1])))
			},
		}
		age := time.Duration(0)
		for name, change := range unchanged {
			time.Sleep(beat)
			age += beat
			change()
			w.applied(&c.document)
			if w.ages.oldest.fresh.max != age {
				t.Errorf("%s: %v old, want %v", name, w.ages.oldest.fresh.max, age)
			}
		}
	})
}

func TestWatcherRanksByWhereEverybodyIsNow(t *testing.T) {
	watching(t, 3, 1, func(w *watcher, c *crowd, ids []string) {
		c.at[ids[0]] = 1.8 // from beside the first of the others to beside the second
		next(w, c, ids[0], ids[2])
		if a := w.stop(); a.near.fresh.max != 0 || a.far.fresh.max != beat {
			t.Errorf("nearest %v old, farthest %v", a.near.fresh.max, a.far.fresh.max)
		}
	})
}

func TestWatcherRanksByWhereAvatarsWalkUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, ids := newCrowd(t, 3)
		everybody := still(ids)
		// Half a circle leads the second from 1 m beside the watcher to 5 m.
		const half = 3142 * time.Millisecond
		everybody[1].circle = circle{radius: 2, turning: 1}
		w := &watcher{near: 1}
		w.watch(0, everybody, time.Now())
		w.applied(&c.document)
		w.start()
		time.Sleep(half)
		c.move(ids[2])
		w.applied(&c.document)
		if a := w.stop(); a.near.fresh.max != 0 || a.far.fresh.max != half {
			t.Errorf("nearest %v old, farthest %v", a.near.fresh.max, a.far.fresh.max)
		}
	})
}

func TestAvatarOutOfSightHasNoAge(t *testing.T) {
	watching(t, 3, 5, func(w *watcher, c *crowd, ids []string) {
		time.Sleep(beat)
		c.apply(netcode.StyleMerge, fmt.Sprintf(`%q:null,%q:{"components":%s}`, ids[2], ids[1], c.components(ids[1])))
		w.applied(&c.document)
		for range 20 {
			next(w, c, ids[1])
		}
		time.Sleep(beat)
		c.apply(netcode.StyleMerge, fmt.Sprintf(`%q:{"id":%q,"components":%s}`, ids[2], ids[2], c.components(ids[2])))
		w.applied(&c.document)
		next(w, c, ids[1:]...)
		a := w.stop()
		// Back in sight it is new, however long it was gone.
		if a.oldest.fresh.max > beat || a.oldest.worn.max > 2*beat {
			t.Errorf("%v old, then %v", a.oldest.fresh.max, a.oldest.worn.max)
		}
		if a.samples != 23 || a.seen != 21+2*2 {
			t.Errorf("%d samples, %d seen", a.samples, a.seen)
		}
	})
}

func TestSilenceShowsInTheAgesBeforeAState(t *testing.T) {
	watching(t, 3, 1, func(w *watcher, c *crowd, ids []string) {
		next(w, c, ids...)
		time.Sleep(time.Second)
		next(w, c, ids...)
		if a := w.stop(); a.near.fresh.max != 0 || a.near.worn.max != time.Second+beat {
			t.Errorf("%v old, then %v", a.near.fresh.max, a.near.worn.max)
		}
	})
}

func BenchmarkWatcherState(b *testing.B) {
	for _, moving := range []int{30, 300} {
		b.Run(fmt.Sprint(moving, " of 300 moving"), func(b *testing.B) {
			c, ids := newCrowd(b, 300)
			w := &watcher{near: 20}
			w.watch(0, still(ids), time.Now())
			w.start()
			var documents []netcode.Document
			for range 2 {
				c.move(ids[:moving]...)
				documents = append(documents, c.document)
			}
			b.ReportAllocs()
			for n := range b.N {
				w.applied(&documents[n%2])
			}
		})
	}
}
