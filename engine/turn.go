package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// Turn is what a host may do with a place while nothing else happens in it: between
// two of its methods no agent is heard and no heartbeat falls. It is good for the
// time of the call that it is handed to, on that goroutine: its methods panic anywhere
// else, but for Place and Time.
type Turn struct {
	place *Place
	cause *session // whose command is carried out, nil between commands
}

// Do runs f on the place's turn and returns what f does, or [ErrClosed]. It may be
// called from any goroutine, before [Place.Serve] too, but not from f, nor from what
// the place calls on its turn (a [Verb], a [Behaviour], and the functions in [Config]): that
// would wait for itself, and panics instead. The place stands still meanwhile, so f must not
// block, nor wait for what only the place can do, such as answer a client.
func (p *Place) Do(f func(t *Turn) error) error {
	p.turn.lock("Place.Do")
	defer p.turn.unlock()
	if p.closed.Load() {
		return ErrClosed
	}
	defer p.hooks.behaviour.Settle(&p.host)
	return f(&p.host)
}

// Entity is an entity as it stands: a copy.
type Entity struct {
	ID         string
	Owner      string                    // an agent's id, or PlaceID
	Components map[string]map[string]any // by name, as [netcode.ParseValue] has them
}

// Agent is who has announced itself.
type Agent struct {
	ID       string
	Identity map[string]any // as announced; not to be changed
	Avatar   string         // entity id
	Version  int            // of the protocol
	// Verified is the key that the agent has proven to have, in base64 as it announced
	// it; "" if none.
	Verified string
	// Bound says that its proof names this place and its key, so that nobody can have
	// relayed it from an agent that joined something else. It is false for clients of
	// before places had keys, and under names that only [AnyName] lets pass.
	Bound bool
}

// DisplayName is what the agent calls itself, "" if nothing.
func (a Agent) DisplayName() string {
	name, _ := a.Identity["display_name"].(string)
	return name
}

// Spawn makes an entity of the place's, with children if there are any, and gives
// its id: the wanted one, or a new one where that is "". The description is as for
// spawn_entity (netcode/PROTOCOL.md, "spawn_entity"), of any values that [encoding/json]
// can write. The error is [ErrBadEntity], or [world.ErrExists].
func (t *Turn) Spawn(id string, spec map[string]any) (string, error) {
	spec, err := plain(spec)
	if err != nil {
		return "", err
	}
	e, err := t.on().spawn(PlaceID, id, spec, nil)
	if err != nil {
		return "", err
	}
	return e.ID(), nil
}

// plain gives values as an agent would have sent them.
func plain(m map[string]any) (map[string]any, error) {
	if isPlain(m) {
		return maps.Clone(m), nil // the place may put others in
	}
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	v, err := netcode.ParseValue(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	plain, _ := v.(map[string]any) // nil stays that
	return plain, nil
}

// plainItems returns the items of a body as an agent would have sent them.
func plainItems(items []any, body []byte) []any {
	if isPlain(items) {
		return items
	}
	v, _ := netcode.ParseValue(body)
	plain, _ := v.([]any)
	return plain
}

// isPlain reports whether values are as an agent would have sent them already.
func isPlain(v any) bool {
	switch v := v.(type) {
	case nil, bool:
		return true
	case float64:
		return isNumber(v)
	case string:
		return utf8.ValidString(v)
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !isPlain(item) })
	case map[string]any:
		for name, item := range v {
			if !utf8.ValidString(name) || !isPlain(item) {
				return false
			}
		}
		return true
	}
	return false
}

// Remove takes an entity away, and what is below it or, with [world.Reparent], only
// that. It reports whether it was there. The place's own stays.
func (t *Turn) Remove(id string, how world.Removal) bool {
	return id != PlaceID && len(t.on().remove(id, how)) > 0
}

// Change gives an entity components, each whole, and takes others away, no matter who owns
// it: all or nothing. Values are as for [Turn.Spawn]. The error is [ErrNoEntity],
// [ErrBadEntity] or [ErrCycle].
func (t *Turn) Change(id string, set map[string]any, unset ...string) error {
	e := t.on().world.Entity(id)
	if e == nil {
		return fmt.Errorf("%w %.100q", ErrNoEntity, id)
	}
	set, err := plain(set)
	if err != nil {
		return err
	}
	if err := t.on().check(e, e.Owner(), set, false); err != nil {
		return fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	return t.on().change(e, set, unset, nil, PlaceID)
}

// Entity gives an entity, and whether it is there.
func (t *Turn) Entity(id string) (Entity, bool) {
	e := t.on().world.Entity(id)
	if e == nil {
		return Entity{}, false
	}
	return copyOf(e, func(string) bool { return true }), true
}

// copyOf gives an entity as it stands, with some of its components.
func copyOf(e *world.Entity, wanted func(component string) bool) Entity {
	out := Entity{ID: e.ID(), Owner: e.Owner(), Components: map[string]map[string]any{}}
	for _, name := range e.Names() {
		if wanted(name) {
			out.Components[name], _ = e.Component(name)
		}
	}
	return out
}

// Component gives one component of an entity, a copy, and whether it has it.
func (t *Turn) Component(id, name string) (map[string]any, bool) {
	if e := t.on().world.Entity(id); e != nil {
		return e.Component(name)
	}
	return nil, false
}

// Entities returns the ids of all entities, sorted.
func (t *Turn) Entities() []string {
	var ids []string
	for e := range t.on().world.Entities() {
		ids = append(ids, e.ID())
	}
	slices.Sort(ids)
	return ids
}

// Agents gives all agents, in the order they came.
func (t *Turn) Agents() []Agent {
	agents := make([]Agent, len(t.on().order))
	for i, a := range t.on().order {
		agents[i] = a.public()
	}
	return agents
}

// Kick sends an agent away with [netcode.CodeKicked], and reports whether it was here.
func (t *Turn) Kick(agentID string) bool {
	a := t.on().agents[agentID]
	if a == nil {
		return false
	}
	t.on().dismiss(a, netcode.CodeKicked)
	return true
}

// Send tells an agent's entity something one-way, on behalf of one of the place's own.
// The body begins with a verb; its items may be anything that [encoding/json] can write.
// The error is [ErrNoEntity] where either is not one. An
// agent that is waited for misses it. The error is [ErrQueueFull] where one does not take
// what it is sent.
func (t *Turn) Send(from, to, verb string, args ...any) error {
	a := t.on().owner(to)
	switch {
	case !t.on().isOurs(from):
		return fmt.Errorf("%w of the place's: %.100q", ErrNoEntity, from)
	case a == nil:
		return fmt.Errorf("%w of an agent's: %.100q", ErrNoEntity, to)
	}
	if a.away() {
		return nil
	}
	body, err := netcode.EncodeBody(append([]any{verb}, args...))
	if err != nil {
		return fmt.Errorf("engine: Turn.Send: %w", err)
	}
	if err := t.on().ofPlace(a, len(body)); err != nil {
		return err
	}
	return t.on().sendFor(PlaceID, a.session, &netcode.Interaction{Type: netcode.TypeOneway, From: from, To: to, Body: body})
}

func (a *agent) public() Agent {
	return Agent{ID: a.id, Identity: a.identity, Avatar: a.avatar, Version: a.version, Verified: a.verified, Bound: a.bound}
}
