package acl

import "errors"

// Env answers what guards ask about the place. It is called by the goroutine
// that matches, and must not block.
//
// An id that names no entity is not an error: each method says what it returns
// then. An error means that the question cannot be answered now, and makes the
// match fail (see [Result]). Returned maps hold decoded JSON, as messages do, and
// must not change while a match runs.
type Env interface {
	// Owner returns the agent that entity belongs to, "place" for the place, "" if
	// there is no such entity.
	Owner(entity string) (agent string, err error)
	// Owns reports whether both entities belong to the same agent. It is false if
	// either is missing.
	Owns(entity, other string) (bool, error)
	// Offered reports whether the owner of entity has named it, as an item of the
	// body, in an interaction with the agent that to belongs to.
	Offered(entity, to string) (bool, error)
	// Identity returns the identity of entity's agent, nil if there is none.
	Identity(entity string) (map[string]any, error)
	// Verified returns the key that entity's agent has proven to have, "" if none. In an
	// announce the entity "" stands for the agent that announces itself.
	Verified(entity string) (key string, err error)
	// Bound reports whether that proof was bound to this place, so that another place
	// cannot have relayed it; false without a proof. In an announce the entity "" stands
	// for the agent that announces itself.
	Bound(entity string) (bool, error)
	// Component returns the named component of entity, nil if it has none.
	Component(entity, name string) (map[string]any, error)
}

// Reader is an [Env] that can read single fields of components. Component is then called
// only where a guard compares a component as a whole.
type Reader interface {
	Env
	// Has reports whether entity has a component of that name.
	Has(entity, name string) (bool, error)
	// Size returns the size of a component, 0 if there is none.
	Size(entity, name string) (bytes int, err error)
	// Field returns the value of a component's key, and the number of bytes read for it.
	Field(entity, name, key string) (v any, bytes int, ok bool, err error)
}

var (
	// ErrNoEnv: a guard asks about the place, and the match was given a nil [Env].
	ErrNoEnv = errors.New("acl: there is no place to ask")
	// ErrTooMuchWork: a match compared more than [MaxSteps].
	ErrTooMuchWork = errors.New("acl: the pattern compares too much")
)

// GuardError is an error of Elixir's kind, that makes a guard fail: a number
// added to a string, a missing field, a division by zero.
type GuardError struct {
	Operation string // as written in the guard
	Reason    string
}

func (e *GuardError) Error() string { return e.Operation + ": " + e.Reason }
