package sandbox

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// withMarkers gives scripts the markers as globals.
func withMarkers(s *State) {
	L := s.Lua()
	L.SetGlobal("null", s.Null())
	mark := func(as func(*lua.LTable)) *lua.LFunction {
		return L.NewFunction(func(L *lua.LState) int {
			t := L.CheckTable(1)
			as(t)
			L.Push(t)
			return 1
		})
	}
	L.SetGlobal("array", mark(s.MarkArray))
	L.SetGlobal("object", mark(s.MarkObject))
}

func evaluate(t testing.TB, s *State, expression string) lua.LValue {
	t.Helper()
	values, err := s.Call(relaxed, load(t, s, "return "+expression))
	if err != nil {
		t.Fatal(err)
	}
	return values[0]
}

func TestLuaValuesBecomePlainData(t *testing.T) {
	s := newState(t, Config{})
	withMarkers(s)
	for expression, want := range map[string]any{
		`nil`: nil, `null`: nil, `true`: true, `1.5`: 1.5, `"x"`: "x",
		`{}`:                       map[string]any{},
		`array{}`:                  []any{},
		`object{}`:                 map[string]any{},
		`{1, "a", {2}}`:            []any{1.0, "a", []any{2.0}},
		`{1, null, 3}`:             []any{1.0, nil, 3.0},
		`{a = 1, b = {c = false}}`: map[string]any{"a": 1.0, "b": map[string]any{"c": false}},
		`(function() local t = {1, 2, x = 1} t.x = nil t[2] = nil return t end)()`: []any{1.0},
		`(function() local t = {x = 1} t.x = nil return array(t) end)()`:           []any{},
		`(function() local t = {} return {t, t} end)()`:                            []any{map[string]any{}, map[string]any{}},
	} {
		got, err := Plain{}.ToGo(s, evaluate(t, s, expression))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives %#v, %v", expression, got, err)
		}
	}
	for expression, want := range map[string]any{`{}`: []any{}, `object{}`: map[string]any{}} {
		got, err := Plain{EmptyArray: true}.ToGo(s, evaluate(t, s, expression))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("in a body %s gives %#v, %v", expression, got, err)
		}
	}
}

func TestWhatIsNotPlainDataIsRefusedWithItsPath(t *testing.T) {
	s := newState(t, Config{})
	withMarkers(s)
	for expression, want := range map[string]string{
		`{a = {1, print}}`:                 ".a[2]: a function",
		`{1, a = 2}`:                       "both indexes and the key a",
		`{1, nil, 3}`:                      "[2]: a hole",
		`{[0] = 1}`:                        "a key that is not text",
		`{[true] = 1}`:                     "a key that is not text",
		`{[1.5] = 1}`:                      "a key that is not text",
		`0/0`:                              "not a finite number",
		`{x = 1/0}`:                        ".x: +Inf is not a finite number",
		`"\255"`:                           "not UTF-8",
		`{["\255"] = 1}`:                   "a key that is not text",
		`coroutine.create(function() end)`: "a thread",
		`(function() local t = {} t.x = {t} return t end)()`:                                        ".x[1]: a cycle",
		`(function() local t = {} for i = 1, 65 do t = {t} end return t end)()`:                     "nested deeper than 64",
		`(function() local t = {} for i = 1, 2e5 do t[i] = 1 end return t end)()`:                   "larger than",
		`(function() local s, t = ("x"):rep(1e5), {} for i = 1, 20 do t[i] = s end return t end)()`: "larger than",
		`setmetatable({}, {__index = error, __len = error, __pairs = error}) and {error}`:           "a function",
	} {
		if _, err := (Plain{}).ToGo(s, evaluate(t, s, expression)); !errors.Is(err, ErrPlain) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

func TestPlainDataComesBackAsItWas(t *testing.T) {
	s := newState(t, Config{})
	for _, value := range []any{
		nil, true, 1.5, "x", []any{}, map[string]any{}, []any{nil, []any{}, map[string]any{"a": nil}},
	} {
		for _, p := range []Plain{{}, {EmptyArray: true}} {
			there, err := p.ToLua(s, value)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := p.ToGo(s, there); err != nil || !reflect.DeepEqual(back, value) {
				t.Errorf("%#v comes back as %#v, %v", value, back, err)
			}
		}
	}
	if _, err := (Plain{}).ToLua(s, []any{1}); !errors.Is(err, ErrPlain) {
		t.Errorf("an int: %v", err)
	}
	if _, err := (Plain{Size: 20}).ToLua(s, []any{"more than twenty"}); !errors.Is(err, ErrPlain) {
		t.Errorf("size: %v", err)
	}
}

func TestHostValuesConvertAsTheHostSays(t *testing.T) {
	s := newState(t, Config{})
	ud := s.Lua().NewUserData()
	ud.Value = "entity-1"
	if _, err := (Plain{}).ToGo(s, ud); !errors.Is(err, ErrPlain) {
		t.Errorf("without a converter: %v", err)
	}
	p := Plain{UserData: func(ud *lua.LUserData) (any, error) { return ud.Value, nil }}
	if got, err := p.ToGo(s, ud); err != nil || got != "entity-1" {
		t.Errorf("%v, %v", got, err)
	}
}

var entity = map[string]any{
	"id": "lamp.bulb", "owner": "place",
	"components": map[string]any{
		"transform": map[string]any{"matrix": []any{1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 1.0}},
		"material":  map[string]any{"color": []any{1.0, 1.0, 0.6, 1.0}, "texture": nil},
		"lamp":      map[string]any{"lit": true},
	},
}

func BenchmarkEntityToLua(b *testing.B) {
	s := newState(b, Config{})
	for b.Loop() {
		if _, err := (Plain{}).ToLua(s, entity); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEntityToGo(b *testing.B) {
	s := newState(b, Config{})
	value, err := Plain{}.ToLua(s, entity)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := (Plain{}).ToGo(s, value); err != nil {
			b.Fatal(err)
		}
	}
}
