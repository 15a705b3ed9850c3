package sandbox

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// Plain converts between Lua and plain data: map[string]any, []any, string,
// float64, bool and nil, as netcode.ParseValue gives. The zero value has the
// defaults. Errors wrap [ErrPlain] and name the path.
type Plain struct {
	// Depth is how deep a value may nest. Zero means 64.
	Depth int
	// Size bounds the text and, at 8 each, the values and keys, in bytes. Zero
	// means 1 MiB.
	Size int
	// EmptyArray makes an empty table without a marker [] instead of {}.
	EmptyArray bool
	// UserData converts a host's value. Nil refuses all but null.
	UserData func(*lua.LUserData) (any, error)
}

// valueSize is what a value or key counts besides its text.
const valueSize = 8

// converter is one conversion under way.
type converter struct {
	Plain
	state *State
	path  []any // string keys and int indexes
	left  int
	count int // values and keys so far
	open  map[*lua.LTable]bool
}

func (p Plain) converter(s *State) *converter {
	if p.Depth == 0 {
		p.Depth = 64
	}
	if p.Size == 0 {
		p.Size = 1 << 20
	}
	return &converter{Plain: p, state: s, left: p.Size}
}

func (c *converter) refuse(format string, args ...any) error {
	at := ""
	for _, step := range c.path {
		switch step := step.(type) {
		case string:
			at += "." + step
		case int:
			at += fmt.Sprintf("[%d]", step)
		}
	}
	if at == "" {
		at = "value"
	}
	return fmt.Errorf("%w: %s: %s", ErrPlain, at, fmt.Sprintf(format, args...))
}

// done counts the work: by values, and by the bytes of their texts.
func (c *converter) done() {
	text := c.Size - c.left - c.count*valueSize
	c.state.meter.count += int64(c.count*valuePrice + text/bytesPerInstruction)
}

// take takes a value's size from what is left.
func (c *converter) take(text int) error {
	c.count++
	c.left -= valueSize + text
	if c.left < 0 {
		return c.refuse("larger than %d bytes", c.Size)
	}
	if len(c.path) > c.Depth {
		return c.refuse("nested deeper than %d", c.Depth)
	}
	return nil
}

// ToGo converts a Lua value. Tables with the keys 1 to n become []any, tables
// with text keys map[string]any; mixed tables, holes and cycles are refused,
// and so are functions, NaN, infinities and text that is not UTF-8, or has a zero
// byte: at that it would be another where it is read.
func (p Plain) ToGo(s *State, value lua.LValue) (any, error) {
	c := p.converter(s)
	defer c.done()
	return c.toGo(value)
}

func (c *converter) toGo(value lua.LValue) (any, error) {
	text, _ := value.(lua.LString)
	if err := c.take(len(text)); err != nil {
		return nil, err
	}
	switch v := value.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LNumber:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, nil
		}
		return nil, c.refuse("%v is not a finite number", v)
	case lua.LString:
		switch {
		case !utf8.ValidString(string(v)):
			return nil, c.refuse("text that is not UTF-8")
		case strings.IndexByte(string(v), 0) >= 0:
			return nil, c.refuse("text with a zero byte")
		}
		return string(v), nil
	case *lua.LTable:
		return c.tableToGo(v)
	case *lua.LUserData:
		if v == c.state.null {
			return nil, nil
		}
		if c.UserData != nil {
			plain, err := c.UserData(v)
			if err != nil {
				return nil, err
			}
			return c.copy(plain)
		}
	}
	return nil, c.refuse("a %s", value.Type())
}

// copy copies plain data of the host's, which counts like a script's own.
func (c *converter) copy(value any) (any, error) {
	text, _ := value.(string)
	c.count++
	if c.left -= valueSize + len(text); c.left < 0 {
		return nil, c.refuse("larger than %d bytes", c.Size)
	}
	switch v := value.(type) {
	case []any:
		values := make([]any, len(v))
		for i, item := range v {
			var err error
			if values[i], err = c.copy(item); err != nil {
				return nil, err
			}
		}
		return values, nil
	case map[string]any:
		values := make(map[string]any, len(v))
		for name, item := range v {
			c.count++
			c.left -= valueSize + len(name)
			var err error
			if values[name], err = c.copy(item); err != nil {
				return nil, err
			}
		}
		return values, nil
	}
	return value, nil
}

