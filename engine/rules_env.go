package engine

import (
	"fmt"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine/world"
)

// placeEnv answers what guards ask about one message, on the place's turn.
type placeEnv struct {
	place      *Place
	newcomer   proven                          // by the agent that announces itself
	components map[componentKey]map[string]any // as far as they were asked for
	fields     map[fieldKey]any
	spent      int // bytes of these
}

type componentKey struct {
	entity *world.Entity
	name   string
}

type fieldKey struct {
	componentKey
	key string
}

// guardBytes is how many bytes of components the guards may look at for one message:
// they are decoded for it.
const guardBytes = 1 << 20

var errGuardBytes = fmt.Errorf("guards look at more than %d bytes of components", guardBytes)

var _ acl.Reader = (*placeEnv)(nil)

// Owner implements [acl.Env].
func (v *placeEnv) Owner(entity string) (string, error) {
	if e := v.place.world.Entity(entity); e != nil {
		return e.Owner(), nil
	}
	return "", nil
}

// Owns implements [acl.Env].
func (v *placeEnv) Owns(entity, other string) (bool, error) {
	a, b := v.place.world.Entity(entity), v.place.world.Entity(other)
	return a != nil && b != nil && a.Owner() == b.Owner(), nil
}

// Offered implements [acl.Env].
func (v *placeEnv) Offered(entity, to string) (bool, error) {
	a := v.place.owner(to)
	return a != nil && v.place.offers.has(entity, a.id), nil
}

// Identity implements [acl.Env].
func (v *placeEnv) Identity(entity string) (map[string]any, error) {
	if a := v.place.owner(entity); a != nil {
		return a.identity, nil
	}
	return nil, nil
}

// Verified implements [acl.Env].
func (v *placeEnv) Verified(entity string) (string, error) {
	if entity == "" {
		return v.newcomer.key, nil
	}
	if a := v.place.owner(entity); a != nil {
		return a.verified, nil
	}
	return "", nil
}

// Bound implements [acl.Env].
func (v *placeEnv) Bound(entity string) (bool, error) {
	if entity == "" {
		return v.newcomer.bound, nil
	}
	a := v.place.owner(entity)
	return a != nil && a.bound, nil
}

// Component implements [acl.Env].
func (v *placeEnv) Component(entity, name string) (map[string]any, error) {
	e := v.place.world.Entity(entity)
	if e == nil || !e.Has(name) {
		return nil, nil
	}
	key := componentKey{e, name}
	if c, ok := v.components[key]; ok {
		return c, nil
	}
	if v.spent += e.ComponentSize(name); v.spent > guardBytes {
		return nil, errGuardBytes
	}
	if v.components == nil {
		v.components = map[componentKey]map[string]any{}
	}
	c, _ := e.Component(name)
	v.components[key] = c
	return c, nil
}

// Has implements [acl.Reader].
func (v *placeEnv) Has(entity, name string) (bool, error) {
	e := v.place.world.Entity(entity)
	return e != nil && e.Has(name), nil
}

// Size implements [acl.Reader].
func (v *placeEnv) Size(entity, name string) (bytes int, err error) {
	if e := v.place.world.Entity(entity); e != nil {
		bytes = e.ComponentSize(name)
	}
	return bytes, nil
}

// Field implements [acl.Reader].
func (v *placeEnv) Field(entity, name, key string) (value any, bytes int, ok bool, err error) {
	e := v.place.world.Entity(entity)
	if e == nil {
		return nil, 0, false, nil
	}
	at := fieldKey{componentKey{e, name}, key}
	if value, ok := v.fields[at]; ok {
		return value, 0, true, nil
	}
	value, bytes, ok = e.Field(name, key)
	if v.spent += bytes; v.spent > guardBytes {
		return nil, bytes, false, errGuardBytes
	}
	if ok {
		if v.fields == nil {
			v.fields = map[fieldKey]any{}
		}
		v.fields[at] = value
	}
	return value, bytes, ok, nil
}

// subscriberEnv is what the guards of agents' subscriptions may ask: no more of others
// than everybody is told.
type subscriberEnv struct{ *placeEnv }

// Offered implements [acl.Env].
func (subscriberEnv) Offered(string, string) (bool, error) { return false, nil }

// Identity implements [acl.Env].
func (v subscriberEnv) Identity(entity string) (map[string]any, error) {
	if a := v.place.owner(entity); a != nil {
		return map[string]any{"display_name": a.public().DisplayName()}, nil
	}
	return nil, nil
}

// noteOffers notes which of its entities an agent names, as items of a body, to another.
func (p *Place) noteOffers(a, to *agent, c *command) {
	for _, item := range c.args {
		if id, ok := item.(string); ok && p.owner(id) == a {
			p.offers.note(p.world.Entity(id), to.id)
		}
	}
}
