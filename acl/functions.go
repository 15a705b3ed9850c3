package acl

import (
	"fmt"
	"math"
	"strings"
)

// function is a function that a guard may call.
type function struct {
	name   string
	params string // the arguments, for errors
	truth  bool   // it returns true or false, never anything else
}

func (f *function) arity() int { return strings.Count(f.params, ",") + 1 }

// operation returns the function's name in the expr source. It differs for
// contains, which is an operator of expr.
func (f *function) operation() string {
	if f.name == "contains" {
		return "has_part"
	}
	return f.name
}

func (f *function) signature() string { return f.name + "(" + f.params + ")" }

// functions holds all functions that a guard may call, by name.
var functions = func() map[string]*function {
	byName := map[string]*function{}
	for _, f := range functionList {
		byName[f.name] = &f
	}
	return byName
}()

var functionList = []function{
	{"is_binary", "X", true},
	{"is_bitstring", "X", true},
	{"is_boolean", "X", true},
	{"is_float", "X", true},
	{"is_integer", "X", true},
	{"is_list", "X", true},
	{"is_map", "X", true},
	{"is_nil", "X", true},
	{"is_number", "X", true},
	{"is_map_key", "Map, Key", true},

	{"abs", "Number", false},
	{"ceil", "Number", false},
	{"div", "Integer, Integer", false},
	{"floor", "Number", false},
	{"rem", "Integer, Integer", false},
	{"round", "Number", false},
	{"trunc", "Number", false},
	{"max", "X, Y", false},
	{"min", "X, Y", false},

	{"hd", "List", false},
	{"tl", "List", false},
	{"length", "List", false},
	{"elem", "Tuple, Index", false},
	{"tuple_size", "Tuple", false},
	{"map_size", "Map", false},
	{"byte_size", "String", false},
	{"binary_part", "String, Start, Length", false},

	{"starts_with", "String, Prefix", true},
	{"ends_with", "String, Suffix", true},
	{"contains", "String, Part", true},

	{"owner", "EntityId", false},
	{"owns", "EntityId, OtherId", true},
	{"offered", "EntityId, ToId", true},
	{"identity", "EntityId", false},
	{"verified", "EntityId", false},
	{"bound", "EntityId", true},
	{"component", "EntityId, Name", false},
}

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

// integers returns both operands of div and rem, or records an error.
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

// items returns the items of a list. It records an error if v is no list or has
// fewer than least items.
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

// text returns v as a string, or records an error.
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

// texts returns both arguments of a function on strings.
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

// ask returns the Env and the entity's id, or records why there is no answer. After
// an error nothing is asked, because the answer would not count.
func (f *frame) ask(operation string, entity any) (Env, string, bool) {
	id, ok := f.text(operation, entity)
	if !ok || f.err != nil || f.failure != nil {
		return nil, "", false
	}
	if f.env == nil {
		f.fail(fmt.Errorf("%s: %w", operation, ErrNoEnv))
		return nil, "", false
	}
	return f.env, id, true
}

// answered records an error of the environment, and reports whether there is none.
func (f *frame) answered(operation string, err error) bool {
	if err != nil {
		f.fail(fmt.Errorf("%s: %w", operation, err))
	}
	return err == nil
}

func (f *frame) owner(entity any) any { return f.named("owner", entity, Env.Owner) }

func (f *frame) verified(entity any) any { return f.named("verified", entity, Env.Verified) }

// named asks for a name, such as an owner's id, and returns nil if it is empty.
func (f *frame) named(operation string, entity any, name func(Env, string) (string, error)) any {
	env, id, ok := f.ask(operation, entity)
	if !ok {
		return nil
	}
	answer, err := name(env, id)
	if !f.answered(operation, err) || answer == "" {
		return nil
	}
	return answer
}

func (f *frame) owns(entity, other any) bool { return f.related("owns", entity, other, Env.Owns) }

func (f *frame) offered(entity, to any) bool { return f.related("offered", entity, to, Env.Offered) }

// related asks whether a relation holds between two entities.
func (f *frame) related(operation string, entity, other any, holds func(Env, string, string) (bool, error)) bool {
	second, ok := f.text(operation, other)
	env, id, asked := f.ask(operation, entity)
	if !ok || !asked {
		return false
	}
	yes, err := holds(env, id, second)
	return f.answered(operation, err) && yes
}

func (f *frame) bound(entity any) bool {
	env, id, ok := f.ask("bound", entity)
	if !ok {
		return false
	}
	yes, err := env.Bound(id)
	return f.answered("bound", err) && yes
}

func (f *frame) identity(entity any) any {
	env, id, ok := f.ask("identity", entity)
	if !ok {
		return nil
	}
	return f.object("identity", func() (map[string]any, error) { return env.Identity(id) })
}

func (f *frame) component(entity, name any) any {
	component, ok := f.text("component", name)
	env, id, asked := f.ask("component", entity)
	if !ok || !asked {
		return nil
	}
	if r, ok := env.(Reader); ok {
		return f.partOf(r, id, component)
	}
	return f.object("component", func() (map[string]any, error) { return env.Component(id, component) })
}

// object returns an answer that is a map or nil.
func (f *frame) object(operation string, answer func() (map[string]any, error)) any {
	object, err := answer()
	if !f.answered(operation, err) || object == nil {
		return nil
	}
	return object
}
