package engine

import "github.com/loci-place/loci/acl"

// placeEnv answers what guards ask, on the place's turn.
type placeEnv struct{ place *Place }

var _ acl.Env = placeEnv{}

// Owner implements [acl.Env].
func (v placeEnv) Owner(entity string) (string, error) {
	if e := v.place.world.Entity(entity); e != nil {
		return e.Owner(), nil
	}
	return "", nil
}

// Owns implements [acl.Env].
func (v placeEnv) Owns(entity, other string) (bool, error) {
	a, b := v.place.world.Entity(entity), v.place.world.Entity(other)
	return a != nil && b != nil && a.Owner() == b.Owner(), nil
}

// Offered implements [acl.Env].
func (v placeEnv) Offered(entity, to string) (bool, error) {
	a := v.place.owner(to)
	return a != nil && a.offered[entity], nil
}

// Identity implements [acl.Env].
func (v placeEnv) Identity(entity string) (map[string]any, error) {
	if a := v.place.owner(entity); a != nil {
		return a.identity, nil
	}
	return nil, nil
}

// Component implements [acl.Env].
func (v placeEnv) Component(entity, name string) (map[string]any, error) {
	if e := v.place.world.Entity(entity); e != nil {
		c, _ := e.Component(name)
		return c, nil
	}
	return nil, nil
}

// subscriberEnv is what the guards of agents' subscriptions may ask: no more of others
// than everybody is told.
type subscriberEnv struct{ placeEnv }

// Offered implements [acl.Env].
func (subscriberEnv) Offered(string, string) (bool, error) { return false, nil }

// Identity implements [acl.Env].
func (v subscriberEnv) Identity(entity string) (map[string]any, error) {
	if a := v.place.owner(entity); a != nil {
		return map[string]any{"display_name": a.public().DisplayName()}, nil
	}
	return nil, nil
}

// offers notes which of its entities an agent names, as items of a body, to another.
func (p *Place) offers(a, to *agent, c *command) {
	if a == to {
		return
	}
	for _, item := range c.args {
		id, ok := item.(string)
		if !ok || p.owner(id) != a {
			continue
		}
		if to.offered == nil {
			to.offered = map[string]bool{}
		}
		to.offered[id] = true
	}
}

// withdraw forgets that an entity was offered, when it is gone.
func (p *Place) withdraw(entity string) {
	for _, a := range p.order {
		delete(a.offered, entity)
	}
}
