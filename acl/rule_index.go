package acl

import "slices"

// indexed are the places of an interaction that a [List] is indexed by: its type,
// its receiver and the first item of its body.
var indexed = [...]requirement{{in: -1, item: 1}, {in: -1, item: 3}, {in: 5, item: 0}}

// ruleIndex finds the rules whose pattern has, at each of three places, the same
// string as an interaction or none.
type ruleIndex struct {
	names   [len(indexed)]map[string]uint32 // of strings at each place, from 1: 0 is "none"
	buckets map[ruleKey][]int               // positions in the list, ascending
}

type ruleKey [len(indexed)]uint32

// add indexes the rule at a position, which is higher than any before. It gives
// the requirements of the rule that the index leaves open, which are to be met
// before it is tried.
func (x *ruleIndex) add(position int, p *Pattern) (open []requirement) {
	if x.buckets == nil {
		x.buckets = map[ruleKey][]int{}
		for i := range x.names {
			x.names[i] = map[string]uint32{}
		}
	}
	var key ruleKey
	for _, r := range requirements(p.rule, certain) {
		i := slices.IndexFunc(indexed[:], func(at requirement) bool { return at.in == r.in && at.item == r.item })
		if i < 0 || key[i] != 0 {
			open = append(open, r)
			continue
		}
		if x.names[i][r.text] == 0 {
			x.names[i][r.text] = uint32(len(x.names[i]) + 1)
		}
		key[i] = x.names[i][r.text]
	}
	x.buckets[key] = append(x.buckets[key], position)
	slices.Reverse(open) // what is first in an interaction is the same in all
	return open
}

// candidates returns the rules that may match the interaction.
func (x *ruleIndex) candidates(interaction []any) candidates {
	var c candidates
	key := x.key(interaction)
	for mask := range 1 << len(key) {
		k, distinct := key, true
		for i := range k {
			if mask>>i&1 == 0 {
				continue
			}
			distinct = distinct && k[i] != 0 // else it is the bucket without this bit
			k[i] = 0
		}
		if bucket := x.buckets[k]; distinct && len(bucket) > 0 {
			c.buckets[c.count] = bucket
			c.count++
		}
	}
	return c
}

// key gives what the interaction has at the places.
func (x *ruleIndex) key(interaction []any) (key ruleKey) {
	for i := range indexed {
		if text, ok := indexed[i].textIn(interaction); ok {
			key[i] = x.names[i][text]
		}
	}
	return key
}

// candidates are positions in several buckets, given in ascending order.
type candidates struct {
	buckets [8][]int
	count   int
}

// next returns the next position, -1 after the last.
func (c *candidates) next() int {
	if c.count == 0 {
		return -1
	}
	first := 0
	for i := 1; i < c.count; i++ {
		if c.buckets[i][0] < c.buckets[first][0] {
			first = i
		}
	}
	position := c.buckets[first][0]
	c.buckets[first] = c.buckets[first][1:]
	if len(c.buckets[first]) == 0 {
		c.count--
		c.buckets[first] = c.buckets[c.count]
	}
	return position
}
