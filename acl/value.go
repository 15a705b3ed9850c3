package acl

import (
	"cmp"
	"maps"
	"math"
	"math/bits"
	"slices"
)

// kind sorts values as Elixir orders them across kinds.
type kind uint8

const (
	kindNumber kind = iota
	kindAtom        // true, false, nil
	kindMap
	kindList
	kindText
	kindForeign // no JSON value
)

func (k kind) String() string {
	return [...]string{"a number", "true, false or nil", "a map", "a list", "a string", "no JSON value"}[k]
}

func kindOf(v any) kind {
	switch v.(type) {
	case string:
		return kindText
	case float64:
		return kindNumber
	case nil, bool:
		return kindAtom
	case map[string]any, *part:
		return kindMap
	case []any:
		return kindList
	default:
		return kindForeign
	}
}

// work counts the steps that a match has left, see [MaxSteps]. Below 0 the results
// do not count.
type work int

// text charges for reading s.
func (w *work) text(s string) { *w -= work(1 + len(s)/64) }

// equal compares by kind and value. 1 and 1.0 are equal.
func (w *work) equal(a, b any) bool {
	if *w--; *w < 0 {
		return false
	}
	b = plain(b)
	switch a := plain(a).(type) {
	case string:
		b, ok := b.(string)
		return ok && len(a) == len(b) && w.equalText(a, b)
	case float64:
		b, ok := b.(float64)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case nil:
		return b == nil
	case []any:
		b, ok := b.([]any)
		return ok && w.equalLists(a, b)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && w.equalMaps(a, b)
	}
	return false
}

func (w *work) equalText(a, b string) bool {
	w.text(a)
	return a == b
}

func (w *work) equalLists(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !w.equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func (w *work) equalMaps(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for key, v := range a {
		other, ok := b[key]
		if !ok || !w.equal(v, other) {
			return false
		}
	}
	return true
}

// compare orders any two values as Elixir does: numbers, atoms, maps, lists,
// strings.
func (w *work) compare(a, b any) int {
	if *w--; *w < 0 {
		return 0
	}
	a, b = plain(a), plain(b)
	kind := kindOf(a)
	if c := cmp.Compare(kind, kindOf(b)); c != 0 {
		return c
	}
	switch kind {
	case kindNumber:
		return compareNumbers(a, b)
	case kindAtom:
		return cmp.Compare(atomOrder(a), atomOrder(b))
	case kindMap:
		return w.compareMaps(a.(map[string]any), b.(map[string]any))
	case kindList:
		return w.compareLists(a.([]any), b.([]any))
	case kindText:
		a, b := a.(string), b.(string)
		w.text(a[:min(len(a), len(b))])
		return cmp.Compare(a, b)
	}
	return 0
}

// atomOrder orders atoms by their names.
func atomOrder(v any) int {
	switch v {
	case false:
		return 0
	case nil:
		return 1
	default:
		return 2
	}
}

func (w *work) compareLists(a, b []any) int {
	for i := range min(len(a), len(b)) {
		if c := w.compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareMaps orders by size, then keys, then values in the order of the keys.
func (w *work) compareMaps(a, b map[string]any) int {
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	if *w -= work(len(a) * bits.Len(uint(len(a)))); *w < 0 { // to sort the keys
		return 0
	}
	keys := slices.Sorted(maps.Keys(a))
	for _, key := range keys {
		w.text(key)
	}
	if c := slices.Compare(keys, slices.Sorted(maps.Keys(b))); c != 0 {
		return c
	}
	for _, key := range keys {
		if c := w.compare(a[key], b[key]); c != 0 {
			return c
		}
	}
	return 0
}

// exactBelow is the number below which float64 represents every integer.
const exactBelow = 1 << 53

// numberOf returns v as a number. It fails for other kinds, infinities and NaN.
func numberOf(v any) (float64, bool) {
	f, ok := v.(float64)
	return f, ok && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// isInteger reports whether v is a number without a fraction.
func isInteger(v any) bool {
	f, ok := v.(float64)
	return ok && f == math.Trunc(f)
}

// finite returns f as a value, unless JSON cannot represent it.
func finite(f float64) (any, bool) {
	return f, !math.IsInf(f, 0) && !math.IsNaN(f)
}

// compareNumbers compares by value. Infinities and NaN equal everything.
func compareNumbers(a, b any) int {
	x, okX := a.(float64)
	y, okY := b.(float64)
	if !okX || !okY {
		return 0
	}
	return cmp.Compare(x, y)
}

// part is a component that is read lazily. To guards it is a map.
type part struct {
	frame        *frame
	entity, name string
}

// bytesPerStep is the number of bytes read from components that count as one step of [MaxSteps].
const bytesPerStep = 8

func (f *frame) read(operation string, bytes int, err error) (ok bool) {
	f.work -= work(1 + bytes/bytesPerStep)
	return f.answered(operation, err) && f.work >= 0
}

// partOf returns a component for lazy reading, nil if there is none.
func (f *frame) partOf(r Reader, entity, name string) any {
	has, err := r.Has(entity, name)
	if !f.answered("component", err) || !has {
		return nil
	}
	return &part{f, entity, name}
}

// get returns the value of a key.
func (p *part) get(key string) (v any, ok bool) {
	v, bytes, ok, err := p.frame.env.(Reader).Field(p.entity, p.name, key)
	return v, p.frame.read("component", bytes, err) && ok
}

// whole returns the whole component, nil if that is too much work.
func (p *part) whole() map[string]any {
	bytes, err := p.frame.env.(Reader).Size(p.entity, p.name)
	if !p.frame.read("component", bytes, err) {
		return nil
	}
	all, err := p.frame.env.Component(p.entity, p.name)
	p.frame.answered("component", err)
	return all
}

// plain returns a value as JSON decodes to it.
func plain(v any) any {
	if p, ok := v.(*part); ok {
		return p.whole()
	}
	return v
}
