package world

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/go-gl/mathgl/mgl64"
	"github.com/loci-place/loci/netcode"
)

// MaxParents is the number of ancestors that count for an entity's transform: owners can
// make longer chains of parents, and rings.
const MaxParents = 64

// typed caches what the simulation reads from the official components.
type typed struct {
	local      *mgl64.Mat4 // transform.matrix; nil = not read yet
	at         [3]float32  // its translation
	matrix     bool        // transform.matrix is 16 numbers
	parent     string      // relationships.parent
	pose       string      // intent.actuate_pose
	fromAvatar string      // intent.from_avatar
	grabbable  *Grabbable  // nil = not read yet, or there is none
	animated   *Animated   // nil = it has no animations
}

// retype updates typed after a component has changed; c is nil if it was removed.
func (e *Entity) retype(name string, c map[string]any) {
	switch name {
	case "transform":
		e.typed.local = nil
		m, ok := matrixOf(c)
		e.typed.matrix = ok
		e.setPosition(m[12], m[13], m[14])
	case "relationships":
		parent, _ := c["parent"].(string)
		e.w.children.move(e, e.typed.parent, parent)
		e.typed.parent = parent
	case "intent":
		avatar, _ := c["from_avatar"].(string)
		e.followAvatar(avatar)
		e.typed.pose, _ = c["actuate_pose"].(string)
	case "grabbable":
		e.typed.grabbable = nil
	case "property_animations":
		animations, _ := c["animations"].(map[string]any)
		has := false
		for _, a := range animations {
			has = has || a != nil
		}
		e.setAnimated(has)
	}
}

func (e *Entity) followAvatar(id string) {
	e.w.followers.move(e, e.typed.fromAvatar, id)
	e.typed.fromAvatar = id
}

// retyped are the components that retype knows.
var retyped = [...]string{"transform", "relationships", "intent", "grabbable", "property_animations"}

// forget resets typed for an entity that has lost all its components.
func (e *Entity) forget() {
	for _, name := range retyped {
		e.retype(name, nil)
	}
}

// reread is retype after a number or boolean at or below one key of the component has
// changed. It decodes only that key.
func (e *Entity) reread(component, name string) {
	switch component + "." + name {
	case "transform.matrix":
		e.retype(component, e.only(component, name))
	case "relationships.parent":
		e.retype(component, e.only(component, name))
		e.resettle(component)
	case "intent.from_avatar":
		e.followAvatar(e.text(component, name))
	case "intent.actuate_pose":
		e.typed.pose = e.text(component, name)
	case "grabbable.actuate_on", "grabbable.translation_constraint", "grabbable.rotation_constraint":
		if e.typed.grabbable != nil {
			g := *e.typed.grabbable // others may have it
			g.read(name, e.value(component, name))
			e.typed.grabbable = &g
		}
	case "property_animations.animations":
		k := e.animations()
		e.setAnimated(k != nil && len(k.open().live) > 0)
	}
}

// value returns one key of a component as decoded JSON, nil if there is none.
func (e *Entity) value(component, name string) any {
	c := e.components.get(component)
	if c == nil {
		return nil
	}
	raw := c.part(name)
	if raw == nil {
		return nil
	}
	v, err := netcode.ParseValue(raw)
	if err != nil {
		panic(fmt.Sprintf("world: stored %s.%s of %s: %v", component, name, e.id, err))
	}
	return v
}

func (e *Entity) text(component, name string) string {
	text, _ := e.value(component, name).(string)
	return text
}

// only returns a component with just one of its keys.
func (e *Entity) only(component, name string) map[string]any {
	return map[string]any{name: e.value(component, name)}
}

// Parent returns the entity that its relationships name, or nil.
func (e *Entity) Parent() *Entity {
	if e.typed.parent == "" {
		return nil
	}
	return e.w.Entity(e.typed.parent)
}

// ParentID returns the id that its relationships name, "" if none. That entity may not exist.
func (e *Entity) ParentID() string { return e.typed.parent }

// Part returns the body part of an avatar that actuates a pose, or nil: its child with that
// pose and the same owner, since children of other owners are no part of its body. Of
// several it is the last one added, as agents predict.
func (e *Entity) Part(pose string) *Entity {
	for _, c := range slices.Backward(e.w.children.by[e.id]) {
		if c.typed.pose == pose && c.owner == e.owner {
			return c
		}
	}
	return nil
}

// Pose returns the pose that sets its transform (intent.actuate_pose), or "".
func (e *Entity) Pose() string { return e.typed.pose }

// FromAvatar returns the avatar whose poses it follows (intent.from_avatar), or "".
func (e *Entity) FromAvatar() string { return e.typed.fromAvatar }

// Local returns the entity's transform in its parent's space, column-major, in metres. It is
// the identity if the component is missing or not 16 finite numbers.
func (e *Entity) Local() mgl64.Mat4 {
	if e.typed.local == nil {
		m := e.readLocal()
		e.typed.local = &m
	}
	return *e.typed.local
}

