package scripts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

// KindScene are the entities that the scripts last declared, by id, in an [engine.Store]:
// {"depth", "components"}. A restart is reconciled against them, as a reload is.
const KindScene = "scene"

// CheckRecord tells what is wrong with a record of one of the scripts' kinds, as somebody
// may have written it by hand.
func CheckRecord(r engine.Record) (err error) {
	switch {
	case r.Kind == KindStore:
		if err = checkStoreKey(r.Key); err == nil {
			_, err = netcode.ParseValue(r.Value)
		}
	case r.Kind == KindScene:
		_, err = parseDeclared(r.Value)
	default:
		err = errors.New("there is no such thing")
	}
	if err != nil {
		err = fmt.Errorf("scripts: what is kept as %s %q: %w", r.Kind, r.Key, err)
	}
	return err
}

// restoreScene reads what was declared before the place was opened.
func (r *Runtime) restoreScene() {
	for id, value := range r.turn.Kept(KindScene) {
		d, err := parseDeclared(value)
		if err != nil {
			r.log.Error("a declaration that was kept is left out", "entity", id, "error", err)
			continue
		}
		r.declared[id] = d
	}
}

func parseDeclared(value []byte) (declared, error) {
	var kept struct {
		Depth      int             `json:"depth"`
		Components json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(value, &kept); err != nil {
		return declared{}, err
	}
	v, err := netcode.ParseValue(kept.Components)
	if err != nil {
		return declared{}, err
	}
	components, ok := v.(map[string]any)
	if !ok {
		return declared{}, errors.New(`want {"depth": N, "components": {…}}`)
	}
	return declared{components: components, depth: kept.Depth}, engine.CheckComponents(components)
}

// keepScene has a scene kept that was reconciled against another, along with what that
// did to the place.
func (r *Runtime) keepScene(before, now map[string]declared) {
	var records []engine.Record
	for id, d := range now {
		if old, was := before[id]; !was || old.depth != d.depth || !same(old.components, d.components) {
			records = append(records, engine.Record{
				Kind: KindScene, Key: id,
				Value: netcode.AppendValue(nil, map[string]any{"depth": d.depth, "components": d.components}),
			})
		}
	}
	for id := range before {
		if _, still := now[id]; !still {
			records = append(records, engine.Record{Kind: KindScene, Key: id})
		}
	}
	r.turn.Keep(records...)
}

// same tells whether values are the same, or become so where they are kept.
func same(a, b any) bool {
	return reflect.DeepEqual(a, b) || bytes.Equal(netcode.AppendValue(nil, a), netcode.AppendValue(nil, b))
}
