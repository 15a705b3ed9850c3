package sim

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/loci-place/loci/engine/world"
)

// Animate brings every animated property to where it is when the place's clock says
// now, in seconds, and takes out the animations that are over (netcode/PROTOCOL.md,
// "Property animations"). Animations of one entity act in the order of their ids, each on
// what the ones before it made. Those that make no sense, or lead to no property of their
// kind, are passed over.
func Animate(w *world.World, now float64) {
	all := w.Animated()
	for i := len(all) - 1; i >= 0; i-- {
		AnimateSome(all[i], len(all[i].Entities), len(all[i].Entities), now)
	}
}

// AnimateSome is [Animate] for n of the entities of one owner: for those before the given
// index, backwards.
func AnimateSome(by *world.AnimatedBy, before, n int, now float64) {
	for i := before - 1; i >= before-n; i-- {
		animate(by.Entities[i], now)
	}
}

// playing is one of an entity's animations.
type playing struct {
	id string
	Animation
	ended bool
}

func animate(a *world.Animated, now float64) {
	list, ok := a.Parsed.(*[]playing)
	if !ok {
		list = parsePlaying(a.Entity)
		a.Parsed = list
	}
	for _, id := range a.Edited {
		reparse(list, id, a.Entity.Animation(id))
	}
	a.Edited = a.Edited[:0]
	var ended []string
	for i := range *list {
		p := &(*list)[i]
		if p.ended = p.step(a.Entity, now); p.ended {
			ended = append(ended, p.id)
		}
	}
	if ended != nil {
		*list = slices.DeleteFunc(*list, func(p playing) bool { return p.ended })
		a.Entity.EndAnimations(ended...)
	}
}

func parsePlaying(e *world.Entity) *[]playing {
	component, _ := e.Component("property_animations")
	animations, _ := component["animations"].(map[string]any)
	list := []playing{}
	for _, id := range slices.Sorted(maps.Keys(animations)) {
		if a, err := ParseAnimation(animations[id]); err == nil {
			list = append(list, playing{id: id, Animation: a})
		}
	}
	return &list
}

// reparse takes over that one animation has come, become another or gone.
func reparse(list *[]playing, id string, description any) {
	i, found := slices.BinarySearchFunc(*list, id, func(p playing, id string) int { return strings.Compare(p.id, id) })
	if found {
		*list = slices.Delete(*list, i, i+1)
	}
	if a, err := ParseAnimation(description); err == nil {
		*list = slices.Insert(*list, i, playing{id: id, Animation: a})
	}
}

// Ends returns the component that the animation moves as it is where the animation begins,
// and where it ends; none where the entity has no such property, or not yet.
func (a *Animation) Ends(e *world.Entity) (ends []map[string]any) {
	component := a.Component()
	c, ok := e.Component(component)
	if !ok {
		return nil
	}
	for _, progress := range []float64{0, 1} {
		aside, err := world.New(1).Spawn("aside", "", map[string]any{component: c})
		if err != nil || !a.target.set(aside, interpolate(&a.from, &a.to, progress)) {
			return nil
		}
		end, _ := aside.Component(component)
		ends = append(ends, end)
	}
	return ends
}

// step moves the property to where it is at a time, and reports whether it has arrived.
func (a *Animation) step(e *world.Entity, now float64) (arrived bool) {
	elapsed := now - a.start
	if !(elapsed >= 0) {
		return false
	}
	from, to, progress := &a.from, &a.to, elapsed/a.duration
	switch {
	case a.repeats:
		if a.autoreverses && math.Mod(math.Trunc(progress), 2) == 1 {
			from, to = to, from
		}
		progress = math.Mod(elapsed, a.duration) / a.duration
	case !(progress <= 1): // also 0 divided by 0
		progress, arrived = 1, true
	}
	return a.target.set(e, interpolate(from, to, a.ease(progress))) && arrived
}
