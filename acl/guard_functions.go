package acl

import (
	"math"
	"strings"
)

func isKind(k kind) func(*frame) any {
	return func(*frame) any {
		return func(v any) bool { return kindOf(v) == k }
	}
}

func isBoolean(v any) bool {
	_, ok := v.(bool)
	return ok
}

func isFloat(v any) bool { return kindOf(v) == kindNumber && !isInteger(v) }

func (f *frame) isMapKey(of, key any) bool {
	name, isText := key.(string)
	if p, ok := of.(*part); ok {
		_, has := p.get(name)
		return isText && has
	}
	object, ok := of.(map[string]any)
	if !ok {
		f.want("is_map_key", "a map", of)
		return false
	}
	_, has := object[name]
	return isText && has
}

func (f *frame) abs(v any) any {
	n, ok := f.oneNumber("abs", v)
	if !ok {
		return nil
	}
	return math.Abs(n)
}

var roundings = map[string]func(float64) float64{
	"ceil": math.Ceil, "floor": math.Floor, "round": math.Round, "trunc": math.Trunc,
}

func (f *frame) rounded(operation string) func(any) any {
	rounding := roundings[operation]
	return func(v any) any {
		n, ok := f.oneNumber(operation, v)
		if !ok {
			return v
		}
		return rounding(n)
	}
}

// integers gives both operands of div and rem, or notes what is wrong.
func (f *frame) integers(operation string, a, b any) (x, y float64, ok bool) {
	x, y, ok = f.numbers(operation, a, b)
	switch {
	case !ok:
	case !isInteger(x) || !isInteger(y):
		f.refuse(operation, "not an integer but a fraction")
		ok = false
	case y == 0:
		f.refuse(operation, "division by zero")
		ok = false
	}
	return x, y, ok
}

func (f *frame) div(a, b any) any {
	x, y, ok := f.integers("div", a, b)
	if !ok {
		return nil
	}
	v, ok := finite(math.Trunc(x / y))
	return f.result("div", v, ok)
}

func (f *frame) rem(a, b any) any {
	x, y, ok := f.integers("rem", a, b)
	if !ok {
		return nil
	}
	return math.Mod(x, y)
}

func (f *frame) max(a, b any) any {
	if f.work.compare(a, b) < 0 {
		return b
	}
	return a
}

func (f *frame) min(a, b any) any {
	if f.work.compare(a, b) > 0 {
		return b
	}
	return a
}

// items returns the items of a list, or notes that it is none, or empty where that
// is wrong.
func (f *frame) items(operation string, v any, least int) ([]any, bool) {
	items, ok := v.([]any)
	if !ok {
		f.want(operation, "a list", v)
		return nil, false
	}
	if len(items) < least {
		f.refuse(operation, "the list is empty")
		return nil, false
	}
	return items, true
}

func (f *frame) head(v any) any {
	items, ok := f.items("hd", v, 1)
	if !ok {
		return nil
	}
	return items[0]
}

func (f *frame) tail(v any) any {
	items, ok := f.items("tl", v, 1)
	if !ok {
		return nil
	}
	return items[1:]
}

func (f *frame) length(v any) any {
	items, _ := f.items("length", v, 0)
	return float64(len(items))
}

// elem is always an error: no message has a tuple.
func (f *frame) elem(v, _ any) any { return f.tupleSizeOf("elem", v) }

func (f *frame) tupleSize(v any) any { return f.tupleSizeOf("tuple_size", v) }

func (f *frame) tupleSizeOf(operation string, v any) any {
	f.want(operation, "a tuple, which JSON has not,", v)
	return nil
}

func (f *frame) mapSize(v any) any {
	object, ok := plain(v).(map[string]any)
	if !ok {
		f.want("map_size", "a map", v)
	}
	return float64(len(object))
}

// text gives a string, or notes that it is none.
func (f *frame) text(operation string, v any) (string, bool) {
	s, ok := v.(string)
	if !ok {
		f.want(operation, "a string", v)
	}
	return s, ok
}

func (f *frame) byteSize(v any) any {
	s, _ := f.text("byte_size", v)
	return float64(len(s))
}

// binaryPart takes a string, where the part begins, and its length in bytes,
// which may be negative for a part that ends there.
func (f *frame) binaryPart(args ...any) any {
	s, ok := f.text("binary_part", args[0])
	if !ok {
		return nil
	}
	start, length, ok := f.numbers("binary_part", args[1], args[2])
	if !ok {
		return nil
	}
	from, to := start, start+length
	if from > to {
		from, to = to, from
	}
	whole := isInteger(start) && isInteger(length)
	if !whole || from < 0 || to > float64(len(s)) {
		f.refuse("binary_part", "the string has no such part")
		return nil
	}
	return s[int(from):int(to)]
}

// texts gives both arguments of a function on strings.
func (f *frame) texts(operation string, a, b any) (s, t string, ok bool) {
	if s, ok = f.text(operation, a); ok {
		t, ok = f.text(operation, b)
	}
	return s, t, ok
}

func (f *frame) startsWith(a, b any) bool {
	s, start, ok := f.texts("starts_with", a, b)
	return ok && strings.HasPrefix(s, start)
}

func (f *frame) endsWith(a, b any) bool {
	s, end, ok := f.texts("ends_with", a, b)
	return ok && strings.HasSuffix(s, end)
}

func (f *frame) contains(a, b any) bool {
	s, part, ok := f.texts("contains", a, b)
	f.work.text(s)
	return ok && f.work >= 0 && strings.Contains(s, part)
}