func (e *Entity) readLocal() mgl64.Mat4 {
	m, _ := matrixOf(e.only("transform", "matrix"))
	return m
}

// matrixOf returns a transform's matrix, and whether it has one.
func matrixOf(transform map[string]any) (m mgl64.Mat4, ok bool) {
	if m, ok := transform["matrix"].(netcode.Matrix); ok {
		return mgl64.Mat4(m), true
	}
	list, _ := transform["matrix"].([]any)
	if len(list) != len(m) {
		return mgl64.Ident4(), false
	}
	for i, v := range list {
		f, ok := v.(float64)
		if !ok {
			return mgl64.Ident4(), false
		}
		m[i] = f
	}
	return m, true
}

// SetLocal sets the entity's transform, and keeps the component's other keys. It reports
// false for a matrix with a number that is not finite.
func (e *Entity) SetLocal(m mgl64.Mat4) bool {
	if !finite(&m) {
		return false
	}
	e.w.scratch = netcode.AppendMatrix(e.w.scratch[:0], (*netcode.Matrix)(&m))
	e.overwrite("transform", "matrix", e.w.scratch)
	if e.typed.local == nil {
		e.typed.local = new(mgl64.Mat4)
	}
	*e.typed.local = m
	e.typed.matrix = true
	e.setPosition(m[12], m[13], m[14])
	return true
}

// SetNumber sets one key of a component to a number, and keeps its other keys. It reports
// false if the number is not finite.
func (e *Entity) SetNumber(component, name string, v float64) bool {
	if !isFinite(v) {
		return false
	}
	e.w.scratch = netcode.AppendNumber(e.w.scratch[:0], v)
	e.overwrite(component, name, e.w.scratch)
	e.reread(component, name)
	return true
}

// SetScalar sets one key of a component to a number, with all its digits, or a boolean, and
// keeps its other keys. It reports false for anything else, and for numbers not finite.
func (e *Entity) SetScalar(component, name string, v any) bool {
	switch v := v.(type) {
	case bool:
	case float64:
		if !isFinite(v) {
			return false
		}
	default:
		return false
	}
	e.w.scratch = netcode.AppendValue(e.w.scratch[:0], v)
	e.overwrite(component, name, e.w.scratch)
	e.reread(component, name)
	return true
}

// overwrite sets one key of a component to an encoded leaf. This is the most frequent edit,
// and allocates nothing if the key exists.
func (e *Entity) overwrite(component, name string, raw []byte) {
	c := e.components.get(component)
	if c == nil {
		ed := e.editor()
		e.w.memory.reckon(e)
		ed.set(&e.components, component, append(append(appendName([]byte{'{'}, name), raw...), '}'))
		e.touch()
		return
	}
	was := c.width()
	o := c.open()
	if k := o.get(name); k == nil || k.isObj || k.inner != nil {
		ed := e.editor()
		e.w.memory.reckon(e)
		if !ed.set(o, name, raw) {
			return
		}
	} else if bytes.Equal(k.raw, raw) {
		return
	} else {
		o.size += len(raw) - len(k.raw)
		k.raw = append(k.raw[:0], raw...)
		o.put(k, e.w.now)
	}
	e.components.size += c.width() - was
	e.components.put(c, e.w.now)
	e.touch()
}

func finite(m *mgl64.Mat4) bool {
	for _, v := range m {
		if !isFinite(v) {
			return false
		}
	}
	return true
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// World returns the entity's transform in world space.
func (e *Entity) World() mgl64.Mat4 {
	m := e.Local()
	for p, n := e.Parent(), 0; p != nil && n < MaxParents; p, n = p.Parent(), n+1 {
		m = p.Local().Mul4(m)
	}
	return m
}

// detach makes the entity a root, at its current position.
func (e *Entity) detach() {
	m := e.World()
	e.Unset("relationships")
	e.SetLocal(m)
}

// WouldCycle reports whether child would be its own ancestor, or have more than
// [MaxParents] ancestors, with the given parent. Its cost is the length of the chain above
// that parent; the depth of the tree below child does not count. A chain that names child
// counts even if child is not in the world yet or any more.
func (w *World) WouldCycle(child *Entity, parentID string) bool {
	id := parentID
	for range MaxParents + 1 {
		if id == child.id {
			return true
		}
		p := w.Entity(id)
		if p == nil {
			return false
		}
		id = p.typed.parent
	}
	return true
}

// Grabbable is the component grabbable, which says how hands may move an entity
// (netcode/PROTOCOL.md, "Intents", step 3).
type Grabbable struct {
	// ActuateOn is the entity that moves instead: the id of an ancestor, or "$parent". Empty
	// means the entity itself.
	ActuateOn string
	// Translation and Rotation scale the movement along each axis of the moved entity's
	// parent: 0 blocks it, 1 allows all of it.
	Translation, Rotation mgl64.Vec3
}

// Grabbable returns the component, or nil if the entity has none. Constraints that are not
// 3 numbers are ignored.
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

// read reads one key of the component.
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
