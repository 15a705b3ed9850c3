package engine

import (
	"errors"
	"fmt"
)

// DefaultRules say what agents may ask a place whose [Config] has no rules of its
// own: nobody sends others away, and entities are changed and removed by whom they
// belong to. The error is why not.
func DefaultRules(r *Request) error {
	switch r.Verb {
	case "kick_agent":
		return errors.New("you may not send anybody away")
	case "change_components", "remove_entity":
		id, _ := text(r.Args, 0)
		if e := r.agent.place.world.Entity(id); e != nil && e.Owner() != r.agent.id {
			return fmt.Errorf("you do not own %q", id)
		}
	}
	return nil
}
