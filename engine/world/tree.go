package world

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-faster/jx"

	"github.com/loci-place/loci/netcode"
)

// key is one name in an object, with its value: a leaf (scalar or array) or an
// object. It outlives its value as a tombstone.
type key struct {
	name  string
	stamp Stamp // newest change of the value or anywhere below it
	life  life
	// raw is the encoded value of a leaf, or of an object of which no part has
	// changed since it came ("unopened": its stamp is when it came).
	raw   []byte
	obj   *object // the opened object; behind a leaf or tombstone, the former one
	isObj bool
}

// object is an opened JSON object. Its life is when its key held an object.
type object struct {
	keys []key // sorted by name, tombstones included
	life life
}

func (o *object) search(name string) (int, bool) {
	return slices.BinarySearchFunc(o.keys, name, func(k key, name string) int {
		return strings.Compare(k.name, name)
	})
}

// find gives the key, tombstone or not, or nil.
func (o *object) find(name string) *key {
	if i, ok := o.search(name); ok {
		return &o.keys[i]
	}
	return nil
}

// get gives the key if it has a value.
func (o *object) get(name string) *key {
	if k := o.find(name); k != nil && k.life.alive() {
		return k
	}
	return nil
}

// at gives the key, making an empty one where there is none. The pointer is good
// until the next key is made.
func (o *object) at(name string) *key {
	i, ok := o.search(name)
	if !ok {
		o.keys = slices.Insert(o.keys, i, key{name: name})
	}
	return &o.keys[i]
}

// editor makes the edits of one state.
type editor struct {
	now, floor Stamp
	buried     func(o *object, name string) // told of each tombstone made
}

// set gives the key a value and tells whether that changed anything.
func (ed *editor) set(o *object, name string, v any) bool {
	k := o.at(name)
	if m, ok := v.(map[string]any); ok {
		return ed.setObject(o, k, m)
	}
	return ed.setLeaf(o, k, netcode.AppendValue(nil, v))
}

func (ed *editor) setLeaf(o *object, k *key, raw []byte) bool {
	if k.life.alive() && !k.isObj && bytes.Equal(k.raw, raw) {
		return false
	}
	if k.life.alive() && k.isObj {
		ed.closeObject(o, k)
	}
	ed.revive(k)
	k.raw, k.isObj = raw, false
	return true
}

func (ed *editor) setObject(o *object, k *key, m map[string]any) bool {
	if k.life.alive() && k.isObj {
		return ed.replaceKeys(k, m)
	}
	if k.obj != nil {
		ed.reopen(k.obj)
		ed.update(k.obj, m)
		k.raw = nil
	} else {
		k.raw = netcode.AppendValue(nil, m)
	}
	ed.revive(k)
	k.isObj = true
	return true
}

func (ed *editor) revive(k *key) {
	if !k.life.alive() {
		k.life.begin(ed.now)
	}
	k.stamp = ed.now
}

// replaceKeys makes the object of k hold exactly m.
func (ed *editor) replaceKeys(k *key, m map[string]any) bool {
	if k.obj == nil && bytes.Equal(k.raw, netcode.AppendValue(nil, m)) {
		return false
	}
	if !ed.update(k.open(), m) {
		return false
	}
	k.stamp = ed.now
	return true
}

func (ed *editor) update(o *object, m map[string]any) bool {
	changed := false
	for i := range o.keys {
		if _, ok := m[o.keys[i].name]; !ok && o.keys[i].life.alive() {
			ed.kill(o, &o.keys[i], ed.now)
			changed = true
		}
	}
	for name, v := range m {
		if ed.set(o, name, v) {
			changed = true
		}
	}
	return changed
}

// unset removes the key's value, leaving a tombstone.
func (ed *editor) unset(o *object, name string) bool {
	k := o.get(name)
	if k == nil {
		return false
	}
	ed.kill(o, k, ed.now)
	return true
}

func (ed *editor) kill(o *object, k *key, at Stamp) {
	if k.isObj {
		k.open().life.end(at, ed.floor)
	}
	k.life.end(at, ed.floor)
	k.stamp, k.raw, k.isObj = at, nil, false
	ed.buried(o, k.name)
}

// closeObject turns an object into what stands behind a leaf: should the key hold
// an object again, the old one's keys are still known.
func (ed *editor) closeObject(o *object, k *key) {
	k.open().life.end(ed.now, ed.floor)
	ed.buried(o, k.name)
}

// reopen brings a former object back, empty: its old keys died when it did.
func (ed *editor) reopen(o *object) {
	died := o.life.lastEnd()
	for i := range o.keys {
		if k := &o.keys[i]; k.life.alive() {
			ed.kill(o, k, min(max(died, k.life.since), ed.now))
		}
	}
	o.life.begin(ed.now)
}

// open parses an unopened object into keys, all as old as the object.
func (k *key) open() *object {
	if k.obj != nil {
		return k.obj
	}
	o := &object{}
	o.life.begin(k.stamp)
	err := jx.DecodeBytes(k.raw).ObjBytes(func(d *jx.Decoder, name []byte) error {
		raw, err := d.Raw()
		if err != nil {
			return err
		}
		c := o.at(string(name))
		c.stamp, c.life = k.stamp, life{since: k.stamp}
		c.raw, c.isObj = bytes.Clone(raw), raw[0] == '{'
		return nil
	})
	if err != nil {
		// raw is our own encoding: anything else is a bug in this package.
		panic(fmt.Sprintf("world: stored value of %q: %v", k.name, err))
	}
	k.obj, k.raw = o, nil
	return o
}

// bury drops the tombstone, or the object behind a leaf, that died by floor.
func (o *object) bury(name string, floor Stamp) {
	i, ok := o.search(name)
	if !ok {
		return
	}
	k := &o.keys[i]
	switch {
	case !k.life.alive() && k.stamp <= floor:
		o.keys = slices.Delete(o.keys, i, i+1)
	case k.life.alive() && !k.isObj && k.obj != nil && k.obj.life.lastEnd() <= floor:
		k.obj = nil
	}
}
