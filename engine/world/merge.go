package world

import "github.com/loci-place/loci/netcode"

// AppendSet appends the "entities" object of the whole state, for a state packet
// of style set (netcode/PROTOCOL.md, "State").
func (w *World) AppendSet(dst []byte) []byte {
	dst = append(dst, '{')
	for e := range w.Entities() {
		dst = e.appendMember(dst, nil)
		dst = append(dst, ',')
	}
	return CloseObject(dst)
}

// AppendMerge appends the "entities" object of a merge patch (RFC 7386) from base
// to the newest state. It holds a null only for what base really has: agents
// crash on others. Base must not be before [World.Oldest].
func (w *World) AppendMerge(dst []byte, base Stamp) []byte {
	dst = append(dst, '{')
	for e := w.newest; e != nil && e.stamp > base; e = e.older {
		if f := e.Fragment(base); len(f) > 0 {
			dst = append(dst, f...)
			dst = append(dst, ',')
		}
	}
	return CloseObject(dst)
}

// fragment is an entity's part of a merge patch, or of a JSON Patch, good for every base
// from lo up to but not including hi.
type fragment struct {
	lo, hi Stamp
	valid  bool
	bytes  []byte
}

func (f *fragment) holds(base Stamp) bool { return f.valid && base >= f.lo && base < f.hi }

// Fragment returns the entity's member of a merge patch, `"id":{…}`, from base to
// the newest state: the whole entity if base lacks it (as state 0 does), nothing
// if neither has it. It is encoded only if no earlier call of this state did, and
// good until the next call.
func (e *Entity) Fragment(base Stamp) []byte {
	f := e.fragment
	if f == nil {
		f = &fragment{}
		e.fragment = f
	}
	if !f.holds(base) {
		d := newDelta(base)
		f.bytes = e.appendMember(f.bytes[:0], &d)
		f.lo, f.hi, f.valid = d.lo, d.hi, true
		e.w.memory.encoded(e, cap(f.bytes))
	}
	return f.bytes
}

// FragmentSize is how many bytes [Entity.Fragment] has. Nothing is encoded for that where it is
// the whole entity, however large.
func (e *Entity) FragmentSize(base Stamp) int {
	if f := e.fragment; f != nil && f.holds(base) {
		return len(f.bytes)
	}
	if d := newDelta(base); e.life.alive() && !e.life.existed(&d) {
		return e.Size()
	}
	return len(e.Fragment(base))
}

// appendMember appends `"id":…`: the whole entity if d is nil or its base lacks
// it, else what changed since; nothing if neither state has it.
func (e *Entity) appendMember(dst []byte, d *delta) []byte {
	existed := d != nil && e.life.existed(d)
	switch {
	case !e.life.alive() && existed:
		return AppendRemoval(dst, e.id)
	case !e.life.alive():
		return dst
	case !existed:
		return e.appendWhole(appendName(dst, e.id))
	}
	dst = append(appendName(dst, e.id), `{"components":`...)
	return append(e.components.appendDelta(dst, d), '}')
}

// appendWhole appends the entity as a value.
func (e *Entity) appendWhole(dst []byte) []byte {
	dst = netcode.AppendString(append(dst, `{"id":`...), e.id)
	dst = append(dst, `,"components":`...)
	return append(e.components.appendFull(dst), '}')
}

// AppendComponents appends the entity's components by name, or of them those that are
// wanted, as an object.
func (e *Entity) AppendComponents(dst []byte, wanted func(name string) bool) []byte {
	if wanted == nil {
		return e.components.appendFull(dst)
	}
	dst = append(dst, '{')
	for _, k := range e.components.live {
		if wanted(k.name) {
			dst = append(k.appendFull(appendName(dst, k.name)), ',')
		}
	}
	return CloseObject(dst)
}

func (o *object) appendFull(dst []byte) []byte {
	dst = append(dst, '{')
	for _, k := range o.live {
		dst = append(k.appendFull(appendName(dst, k.name)), ',')
	}
	return CloseObject(dst)
}

func (k *key) appendFull(dst []byte) []byte {
	switch {
	case k.isObj && k.obj != nil:
		return k.obj.appendFull(dst)
	case k.inner != nil:
		return k.inner.append(dst)
	default:
		return append(dst, k.raw...)
	}
}

// appendDelta costs what has changed, not what there is.
func (o *object) appendDelta(dst []byte, d *delta) []byte {
	dst = append(dst, '{')
	for k := o.newest; k != nil && d.after(k.stamp); k = k.older {
		switch {
		case !k.life.alive():
			if k.life.existed(d) {
				dst = append(appendName(dst, k.name), "null,"...)
			}
		case k.wasObject(d):
			dst = append(k.obj.appendDelta(appendName(dst, k.name), d), ',')
		default:
			dst = append(k.appendFull(appendName(dst, k.name)), ',')
		}
	}
	return CloseObject(dst)
}

// wasObject reports whether the key holds an object now and did in d's base. An
// unopened object is as new as its stamp, so one that changed since was not.
func (k *key) wasObject(d *delta) bool {
	return k.isObj && k.obj != nil && k.obj.life.existed(d)
}

func appendName(dst []byte, name string) []byte {
	return append(netcode.AppendString(dst, name), ':')
}

// AppendRemoval appends an entity's member of a merge patch that removes it.
func AppendRemoval(dst []byte, id string) []byte {
	return append(appendName(dst, id), "null"...)
}

// CloseObject ends a JSON object whose members each end in a comma.
func CloseObject(dst []byte) []byte {
	if n := len(dst) - 1; dst[n] == ',' {
		dst[n] = '}'
		return dst
	}
	return append(dst, '}')
}
