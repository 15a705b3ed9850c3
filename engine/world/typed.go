package world

import (
	"bytes"
	"encoding/json"
	"math"

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
	parent     string      // relationships.parent
	pose       string      // intent.actuate_pose
	fromAvatar string      // intent.from_avatar
}

// retype follows a component's change; c is nil when it went away.
func (e *Entity) retype(name string, c map[string]any) {
	switch name {
	case "transform":
		e.typed.local = nil
		m := matrixOf(c)
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
	}
}

// forget is retype for an entity that has lost all its components.
func (e *Entity) forget() {
	for _, name := range []string{"transform", "relationships", "intent"} {
		e.retype(name, nil)
	}
}

// Parent is the entity its relationships name, or nil.
func (e *Entity) Parent() *Entity {
	if e.typed.parent == "" {
		return nil
	}
	return e.w.Entity(e.typed.parent)
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
	return matrixOf(transform)
}

func matrixOf(transform map[string]any) mgl64.Mat4 {
	if m, ok := transform["matrix"].(netcode.Matrix); ok {
		return mgl64.Mat4(m)
	}
	list, _ := transform["matrix"].([]any)
	if len(list) != 16 {
		return mgl64.Ident4()
	}
	var m mgl64.Mat4
	for i, v := range list {
		f, ok := v.(float64)
		if !ok {
			return mgl64.Ident4()
		}
		m[i] = f
	}
	return m
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
	e.setPosition(m[12], m[13], m[14])
	return true
}

// SetNumber gives one key of a component a number; its other keys stay. What is
// not finite is refused.
func (e *Entity) SetNumber(component, name string, v float64) bool {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	e.w.scratch = netcode.AppendNumber(e.w.scratch[:0], v)
	e.overwrite(component, name, e.w.scratch)
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
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

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
