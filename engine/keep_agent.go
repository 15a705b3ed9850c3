package engine

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// noticed is how long an agent may take to notice that the place was killed: the longest
// timeout of a peer (netcode/PROTOCOL.md, "Connections"). It is waited for so much longer.
const noticed = 20 * time.Second

// keptAgent is an agent with a verified key as it is kept while it is here: should the
// place end without having said goodbye, it can come back to the next one.
type keptAgent struct {
	Identity map[string]any `json:"identity"`
	Avatar   string         `json:"avatar"`
	Version  int            `json:"version"`
	Verified string         `json:"verified"`
	Bound    bool           `json:"bound,omitempty"`
}

// keptAs is the kind of record that the entities of an owner are kept as, "" if they are
// not.
func (k *keeper) keptAs(owner string) string {
	switch {
	case owner == PlaceID:
		return KindEntity
	case k.comesBack(owner):
		return KindAgentEntity
	}
	return ""
}

// keepAgent has an agent kept that may come back.
func (k *keeper) keepAgent(a *agent) {
	if k.store != nil && k.comesBack(a.id) {
		k.put(KindAgent, a.id, map[string]any{
			"identity": a.identity, "avatar": a.avatar, "version": a.version, "verified": a.verified, "bound": a.bound,
		})
	}
}

// forgetAgent ends what keepAgent began. Its entities are forgotten with all that go.
func (k *keeper) forgetAgent(a *agent) {
	if k.store != nil && a.verified != "" {
		k.store.Put([]Record{{Kind: KindAgent, Key: a.id}}, nil)
	}
}

// takeAgents returns the agents that were in the place when it ended, each with its entities,
// and forgets them: those that are waited for are kept again, at once with that.
func (k *keeper) takeAgents() map[*Agent][]Entity {
	if k.store == nil {
		return nil
	}
	var forget []Record
	theirs := map[string][]Entity{}
	for id, value := range k.store.Records(KindAgentEntity) {
		if e, err := parseAgentEntity(id, value); err == nil {
			theirs[e.Owner] = append(theirs[e.Owner], e)
		}
		forget = append(forget, Record{Kind: KindAgentEntity, Key: id})
	}
	agents := map[*Agent][]Entity{}
	for id, value := range k.store.Records(KindAgent) {
		var a keptAgent
		if err := parseRecord(KindAgent, id, value, &a); err == nil {
			slices.SortFunc(theirs[id], func(x, y Entity) int { return cmp.Compare(x.ID, y.ID) })
			agents[&Agent{ID: id, Identity: a.Identity, Avatar: a.Avatar, Version: a.Version, Verified: a.Verified, Bound: a.Bound}] = theirs[id]
		}
		forget = append(forget, Record{Kind: KindAgent, Key: id})
	}
	k.store.Put(forget, nil)
	return agents
}

// awaitKept has the place wait for the agents that were in it when it ended.
func (t *Turn) awaitKept() {
	for a, entities := range t.place.kept.takeAgents() {
		if err := t.Await(*a, entities); err != nil {
			t.place.log.Info("an agent that was here before is not waited for", "agent", a.ID, "because", err)
			continue
		}
		agent := t.place.agents[a.ID]
		agent.until = agent.until.Add(noticed)
	}
}

// appendAgentEntity appends an entity as it is kept with its owner's id.
func appendAgentEntity(dst []byte, e *world.Entity) []byte {
	dst = netcode.AppendString(append(dst, `{"owner":`...), e.Owner())
	return append(e.AppendComponents(append(dst, `,"components":`...), nil), '}')
}

func parseAgentEntity(id string, value []byte) (Entity, error) {
	var kept struct {
		Owner      string         `json:"owner"`
		Components map[string]any `json:"components"`
	}
	if err := parseRecord(KindAgentEntity, id, value, &kept); err != nil {
		return Entity{}, err
	}
	if kept.Owner == "" || kept.Owner == PlaceID {
		return Entity{}, recordError(KindAgentEntity, id, errors.New("it is no agent's"))
	}
	if err := CheckComponents(kept.Components); err != nil {
		return Entity{}, recordError(KindAgentEntity, id, err)
	}
	e := Entity{ID: id, Owner: kept.Owner, Components: map[string]map[string]any{}}
	for name, c := range kept.Components {
		e.Components[name], _ = asObject(c)
	}
	return e, nil
}
