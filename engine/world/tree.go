package world

import (
	"bytes"
	"slices"
	"strings"
)

// key is a name in an object with its value: a leaf (scalar or array) or an object. A removed
// key stays as a tombstone.
type key struct {
	name  string
	stamp Stamp // newest change of the value or anywhere below it
	life  life
	// raw is the encoded value of a leaf, or of an object of which no part has changed since
	// it was set ("unopened": its stamp is from then).
	raw    []byte
	obj    *object   // the opened object; of a leaf or tombstone, the former one
	former *unopened // of a leaf or tombstone, the former object, unopened
	inner  *branch   // the opened list of which a part has been set; raw is then nil
	isObj  bool
	// The other keys of the object, by last change.
	newer, older *key
}

// unopened is a former object that was never opened, and when it existed.
type unopened struct {
	raw  []byte
	when span
}

// width returns the encoded size of the value.
func (k *key) width() int {
	switch {
	case k.isObj && k.obj != nil:
		return k.obj.width()
	case k.inner != nil:
		return k.inner.width
	default:
		return len(k.raw)
	}
}

// object is an opened JSON object. Its life is when its key had an object.
type object struct {
	live   []*key          // keys with a value, sorted by name
	dead   map[string]*key // tombstones
	newest *key            // head of the list of all keys by last change
	size   int             // bytes of the live keys, each with a comma
	life   life
}

// width returns the encoded size of the object.
func (o *object) width() int {
	if o.size == 0 {
		return len("{}")
	}
	return o.size + 1 // one comma less than members
}

func (o *object) search(name string) (int, bool) {
	return slices.BinarySearchFunc(o.live, name, func(k *key, name string) int {
		return strings.Compare(k.name, name)
	})
}

// get returns the key if it has a value.
func (o *object) get(name string) *key {
	if i, ok := o.search(name); ok {
		return o.live[i]
	}
	return nil
}

// dug removes and returns the tombstone with a name, or returns a new key.
func (o *object) dug(name []byte) *key {
	if k := o.dead[string(name)]; k != nil {
		delete(o.dead, k.name)
		return k
	}
	return &key{name: string(name)}
}

// put moves a key to the head of the list by last change, behind keys that are newer.
func (o *object) put(k *key, at Stamp) {
	o.unlink(k)
	k.stamp = at
	var newer *key
	older := o.newest
	for older != nil && older.stamp > at {
		newer, older = older, older.older
	}
	k.newer, k.older = newer, older
	if older != nil {
		older.newer = k
	}
	if newer != nil {
		newer.older = k
	} else {
		o.newest = k
	}
}

func (o *object) unlink(k *key) {
	if k.newer != nil {
		k.newer.older = k.older
	} else if o.newest == k {
		o.newest = k.older
	}
	if k.older != nil {
		k.older.newer = k.newer
	}
	k.newer, k.older = nil, nil
}

// editor applies the edits of one state.
type editor struct {
	now, floor Stamp
	buried     func(o *object, k *key) // called for each new tombstone
}

// set sets the value of a key and reports whether that changed anything.
func (ed *editor) set(o *object, name string, raw []byte) bool {
	i, ok := o.search(name)
	if ok {
		return ed.assign(o, o.live[i], raw)
	}
	k := o.dug([]byte(name))
	o.live = slices.Insert(o.live, i, k)
	return ed.assign(o, k, raw)
}

// assign sets the value of a key in live, which need not have one yet, and reports whether
// that changed anything. It copies raw.
func (ed *editor) assign(o *object, k *key, raw []byte) bool {
	alive, was := k.life.alive(), k.width()
	if isObj := raw[0] == '{'; isObj && alive && k.isObj {
		if !ed.replace(k, raw) {
			return false
		}
	} else if !ed.change(o, k, raw, isObj) {
		return false
	}
	if alive {
		o.size += k.width() - was
	} else {
		k.life.begin(ed.now)
		o.size += nameWidth(k.name) + k.width() + len(":,")
	}
	o.put(k, ed.now)
	return true
}

// change replaces a value, unless both the old and the new one are objects.
func (ed *editor) change(o *object, k *key, raw []byte, isObj bool) bool {
	if k.former != nil && isObj {
		k.obj, k.former = k.former.open(), nil
	}
	switch {
	case isObj && k.obj != nil:
		ed.reopen(k.obj)
		ed.update(k.obj, raw)
		k.raw, k.inner = nil, nil
	case isObj:
		k.raw, k.inner = bytes.Clone(raw), nil
	case k.life.alive() && !k.isObj && bytes.Equal(k.leaf(), raw):
		return false
	case k.life.alive() && k.isObj:
		ed.leave(k, ed.now)
		ed.buried(o, k)
		k.raw = bytes.Clone(raw)
	default:
		k.raw, k.inner = append(k.raw[:0], raw...), nil
	}
	k.isObj = isObj
	return true
}

