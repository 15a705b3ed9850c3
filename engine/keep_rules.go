package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// restoreRules returns the rules that change_acl had added, and how many it had in all. One that
// cannot be read keeps the place from opening: without it somebody could do what was forbidden.
func (k *keeper) restoreRules() (added []*acl.Rule, given int, err error) {
	var count keptCount
	if _, err := k.one("rules", &count); err != nil {
		return nil, 0, err
	}
	type numbered struct {
		*acl.Rule
		number int
	}
	var found []numbered
	for id, value := range k.store.Records(KindRule) {
		rule, n, err := parseRule(id, value)
		if err != nil {
			return nil, 0, err
		}
		found = append(found, numbered{rule, n})
		count.Given = max(count.Given, n)
	}
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	for _, f := range found {
		added = append(added, f.Rule)
	}
	return added, count.Given, nil
}

// put hands the store one record.
func (k *keeper) put(kind, key string, value map[string]any) {
	k.store.Put([]Record{{Kind: kind, Key: key, Value: netcode.AppendValue(nil, value)}}, nil)
}

// keepRules has the rules kept that are in force now, where others were before, and how many were
// ever given.
func (k *keeper) keepRules(before, now []*acl.Rule, given int) {
	if k.store == nil {
		return
	}
	records := []Record{{
		Kind: KindPlace, Key: "rules", Value: netcode.AppendValue(nil, map[string]any{"given": given}),
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
	k.keep(records, nil)
}

func ruleRecord(rule *acl.Rule) Record {
	number, _ := strconv.Atoi(strings.TrimPrefix(rule.ID, "rule"))
	return Record{Kind: KindRule, Key: rule.ID, Value: netcode.AppendValue(nil, map[string]any{
		"number": number, "verdict": rule.Verdict.String(), "pattern": rule.Pattern.String(), "origin": rule.Origin,
	})}
}
