package world

import "github.com/go-gl/mathgl/mgl64"

// Grabbable is the component of that name: how hands may move an entity
// (netcode/PROTOCOL.md, "Intents", step 3).
type Grabbable struct {
	// ActuateOn says what moves instead: an ancestor by its id, or the parent
	// ("$parent"). Empty for the entity itself.
	ActuateOn string
	// Translation and Rotation say, for each axis of the moved entity's parent, how
	// much of a movement happens: 0 nothing, 1 all of it.
	Translation, Rotation mgl64.Vec3
}

// Grabbable returns the component, or nil if the entity has none. Constraints that
// are not 3 numbers do not constrain.
func (e *Entity) Grabbable() *Grabbable {
	if e.typed.grabbable == nil {
		if !e.Has("grabbable") {
			return nil
		}
		g := &Grabbable{}
		for _, name := range [...]string{"actuate_on", "translation_constraint", "rotation_constraint"} {
			g.read(name, e.value("grabbable", name))
		}
		e.typed.grabbable = g
	}
	return e.typed.grabbable
}

// read takes over one key of the component.
func (g *Grabbable) read(name string, v any) {
	switch name {
	case "actuate_on":
		g.ActuateOn, _ = v.(string)
	case "translation_constraint":
		g.Translation = constraint(v)
	case "rotation_constraint":
		g.Rotation = constraint(v)
	}
}

func constraint(v any) mgl64.Vec3 {
	free := mgl64.Vec3{1, 1, 1}
	list, _ := v.([]any)
	if len(list) != len(free) {
		return free
	}
	var c mgl64.Vec3
	for i, item := range list {
		f, ok := item.(float64)
		if !ok {
			return free
		}
		c[i] = f
	}
	return c
}
