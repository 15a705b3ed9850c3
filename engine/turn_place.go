package engine

import (
	"fmt"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// World is what stands in the place, for reading: what is changed there directly goes
// past all limits, and [Watcher] does not hear of it.
func (t *Turn) World() *world.World { return t.on().world }

// Place is the place whose turn it is, for what goes on without it: nothing that waits
// for the turn may be called in it.
func (t *Turn) Place() *Place { return t.place }

// Time is the place's clock, in seconds: [Place.Time].
func (t *Turn) Time() float64 { return t.place.Time() }

// Name is what agents that join are told the place is called.
func (t *Turn) Name() string { return t.on().cfg.Name }

// SetName changes the name for those that join from now on. The error is about one longer
// than [Limits.NameBytes].
func (t *Turn) SetName(name string) error {
	p := t.on()
	if err := p.cfg.Limits.checkName("the place's name", name); err != nil {
		return fmt.Errorf("engine: Turn.SetName: %w", err)
	}
	p.cfg.Name = name
	return nil
}

// SetHears replaces [Config.Hears]; nil means that everybody hears everybody.
func (t *Turn) SetHears(hears func(listener, speaker string) bool) { t.on().media.SetHears(hears) }

// Agent gives an agent by its id, and whether it is here.
func (t *Turn) Agent(id string) (Agent, bool) {
	a := t.on().agents[id]
	if a == nil {
		return Agent{}, false
	}
	return a.public(), true
}

// Move gives an entity a transform in its parent's space; what else its transform
// component has stays. The error is [ErrNoEntity] or, for numbers that are not finite,
// [ErrBadEntity].
func (t *Turn) Move(id string, to netcode.Matrix) error {
	e := t.on().world.Entity(id)
	if e == nil {
		return fmt.Errorf("%w %.100q", ErrNoEntity, id)
	}
	transform, _ := e.Component("transform")
	if transform == nil {
		transform = map[string]any{}
	}
	matrix := make([]any, len(to))
	for i, v := range to {
		matrix[i] = v
	}
	transform["matrix"] = matrix
	return t.Change(id, map[string]any{"transform": transform})
}

// Animate animates a property of an entity as add_property_animation does
// (netcode/PROTOCOL.md, "add_property_animation"), and returns the animation's id. What the
// [Checker] says of its ends counts for the host too.
func (t *Turn) Animate(id string, animation map[string]any) (string, error) {
	e := t.on().world.Entity(id)
	if e == nil {
		return "", fmt.Errorf("%w %.100q", ErrNoEntity, id)
	}
	animation, err := plain(animation)
	if err != nil {
		return "", err
	}
	if err := t.on().checkAnimation(e, animation); err != nil {
		return "", err
	}
	return t.on().animate(e, animation)
}

// StopAnimation ends an animation where it is, and reports whether there was one.
func (t *Turn) StopAnimation(id, animation string) bool {
	e := t.on().world.Entity(id)
	if e == nil || !e.HasAnimation(animation) {
		return false
	}
	return e.SetAnimation(animation, nil) == nil
}
