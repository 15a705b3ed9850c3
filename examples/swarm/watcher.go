package main

import (
	"cmp"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// watcher measures, for an agent that keeps the whole document, how old what it
// holds of the other agents is: the time since it last saw each one's transform
// change. As all of them walk, each changes with every heartbeat of the place.
type watcher struct {
	near int // how many count as the nearest, and as the farthest

	mu        sync.Mutex // guards what follows
	began     time.Time  // when everybody began to walk
	self      sighting
	others    []sighting // nil until all have joined
	measuring bool
	ranked    []ranked
	ages      ages
}

// walker is an avatar, and how it walks.
type walker struct {
	avatar string
	circle circle
}

// sighting is what the document says of one avatar.
type sighting struct {
	walker
	entity map[string]any // nil if it is not in the document
	matrix netcode.Matrix
	moved  time.Time // when the matrix was last seen to change
	// begin is where the avatar must have begun to be there then, and at where it
	// is now.
	begin, at point
	// worn is how old the matrix had become when the newest state came, before
	// that was applied; negative if there was none.
	worn time.Duration
}

// point is a place on the floor, in metres.
type point struct{ x, z float64 }

// watch says which agents to look out for, which of them is the watcher, and when they
// all began to walk.
func (w *watcher) watch(self int, everybody []walker, began time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began, w.self = began, sighting{walker: everybody[self]}
	w.others = make([]sighting, 0, len(everybody))
	for n, other := range everybody {
		if n != self {
			w.others = append(w.others, sighting{walker: other})
		}
	}
}

func (w *watcher) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.measuring = true
}

// stop ends measuring and returns what was measured.
func (w *watcher) stop() *ages {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.measuring = false
	w.ages.watchers, w.ages.ranks = 1, w.near
	return &w.ages
}

// applied takes a look at the document after each state.
func (w *watcher) applied(d *netcode.Document) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.others == nil {
		return
	}
	walked := now.Sub(w.began)
	w.self.look(d, now, walked)
	for i := range w.others {
		w.others[i].look(d, now, walked)
	}
	if w.measuring && w.self.entity != nil {
		w.sample(now)
	}
}

// look brings the sighting up to date, after a time of walking. States replace the
// objects along the paths they change and share the others with the document
// before: an entity that is the same object as in the last state is not worth a
// closer look.
func (s *sighting) look(d *netcode.Document, now time.Time, walked time.Duration) {
	s.worn = -1
	if s.entity != nil {
		s.worn = now.Sub(s.moved)
	}
	x, z := s.circle.offset(walked)
	entity, _ := d.Entities[s.avatar].(map[string]any)
	if !same(entity, s.entity) {
		appeared := s.entity == nil
		s.entity = entity
		if matrix := matrixOf(d, s.avatar); appeared || matrix != s.matrix {
			s.matrix, s.moved = matrix, now
			s.begin = point{matrix[12] - x, matrix[14] - z}
		}
	}
	s.at = point{s.begin.x + x, s.begin.z + z}
}

// same reports whether two maps are one. Both are held on to, so neither can have
// taken the place of the other in memory.
func same(a, b map[string]any) bool {
	return reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
}

// matrixOf reads an entity's transform, as zeros where there is none.
func matrixOf(d *netcode.Document, id string) (m netcode.Matrix) {
	transform, _ := d.Component(id, "transform")
	numbers, _ := transform["matrix"].([]any)
	for i := range min(len(numbers), len(m)) {
		m[i], _ = numbers[i].(float64)
	}
	return m
}

// ranked is another avatar, to be put in order by its distance: not that in the
// document, by which those who are out of date are near because they were, but
// that to where it has walked since.
type ranked struct {
	distance    float64 // squared
	fresh, worn time.Duration
}

// sample counts the ages of the nearest and of the farthest others, nobody as
// both, and that of the oldest.
func (w *watcher) sample(now time.Time) {
	w.ranked = w.ranked[:0]
	oldest := ranked{worn: -1}
	for i := range w.others {
		s := &w.others[i]
		if s.entity == nil {
			continue
		}
		r := ranked{distance: s.at.squaredDistance(w.self.at), fresh: now.Sub(s.moved), worn: s.worn}
		w.ranked = append(w.ranked, r)
		oldest.fresh, oldest.worn = max(oldest.fresh, r.fresh), max(oldest.worn, r.worn)
	}
	w.ages.samples++
	w.ages.seen += uint64(len(w.ranked))
	if len(w.ranked) == 0 {
		return
	}
	slices.SortFunc(w.ranked, func(a, b ranked) int { return cmp.Compare(a.distance, b.distance) })
	near := min(w.near, len(w.ranked))
	for _, r := range w.ranked[:near] {
		w.ages.near.add(r)
	}
	for _, r := range w.ranked[max(near, len(w.ranked)-w.near):] {
		w.ages.far.add(r)
	}
	w.ages.oldest.add(oldest)
}

// squaredDistance is in square metres.
func (p point) squaredDistance(q point) float64 {
	return (p.x-q.x)*(p.x-q.x) + (p.z-q.z)*(p.z-q.z)
}