// replace makes the object of k equal to raw.
func (ed *editor) replace(k *key, raw []byte) bool {
	if k.obj == nil && bytes.Equal(k.raw, raw) {
		return false
	}
	return ed.update(k.open(), raw)
}

// update makes an object equal to raw, in one pass through both.
func (ed *editor) update(o *object, raw []byte) (changed bool) {
	old, i, buried := o.live, 0, len(o.dead) > 0
	live, same := old[:0:0], true // same: so far the live keys are unchanged
	part := func() {
		if same {
			live, same = append(make([]*key, 0, len(old)+16), old[:i]...), false
		}
	}
	kill := func() {
		part()
		if o.dead == nil && len(old)-i > 8 {
			o.dead = make(map[string]*key, len(old)-i)
		}
		ed.kill(o, old[i], ed.now)
		i++
		changed = true
	}
	walk(raw, func(m member) {
		for i < len(old) && old[i].name < string(m.name) {
			kill()
		}
		var k *key
		if i < len(old) && old[i].name == string(m.name) {
			k = old[i]
			i++
		} else {
			part()
			if buried { // the keys are sorted, so none of those killed here comes again
				k = o.dug(m.name)
			} else {
				k = &key{name: string(m.name)}
			}
		}
		if !same {
			live = append(live, k)
		}
		changed = ed.assign(o, k, m.value) || changed
	})
	for i < len(old) {
		kill()
	}
	if !same {
		o.live = live
	}
	return changed
}

// unset removes the key's value, leaving a tombstone.
func (ed *editor) unset(o *object, name string) bool {
	i, ok := o.search(name)
	if !ok {
		return false
	}
	ed.kill(o, o.live[i], ed.now)
	o.live = slices.Delete(o.live, i, i+1)
	return true
}

// kill turns a key into a tombstone. The caller removes it from live.
func (ed *editor) kill(o *object, k *key, at Stamp) {
	o.size -= nameWidth(k.name) + k.width() + len(":,")
	if k.isObj {
		ed.leave(k, at)
	}
	k.life.end(at, ed.floor)
	k.raw, k.inner, k.isObj = nil, nil, false
	o.put(k, at)
	if o.dead == nil {
		o.dead = map[string]*key{}
	}
	o.dead[k.name] = k
	ed.buried(o, k)
}

// leave keeps the object of a key behind its next value: if the key gets an object again, the
// keys of this one are still known.
func (ed *editor) leave(k *key, at Stamp) {
	if k.obj != nil {
		k.obj.life.end(at, ed.floor)
		return
	}
	k.former = &unopened{raw: k.raw, when: span{k.stamp, at}}
}

// reopen makes a former object current again, empty: its old keys ended with it.
func (ed *editor) reopen(o *object) {
	died := o.life.lastEnd()
	for _, k := range o.live {
		ed.kill(o, k, min(max(died, k.life.since), ed.now))
	}
	o.live = nil
	o.life.begin(ed.now)
}

// part returns one encoded value of an object, nil if there is none. It opens nothing, so
// that reading costs no memory.
func (k *key) part(name string) (raw []byte) {
	if k.obj == nil {
		walk(k.raw, func(m member) {
			if string(m.name) == name {
				raw = m.value
			}
		})
	} else if c := k.obj.get(name); c != nil {
		raw = c.appendFull(nil)
	}
	return raw
}

// open parses an unopened object into keys, all as old as the object.
func (k *key) open() *object {
	if k.obj != nil {
		return k.obj
	}
	o := openObject(k.raw, k.stamp)
	o.life.begin(k.stamp)
	k.obj, k.raw = o, nil
	return o
}

// open opens a former object.
func (u *unopened) open() *object {
	o := openObject(u.raw, u.when.from)
	if u.when.from < u.when.to {
		o.life.past = []span{u.when}
	}
	return o
}

func openObject(raw []byte, since Stamp) *object {
	o := &object{}
	walk(raw, func(m member) {
		c := &key{
			name: string(m.name), stamp: since, life: life{since: since},
			raw: bytes.Clone(m.value), isObj: m.value[0] == '{', older: o.newest,
		}
		if o.newest != nil {
			o.newest.newer = c
		}
		o.newest = c
		o.live = append(o.live, c)
	})
	if len(o.live) > 0 {
		o.size = len(raw) - 1
	}
	return o
}

// bury removes a tombstone, or the object behind a leaf, that ended by floor.
func (o *object) bury(k *key, floor Stamp) {
	switch {
	case !k.life.alive() && k.stamp <= floor && o.dead[k.name] == k:
		delete(o.dead, k.name)
		o.unlink(k)
	case k.life.alive() && !k.isObj && k.obj != nil && k.obj.life.lastEnd() <= floor:
		k.obj = nil
	case k.life.alive() && !k.isObj && k.former != nil && k.former.when.to <= floor:
		k.former = nil
	}
}
