package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// restoreRules puts the rules in force that change_acl had added. One that cannot be read
// keeps the place from opening: without it somebody could do what was forbidden.
func (p *Place) restoreRules() error {
	var count keptCount
	if _, err := p.kept.one("rules", &count); err != nil {
		return err
	}
	type numbered struct {
		*acl.Rule
		number int
	}
	var found []numbered
	for id, value := range p.kept.store.Records(KindRule) {
		rule, n, err := parseRule(id, value)
		if err != nil {
			return err
		}
		found = append(found, numbered{rule, n})
		count.Given = max(count.Given, n)
	}
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	added := make([]*acl.Rule, len(found))
	for i, f := range found {
		added[i] = f.Rule
	}
	p.access.given = count.Given
	p.access.set(added, p.access.rules)
	return nil
}

// put hands the store one record.
func (k *keeper) put(kind, key string, value map[string]any) {
	k.store.Put([]Record{{Kind: kind, Key: key, Value: netcode.AppendValue(nil, value)}}, nil)
}

// keepRules has the rules kept that are in force now, where others were before.
func (p *Place) keepRules(before []*acl.Rule) {
	if p.kept.store == nil {
		return
	}
	now := p.access.added
	records := []Record{{
		Kind: KindPlace, Key: "rules", Value: netcode.AppendValue(nil, map[string]any{"given": p.access.given}),
	}}
	for _, rule := range before {
		if !slices.Contains(now, rule) {
			records = append(records, Record{Kind: KindRule, Key: rule.ID})
		}
	}
	for _, rule := range now {
		if !slices.Contains(before, rule) {
			records = append(records, ruleRecord(rule))
		}
	}
	p.keep(records, nil)
}

func ruleRecord(rule *acl.Rule) Record {
	number, _ := strconv.Atoi(strings.TrimPrefix(rule.ID, "rule"))
	return Record{Kind: KindRule, Key: rule.ID, Value: netcode.AppendValue(nil, map[string]any{
		"number": number, "verdict": rule.Verdict.String(), "pattern": rule.Pattern.String(), "origin": rule.Origin,
	})}
}
