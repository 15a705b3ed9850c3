package world

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/netcode"
)

// MaxParents is how many ancestors count towards where an entity stands: a chain
// of parents may be made longer, or into a ring, by whoever owns the entities.
const MaxParents = 64

// typed is what the simulation reads of the official components.
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

// retype follows a component's change; c is nil when it went away.
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
		e.w.followers.move(e, e.typed.fromAvatar, avatar)
		e.typed.fromAvatar = avatar
		e.typed.pose, _ = c["actuate_pose"].(string)
	case "grabbable":
		e.typed.grabbable = nil
	case "property_animations":
		animations, _ := c["animations"].(map[string]any)
		e.setAnimated(len(animations) > 0)
	}
}

// retyped are the components that retype knows.
var retyped = [...]string{"transform", "relationships", "intent", "grabbable", "property_animations"}

// forget is retype for an entity that has lost all its components.
func (e *Entity) forget() {
	for _, name := range retyped {
		e.retype(name, nil)
	}
}

// reread is retype after a key of the component got a number.
func (e *Entity) reread(component, name string) {
	if !slices.Contains(retyped[:], component) || component == "transform" && name != "matrix" {
		return
	}
	c, _ := e.Component(component)
	e.retype(component, c)
	e.resettle(component)
}

// Parent is the entity its relationships name, or nil.
func (e *Entity) Parent() *Entity {
	if e.typed.parent == "" {
		return nil
	}
	return e.w.Entity(e.typed.parent)
}

// ParentID is the id that its relationships name, whether or not such an entity stands
// there; "" if none.
func (e *Entity) ParentID() string { return e.typed.parent }

// Part is the part of an avatar's body that acts out a pose, or nil: its child with that
// pose and of the same owner, since what somebody else hangs on an avatar is no part of its
// body. Of several it is the one that came last, as agents predict.
func (e *Entity) Part(pose string) *Entity {
	for _, c := range slices.Backward(e.w.children[e.id]) {
		if c.typed.pose == pose && c.owner == e.owner {
			return c
		}
	}
	return nil
}

// Pose is the pose it takes its transform from (intent.actuate_pose), or "".
func (e *Entity) Pose() string { return e.typed.pose }

// FromAvatar is the avatar whose poses it follows (intent.from_avatar), or "".
func (e *Entity) FromAvatar() string { return e.typed.fromAvatar }

// Local is the entity's transform in its parent's space, column-major, in metres;
// identity where the component is missing or is not 16 finite numbers.
func (e *Entity) Local() mgl64.Mat4 {
	if e.typed.local == nil {
		m := e.readLocal()
		e.typed.local = &m
	}
	return *e.typed.local
}

func (e *Entity) readLocal() mgl64.Mat4 {
	transform, _ := e.Component("transform")
	m, _ := matrixOf(transform)
	return m
}

// matrixOf gives a transform's matrix, and whether it has one.
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

// SetLocal moves the entity. The transform's other keys stay. A matrix with a
// number that is not finite is refused.
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

// SetNumber gives one key of a component a number; its other keys stay. What is
// not finite is refused.
func (e *Entity) SetNumber(component, name string, v float64) bool {
	if !isFinite(v) {
		return false
	}
	e.w.scratch = netcode.AppendNumber(e.w.scratch[:0], v)
	e.overwrite(component, name, e.w.scratch)
	e.reread(component, name)
	return true
}

// SetScalar gives one key of a component a number, exactly as it is, or a truth value;
// its other keys stay. What is neither, and what is not finite, is refused.
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

// overwrite gives one key of a component an encoded leaf. It is what happens to
// most entities most often, and allocates nothing once the key is there.
func (e *Entity) overwrite(component, name string, raw []byte) {
	c := e.components.get(component)
	if c == nil {
		ed := e.w.editor()
		ed.set(&e.components, component, map[string]any{name: json.RawMessage(raw)})
		e.touch()
		return
	}
	k := c.open().get(name)
	switch {
	case k == nil || k.isObj:
		ed := e.w.editor()
		ed.set(c.obj, name, json.RawMessage(raw))
	case bytes.Equal(k.raw, raw):
		return
	default:
		k.raw = append(k.raw[:0], raw...)
		k.stamp = e.w.now
	}
	c.stamp = e.w.now
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

// World is the entity's transform in world space.
func (e *Entity) World() mgl64.Mat4 {
	m := e.Local()
	for p, n := e.Parent(), 0; p != nil && n < MaxParents; p, n = p.Parent(), n+1 {
		m = p.Local().Mul4(m)
	}
	return m
}

// detach moves the entity to the root, where it stands.
func (e *Entity) detach() {
	m := e.World()
	e.Unset("relationships")
	e.SetLocal(m)
}