func (c *converter) tableToGo(t *lua.LTable) (any, error) {
	if c.open[t] {
		return nil, c.refuse("a cycle")
	}
	if c.open == nil {
		c.open = map[*lua.LTable]bool{}
	}
	c.open[t] = true
	defer delete(c.open, t)
	n := t.MaxN()
	key, _ := t.Next(lua.LNumber(n))
	if n == 0 {
		key, _ = t.Next(lua.LNil)
	}
	switch {
	case n > 0 && key != lua.LNil:
		return nil, c.refuse("a table with both indexes and the key %s", key)
	case n > 0:
		return c.array(t, n)
	case key != lua.LNil:
		return c.object(t, key)
	case t.Metatable == c.state.arrays, c.EmptyArray && t.Metatable != c.state.objects:
		return []any{}, nil
	}
	return map[string]any{}, nil
}

func (c *converter) array(t *lua.LTable, n int) (any, error) {
	if n > c.left/valueSize {
		return nil, c.refuse("larger than %d bytes", c.Size)
	}
	values := make([]any, n)
	for i := range values {
		c.path = append(c.path, i+1)
		value := t.RawGetInt(i + 1)
		if value == lua.LNil {
			return nil, c.refuse("a hole; place.json.null fills one")
		}
		v, err := c.toGo(value)
		if err != nil {
			return nil, err
		}
		values[i] = v
		c.path = c.path[:len(c.path)-1]
	}
	return values, nil
}

func (c *converter) object(t *lua.LTable, key lua.LValue) (any, error) {
	values := map[string]any{}
	for value := t.RawGet(key); key != lua.LNil; key, value = t.Next(key) {
		name, ok := key.(lua.LString)
		if !ok || !utf8.ValidString(string(name)) || strings.IndexByte(string(name), 0) >= 0 {
			return nil, c.refuse("a key that is not text: %s", key.Type())
		}
		c.path = append(c.path, string(name))
		if err := c.take(len(name)); err != nil {
			return nil, err
		}
		v, err := c.toGo(value)
		if err != nil {
			return nil, err
		}
		values[string(name)] = v
		c.path = c.path[:len(c.path)-1]
	}
	return values, nil
}

// ToLua converts plain data. nil becomes the null marker, so that arrays keep
// their length, and empty arrays and objects are marked, so that they come
// back as what they were. Other Go types are refused.
func (p Plain) ToLua(s *State, value any) (lua.LValue, error) {
	c := p.converter(s)
	defer c.done()
	return c.toLua(value)
}

func (c *converter) toLua(value any) (lua.LValue, error) {
	text, _ := value.(string)
	if err := c.take(len(text)); err != nil {
		return nil, err
	}
	switch v := value.(type) {
	case nil:
		return c.state.null, nil
	case bool:
		return lua.LBool(v), nil
	case float64:
		return lua.LNumber(v), nil
	case string:
		return lua.LString(v), nil
	case []any:
		return c.arrayToLua(v)
	case map[string]any:
		return c.objectToLua(v)
	}
	return nil, c.refuse("a %T", value)
}

func (c *converter) arrayToLua(values []any) (lua.LValue, error) {
	t := c.state.lua.CreateTable(len(values), 0)
	if len(values) == 0 {
		t.Metatable = c.state.arrays
	}
	for i, value := range values {
		c.path = append(c.path, i+1)
		v, err := c.toLua(value)
		if err != nil {
			return nil, err
		}
		t.RawSetInt(i+1, v)
		c.path = c.path[:len(c.path)-1]
	}
	return t, nil
}

func (c *converter) objectToLua(values map[string]any) (lua.LValue, error) {
	t := c.state.lua.CreateTable(0, len(values))
	if len(values) == 0 {
		t.Metatable = c.state.objects
	}
	for _, name := range slices.Sorted(maps.Keys(values)) { // as scripts go over them
		c.path = append(c.path, name)
		if err := c.take(len(name)); err != nil {
			return nil, err
		}
		v, err := c.toLua(values[name])
		if err != nil {
			return nil, err
		}
		t.RawSetString(name, v)
		c.path = c.path[:len(c.path)-1]
	}
	return t, nil
}
