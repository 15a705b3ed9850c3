package engine

import (
	"fmt"
	"math/rand/v2"

	"github.com/loci-place/loci/engine/world"
)

// idAlphabet and idLength make ids that are short on the wire, where most of them
// go 20 times a second.
const (
	idAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	idLength   = 6
)

func (p *Place) newID(taken func(string) bool) string {
	for {
		b := make([]byte, idLength)
		for i := range b {
			b[i] = idAlphabet[rand.IntN(len(idAlphabet))]
		}
		if id := string(b); !taken(id) {
			return id
		}
	}
}

func (p *Place) newEntityID() string {
	return p.newID(func(id string) bool { return p.world.Entity(id) != nil })
}

// spawn makes an entity and its children as described (netcode/PROTOCOL.md,
// "spawn_entity"): components loose or under "components", descriptions of children under
// "children". The topmost gets the id, unless that is "". Either all of it is made or
// nothing. By is who asks for it, nil for the place itself: the rules have a say in what it
// hangs on.
func (p *Place) spawn(owner, id string, spec map[string]any, by *asker) (*world.Entity, error) {
	if err := p.cfg.Limits.checkName("an entity's id", id); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	s := spawner{place: p, owner: owner, id: id, by: by}
	e, err := s.spawn(spec, "", 1)
	if err != nil && len(s.made) > 0 {
		p.world.Remove(s.made[0], world.Cascade)
	}
	if err != nil {
		return nil, err
	}
	for _, id := range s.made {
		p.hooks.watcher.Spawned(p.world.Entity(id))
	}
	return e, nil
}

type spawner struct {
	place *Place
	owner string
	id    string // of the topmost; "" = any
	by    *asker
	made  []string
}

func (s *spawner) spawn(spec map[string]any, parent string, depth int) (*world.Entity, error) {
	limits := &s.place.cfg.Limits
	if depth > limits.SpecDepth {
		return nil, fmt.Errorf("%w: children nest deeper than %d", ErrBadEntity, limits.SpecDepth)
	}
	if len(s.made) == limits.SpecEntities {
		return nil, fmt.Errorf("%w: more than %d at once", ErrBadEntity, limits.SpecEntities)
	}
	if max := limits.Entities; s.owner != PlaceID && s.place.world.CountOwned(s.owner) >= max {
		return nil, fmt.Errorf("%w: you own %d already", ErrBadEntity, max)
	}
	components, children, err := s.split(spec, parent)
	if err != nil {
		return nil, err
	}
	id := s.id
	if id == "" || parent != "" {
		id = s.place.newEntityID()
	}
	room := entityRoom(sizeOf(components))
	if err := s.place.mayHold(s.owner, room); err != nil {
		return nil, err
	}
	e, err := s.place.world.SpawnEncoded(id, s.owner, components)
	if err != nil {
		return nil, err
	}
	s.place.holdings.took(s.owner, room)
	s.made = append(s.made, e.ID())
	s.place.shakeOff(e)
	for _, c := range children {
		child, ok := asObject(c)
		if !ok {
			return nil, fmt.Errorf("%w: children must be objects", ErrBadEntity)
		}
		if _, err := s.spawn(child, e.ID(), depth+1); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// split tells components from children, and makes sure there is a transform, and the
// parent if it is a child.
func (s *spawner) split(spec map[string]any, parent string) (map[string]world.Component, []any, error) {
	components := make(map[string]any, len(spec)+1)
	from := spec
	if nested, ok := spec["components"]; ok {
		if from, ok = asObject(nested); !ok {
			return nil, nil, fmt.Errorf("%w: components must be an object", ErrBadEntity)
		}
	}
	for name, c := range from {
		if name != "children" && c != nil {
			components[name] = c
		}
	}
	if err := s.place.check(nil, s.owner, components, s.owner != PlaceID); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	if components["transform"] == nil {
		components["transform"] = map[string]any{"matrix": identityMatrix()}
	}
	known := encodings(nil)
	switch {
	case parent != "":
		components["relationships"] = map[string]any{"parent": parent}
	case s.by != nil:
		if err := s.place.hanging().attachComponents(*s.by, nil, components); err != nil {
			return nil, nil, err
		}
	}
	if s.by != nil {
		known = s.by.known
	}
	encoded, err := known.all(components)
	if err == nil {
		err = s.place.fits(nil, encoded, nil)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	children, ok := asList(spec["children"])
	if !ok {
		return nil, nil, fmt.Errorf("%w: children must be a list", ErrBadEntity)
	}
	return encoded, children, nil
}

func identityMatrix() []any {
	return []any{1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0}
}

// asObject reads an object; Lua agents write an empty one as [].
func asObject(v any) (map[string]any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case []any:
		return map[string]any{}, len(v) == 0
	}
	return nil, false
}

// asList reads a list; nothing, null and, from Lua agents, {} are empty ones.
func asList(v any) ([]any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case []any:
		return v, true
	case map[string]any:
		return nil, len(v) == 0
	}
	return nil, false
}
