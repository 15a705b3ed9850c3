package world

import (
	"math"
	"strconv"
	"strings"

	"github.com/loci-place/loci/netcode"
)

// Stamp numbers the states of a world, from 1 up. State n holds every edit
// stamped n or less.
type Stamp uint64

// life records when something existed: now, if since is not 0, and in earlier spans.
type life struct {
	since Stamp // first state of the current existence; 0 = none
	past  []span
}

// span is an earlier existence: in the states from <= s < to.
type span struct{ from, to Stamp }

func (l *life) alive() bool { return l.since != 0 }

func (l *life) begin(at Stamp) { l.since = at }

// end ends the current existence. It drops spans that ended by floor, in which no delta can
// start any more.
func (l *life) end(at, floor Stamp) {
	kept := l.past[:0]
	for _, s := range l.past {
		if s.to > floor {
			kept = append(kept, s)
		}
	}
	if l.since < at {
		kept = append(kept, span{l.since, at})
	}
	l.past, l.since = kept, 0
}

// lastEnd returns when the newest past existence ended.
func (l *life) lastEnd() Stamp {
	if len(l.past) == 0 {
		return 0
	}
	return l.past[len(l.past)-1].to
}

// existed reports whether it was there in the base state of d.
func (l *life) existed(d *delta) bool {
	if l.since != 0 && !d.after(l.since) {
		return true
	}
	for _, s := range l.past {
		if !d.after(s.from) && d.after(s.to) {
			return true
		}
	}
	return false
}

// delta is one walk from a base state to the newest. It records which other bases have the
// same result: each lo <= base < hi.
type delta struct {
	base   Stamp
	lo, hi Stamp
}

func newDelta(base Stamp) delta { return delta{base: base, hi: math.MaxUint64} }

// after reports whether s is newer than the base. Every decision of a walk goes
// through it, which is what makes lo and hi exact.
func (d *delta) after(s Stamp) bool {
	if s > d.base {
		d.hi = min(d.hi, s)
		return true
	}
	d.lo = max(d.lo, s)
	return false
}

// AppendSet appends the "entities" object of a snapshot, for a state packet of style set
// (netcode/PROTOCOL.md, "State").
func (w *World) AppendSet(dst []byte) []byte {
	dst = append(dst, '{')
	for e := range w.Entities() {
		dst = e.appendMember(dst, nil)
		dst = append(dst, ',')
	}
	return CloseObject(dst)
}

// AppendMerge appends the "entities" object of a merge patch (RFC 7386) from base to the
// newest state. It has a null only for what exists in base: agents crash on others. base
// must not be before [World.Oldest].
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

// fragment is an entity's part of a merge patch or JSON Patch, valid for every base from lo
// up to but not including hi.
type fragment struct {
	lo, hi Stamp
	valid  bool
	bytes  []byte
}

func (f *fragment) holds(base Stamp) bool { return f.valid && base >= f.lo && base < f.hi }

// Fragment returns the entity's member of a merge patch, `"id":{…}`, from base to the newest
// state: the whole entity if base does not have it (as state 0), nothing if neither has it.
// Fragments of a state are cached. The result is valid until the next call.
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

// FragmentSize returns the length of [Entity.Fragment]. It does not encode whole entities.
func (e *Entity) FragmentSize(base Stamp) int {
	if f := e.fragment; f != nil && f.holds(base) {
		return len(f.bytes)
	}
	if d := newDelta(base); e.life.alive() && !e.life.existed(&d) {
		return e.Size()
	}
	return len(e.Fragment(base))
}

// appendMember appends `"id":…`: the whole entity if d is nil or its base does not have it,
// otherwise the changes since; nothing if neither state has it.
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

// AppendComponents appends an object with the entity's components for which wanted returns
// true, sorted by name. A nil wanted means all.
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

// appendDelta appends the changes since d's base. Its cost depends only on them.
func (o *object) appendDelta(dst []byte, d *delta) []byte {
	dst = append(dst, '{')
	for k := o.newest; k != nil && d.after(k.stamp); k = k.older {
		dst = k.appendChange(dst, d)
	}
	return CloseObject(dst)
}

// appendChange appends a key that has changed as a member of a merge patch, with a comma behind
// it, or nothing.
func (k *key) appendChange(dst []byte, d *delta) []byte {
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
	return dst
}

// wasObject reports whether the key has an object now and had one in d's base. An unopened
// object is as new as its stamp, so a changed one had none.
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

// AppendOperations appends the entity's operations of a JSON Patch from base to the newest
// state, each followed by a comma. If gone is true, they remove it. Operations of a state are
// cached.
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

// at calls f one level down the path.
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
