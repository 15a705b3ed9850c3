package world

import (
	"strconv"
	"strings"

	"github.com/loci-place/loci/netcode"
)

// AppendPatch appends the "patches" array of a JSON Patch (RFC 6902) from base to
// the newest state, which becomes number revision. Base must not be before
// [World.Oldest].
func (w *World) AppendPatch(dst []byte, base Stamp, revision uint64) []byte {
	dst = append(dst, '[')
	for e := w.newest; e != nil && e.stamp > base; e = e.older {
		dst = e.AppendOperations(dst, base, !e.life.alive())
	}
	return CloseOperations(dst, revision)
}

// AppendOperations appends the entity's operations of a JSON Patch from base to
// the newest state, each with a comma behind it. With gone, they remove it. They are
// encoded only if no earlier call of this state did.
func (e *Entity) AppendOperations(dst []byte, base Stamp, gone bool) []byte {
	if gone {
		p := patch{dst: dst, delta: newDelta(base)}
		p.entity(e, true)
		return p.dst
	}
	if e.operations == nil {
		e.operations = &fragment{}
	}
	f := e.operations
	if !f.holds(base) {
		p := patch{dst: f.bytes[:0], delta: newDelta(base)}
		p.entity(e, false)
		*f = fragment{lo: p.delta.lo, hi: p.delta.hi, valid: true, bytes: p.dst}
		e.w.memory.encoded(e, cap(f.bytes))
	}
	return append(dst, f.bytes...)
}

// CloseOperations ends the operations of a JSON Patch with the one that sets the
// document's revision.
func CloseOperations(dst []byte, revision uint64) []byte {
	dst = append(dst, `{"op":"replace","path":"/revision","value":`...)
	return append(strconv.AppendUint(dst, revision, 10), "}]"...)
}

type patch struct {
	dst   []byte
	path  []byte
	delta delta
}

func (p *patch) entity(e *Entity, gone bool) {
	existed := e.life.existed(&p.delta)
	p.path = append(p.path[:0], "/entities"...)
	p.at(e.id, func() {
		switch {
		case gone && existed:
			p.remove()
		case gone:
		case !existed:
			p.value("add", e.appendWhole)
		default:
			p.at("components", func() { p.object(&e.components) })
		}
	})
}

func (p *patch) object(o *object) {
	for k := o.newest; k != nil && p.delta.after(k.stamp); k = k.older {
		p.at(k.name, func() { p.key(k) })
	}
}

func (p *patch) key(k *key) {
	existed := k.life.existed(&p.delta)
	switch {
	case !k.life.alive() && existed:
		p.remove()
	case !k.life.alive():
	case !existed:
		p.value("add", k.appendFull)
	case k.wasObject(&p.delta):
		p.object(k.obj)
	default:
		p.value("replace", k.appendFull)
	}
}

// at runs f one level down the path.
func (p *patch) at(name string, f func()) {
	n := len(p.path)
	p.path = append(append(p.path, '/'), pointerEscape.Replace(name)...)
	f()
	p.path = p.path[:n]
}

func (p *patch) remove() {
	p.open("remove", string(p.path))
	p.dst = append(p.dst, "},"...)
}

func (p *patch) value(op string, appendTo func([]byte) []byte) {
	p.open(op, string(p.path))
	p.dst = append(p.dst, `,"value":`...)
	p.dst = append(appendTo(p.dst), "},"...)
}

func (p *patch) open(op, path string) {
	p.dst = append(append(p.dst, `{"op":"`...), op...)
	p.dst = netcode.AppendString(append(p.dst, `","path":`...), path)
}

// pointerEscape writes a name as a JSON pointer's reference token (RFC 6901).
var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
