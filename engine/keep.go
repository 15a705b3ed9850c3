package engine

import (
	"bytes"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/loci-place/loci/engine/world"
)

// keepEvery is how often at most the place looks for what has changed in it, to have it
// kept: every other heartbeat at 20 Hz. A [Store] that writes within 50 ms then is never
// more than 200 ms behind, with room for a slow disk.
const keepEvery = 75 * time.Millisecond

// keeper hands what changes in the place to its store, and brings it back. Without a store all
// that it is asked to keep is let go. It is used on the place's turn only.
type keeper struct {
	store     Store // nil: nothing is kept
	world     *world.World
	clock     *clock
	comesBack func(owner string) bool // whether an agent may, so that it is kept with its entities
	log       *slog.Logger

	since     world.Stamp
	at        time.Time
	clockKept keptClock         // as last handed over
	entities  map[string]string // the kind of record that each is kept as, by id
	place     []byte            // the record of the entity PlaceID, as last handed over
	restored  bool
	scratch   []byte
}

// Keep has records of a behaviour's kept, along with all that has changed in the place
// up to here, at once. In a place without a [Config.Store] it does nothing.
func (t *Turn) Keep(records ...Record) { t.on().kept.keep(records, nil) }

// Kept gives what is kept of a kind by key, as [Store.Records] does; nothing in a place
// without a [Config.Store].
func (t *Turn) Kept(kind string) iter.Seq2[string, []byte] {
	if t.on().kept.store == nil {
		return func(func(string, []byte) bool) {}
	}
	return t.on().kept.store.Records(kind)
}

// Sync has done hear, on the place's turn, when all that has happened up to here and is
// kept is durable, or why it is not yet. In a place without a [Config.Store] that is at
// once, before Sync returns. Nobody hears once the place closes.
func (t *Turn) Sync(done func(err error)) {
	p := t.on()
	if p.kept.store == nil {
		done(nil)
		return
	}
	p.intake.unread.Add(1)
	p.kept.keep(nil, func(err error) {
		go p.intake.post(func() {
			defer p.intake.unread.Add(-1)
			done(err)
		})
	})
}

// Restored reports whether the place stood before, with what [Config.Store] holds.
func (t *Turn) Restored() bool { return t.on().kept.restored }

// keepSome is keep as often as needed.
func (k *keeper) keepSome(now time.Time) {
	if k.store != nil && now.Sub(k.at) >= keepEvery {
		k.at = now
		k.keep(nil, nil)
		k.keepClock()
	}
}

// keep hands everything to the store that has changed since the last time, and records
// along with it. What changes in a state that is not over may be handed over again.
func (k *keeper) keep(records []Record, done func(error)) {
	if k.store == nil {
		return
	}
	for e := range k.world.Changed(k.since) {
		records = k.appendRecords(records, e)
	}
	k.since = k.world.Now() - 1
	if len(records) > 0 || done != nil {
		k.store.Put(append(records, k.clockRecord()), done)
	}
}

// appendRecords appends the record of an entity that has changed, if it is kept or was.
func (k *keeper) appendRecords(records []Record, e *world.Entity) []Record {
	id, kind := e.ID(), ""
	if e.Alive() {
		kind = k.keptAs(e.Owner())
	}
	if was := k.entities[id]; was != "" && was != kind {
		delete(k.entities, id)
		records = append(records, Record{Kind: was, Key: id})
	}
	if kind == "" {
		return records
	}
	k.entities[id] = kind
	r := Record{Kind: kind, Key: id}
	if kind == KindEntity {
		k.scratch = append(e.AppendComponents(append(k.scratch[:0], `{"components":`...), keptOf(id)), '}')
		if id == PlaceID { // its clock, which is not part of it, changes all the time
			if bytes.Equal(k.scratch, k.place) {
				return records
			}
			k.place = append(k.place[:0], k.scratch...)
		}
		r.Value = bytes.Clone(k.scratch)
	} else {
		r.Value = appendAgentEntity(nil, e)
	}
	return append(records, r)
}

// keptOf tells which components of an entity are kept; nil means all. Those of the place
// that it sets itself are not.
func keptOf(id string) func(name string) bool {
	if id != PlaceID {
		return nil
	}
	return func(name string) bool { return name != "transform" && name != "clock" }
}

// restoreEntities puts what stood in the place back. What was below an entity that is
// there no more, such as an agent's, would have gone with it.
func (k *keeper) restoreEntities() {
	self := k.world.Entity(PlaceID)
	found := map[string]map[string]any{}
	for id, value := range k.store.Records(KindEntity) {
		components, err := parseEntity(value)
		if err != nil {
			k.log.Error("an entity that was kept is left out", "entity", id, "error", err)
			continue
		}
		found[id] = components
	}
	for name, c := range found[PlaceID] {
		if keptOf(PlaceID)(name) {
			if err := self.Set(name, c); err != nil {
				k.log.Error("a component of the place that was kept is left out", "component", name, "error", err)
			}
		}
	}
	delete(found, PlaceID)
	k.entities[PlaceID] = KindEntity
	lost := orphans(found)
	for id, components := range found {
		k.entities[id] = KindEntity
		if lost[id] {
			k.store.Put([]Record{{Kind: KindEntity, Key: id}}, nil)
			continue
		}
		if _, err := k.world.Spawn(id, PlaceID, components); err != nil {
			k.log.Error("an entity that was kept is left out", "entity", id, "error", err)
		}
	}
}

// orphans finds the entities that hang from one that is not among them.
func orphans(found map[string]map[string]any) map[string]bool {
	lost := map[string]bool{}
	for id := range found {
		at, steps := id, 0
		for ; at != "" && at != PlaceID && found[at] != nil && steps <= len(found); steps++ {
			at = parentOf(found[at])
		}
		if at != "" && at != PlaceID {
			lost[id] = true
		}
	}
	return lost
}

func parentOf(components map[string]any) string {
	r, _ := asObject(components["relationships"])
	parent, _ := r["parent"].(string)
	return parent
}

// one reads the record of kind KindPlace with a key, and reports whether there is one.
func (k *keeper) one(key string, into any) (found bool, err error) {
	for name, value := range k.store.Records(KindPlace) {
		if name == key {
			return true, parseRecord(KindPlace, key, value, into)
		}
	}
	return false, nil
}

// recordError says which record is wrong.
func recordError(kind, key string, err error) error {
	return fmt.Errorf("engine: what is kept as %s %.100q: %w", kind, key, err)
}
