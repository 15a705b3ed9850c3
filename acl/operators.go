package acl

import "slices"

// isTrue evaluates the left side of "and" and "or", and the operand of "not".
func (f *frame) isTrue(v any) bool {
	b, ok := v.(bool)
	if !ok {
		f.want("and, or, not", "true or false", v)
	}
	return b
}

func (f *frame) within(v, in any) bool {
	items, ok := in.([]any)
	if !ok {
		f.want("in", "a list", in)
	}
	return slices.ContainsFunc(items, func(item any) bool { return f.work.equal(v, item) })
}

// hold keeps a value for is_held. It is always true.
func (f *frame) hold(at, v any) bool {
	i := int(at.(float64)) // the emitter's constant
	if i >= len(f.held) {
		f.held = append(f.held, make([]any, i+1-len(f.held))...)
	}
	f.held[i] = v
	return true
}

// join evaluates [items | tail].
func (f *frame) join(items, tail any) any {
	rest, ok := tail.([]any)
	if !ok {
		f.want("[… | …]", "a list behind the bar", tail)
		return nil
	}
	if f.work -= work(len(rest)); f.work < 0 {
		return nil
	}
	return slices.Concat(items.([]any), rest)
}

// at evaluates of[key], which is nil if absent.
func (f *frame) at(of, key any) any {
	switch of := of.(type) {
	case nil:
		return nil
	case map[string]any:
		if name, ok := key.(string); ok {
			return of[name]
		}
		return nil
	case *part:
		if name, ok := key.(string); ok {
			v, _ := of.get(name)
			return v
		}
		return nil
	case []any:
		return f.item(of, key)
	default:
		f.want("[…]", "a map, a list or nil", of)
		return nil
	}
}

// item evaluates items[key], counted from 0.
func (f *frame) item(items []any, key any) any {
	n, ok := numberOf(key)
	if !ok || !isInteger(n) {
		f.want("[…] of a list", "an integer", key)
		return nil
	}
	if n < 0 || n >= float64(len(items)) {
		return nil
	}
	return items[int(n)]
}

// field evaluates of.name, which is an error if absent.
func (f *frame) field(of, name any) any {
	key := name.(string) // the emitter's constant
	var v any
	ok := false
	switch of := of.(type) {
	case map[string]any:
		v, ok = of[key]
	case *part:
		v, ok = of.get(key)
	default:
		f.want("."+key, "a map", of)
		return nil
	}
	if !ok {
		f.refuse("."+key, "the map has no such key")
	}
	return v
}

// numbers returns both operands, or records that one is no number.
func (f *frame) numbers(operation string, a, b any) (x, y float64, ok bool) {
	x, ok = f.oneNumber(operation, a)
	if ok {
		y, ok = f.oneNumber(operation, b)
	}
	return x, y, ok
}

func (f *frame) oneNumber(operation string, v any) (float64, bool) {
	n, ok := numberOf(v)
	if !ok {
		f.want(operation, "a number", v)
	}
	return n, ok
}

// result returns v, or records that the result is no number.
func (f *frame) result(operation string, v any, ok bool) any {
	if !ok {
		f.refuse(operation, "the result is too large")
		return nil
	}
	return v
}

func (f *frame) arithmetic(operation string, of func(x, y float64) float64) func(a, b any) any {
	return func(a, b any) any {
		x, y, ok := f.numbers(operation, a, b)
		if !ok {
			return nil
		}
		v, ok := finite(of(x, y))
		return f.result(operation, v, ok)
	}
}

func plus(x, y float64) float64  { return x + y }
func minus(x, y float64) float64 { return x - y }
func times(x, y float64) float64 { return x * y }

func (f *frame) divide(a, b any) any {
	x, y, ok := f.numbers("/", a, b)
	if !ok {
		return nil
	}
	if y == 0 {
		f.refuse("/", "division by zero")
		return nil
	}
	v, ok := finite(x / y)
	return f.result("/", v, ok)
}

func (f *frame) negate(v any) any {
	n, ok := f.oneNumber("-", v)
	if !ok {
		return nil
	}
	return 0 - n
}

func (f *frame) number(v any) any {
	f.oneNumber("+", v)
	return v
}
