package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// keptRule is a rule as it is kept.
type keptRule struct {
	Number  int    `json:"number"`
	Verdict string `json:"verdict"`
	Pattern string `json:"pattern"`
	Origin  string `json:"origin"`
}

// keptCount is how many ids of rules have been given away.
type keptCount struct {
	Given int `json:"given"`
}

// CheckRecord tells what is wrong with a record of one of the kinds above, as somebody
// may have written it by hand.
func CheckRecord(r Record) (err error) {
	switch {
	case r.Kind == KindEntity:
		if _, err = parseEntity(r.Value); err != nil {
			err = recordError(r.Kind, r.Key, err)
		}
	case r.Kind == KindAgent:
		err = parseRecord(r.Kind, r.Key, r.Value, &keptAgent{})
	case r.Kind == KindAgentEntity:
		_, err = parseAgentEntity(r.Key, r.Value)
	case r.Kind == KindRule:
		_, _, err = parseRule(r.Key, r.Value)
	case r.Kind == KindPlace && r.Key == "clock":
		err = parseRecord(r.Kind, r.Key, r.Value, &keptClock{})
	case r.Kind == KindPlace && r.Key == "rules":
		err = parseRecord(r.Kind, r.Key, r.Value, &keptCount{})
	default:
		err = recordError(r.Kind, r.Key, errors.New("there is no such thing"))
	}
	return err
}

// parseRecord reads a value that has these keys and no others.
func parseRecord(kind, key string, value []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return recordError(kind, key, err)
	}
	return nil
}

// parseEntity reads the components of an entity that was kept.
func parseEntity(value []byte) (map[string]any, error) {
	v, err := netcode.ParseValue(value)
	if err != nil {
		return nil, err
	}
	entity, _ := v.(map[string]any)
	components, ok := entity["components"].(map[string]any)
	if !ok {
		return nil, errors.New(`want {"components": {…}}`)
	}
	return components, CheckComponents(components)
}

// parseRule reads a rule that was kept.
func parseRule(id string, value []byte) (*acl.Rule, int, error) {
	var kept keptRule
	if err := parseRecord(KindRule, id, value, &kept); err != nil {
		return nil, 0, err
	}
	if kept.Number < 1 || id != ruleID(kept.Number) {
		return nil, 0, recordError(KindRule, id, fmt.Errorf("its number is %d", kept.Number))
	}
	rule := &acl.Rule{ID: id, Origin: kept.Origin}
	var err error
	if rule.Verdict, err = acl.ParseVerdict(kept.Verdict); err != nil {
		return nil, 0, recordError(KindRule, id, err)
	}
	if rule.Pattern, err = acl.Compile(kept.Pattern, acl.At(id, 1)); err != nil {
		return nil, 0, recordError(KindRule, id, err)
	}
	return rule, kept.Number, nil
}

// ruleID is the id of the nth rule that is added at run time.
func ruleID(n int) string { return fmt.Sprintf("rule%d", n) }
