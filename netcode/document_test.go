package netcode

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// docOf builds a document from the JSON of its entities.
func docOf(t testing.TB, revision uint64, entities string) Document {
	t.Helper()
	d := Document{}
	if err := d.Apply(&State{Style: StyleSet, Revision: revision, Entities: []byte(entities)}); err != nil {
		t.Fatalf("set %s: %v", entities, err)
	}
	return d
}

func wantDocument(t *testing.T, got Document, revision uint64, entities string) {
	t.Helper()
	want := docOf(t, revision, entities)
	if got.Revision != revision || !reflect.DeepEqual(got.Entities, want.Entities) {
		t.Errorf("got revision %d %s, want %d %s", got.Revision, AppendValue(nil, got.Entities), revision, entities)
	}
}

// mergeCases: those of RFC 7386's appendix that a document can hold, and more.
var mergeCases = []struct{ name, target, patch, want string }{
	{"empty patch", `{"a":{"b":1}}`, `{}`, `{"a":{"b":1}}`},
	{"value replaced", `{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
	{"value added", `{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
	{"value removed", `{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
	{"absent value removed", `{"a":"b"}`, `{"z":null}`, `{"a":"b"}`},
	{"array replaced whole", `{"a":[1,2,3]}`, `{"a":[4]}`, `{"a":[4]}`},
	{"null kept within array", `{"a":1}`, `{"a":[null,{"b":null}]}`, `{"a":[null,{"b":null}]}`},
	{"object becomes array", `{"a":{"b":1}}`, `{"a":[1]}`, `{"a":[1]}`},
	{"array becomes object", `{"a":[1]}`, `{"a":{"b":1,"c":null}}`, `{"a":{"b":1}}`},
	{"object becomes scalar", `{"a":{"b":1}}`, `{"a":7}`, `{"a":7}`},
	{"scalar becomes object", `{"a":7}`, `{"a":{"b":{"c":null}}}`, `{"a":{"b":{}}}`},
	{"scalar becomes empty object", `{"a":7}`, `{"a":{}}`, `{"a":{}}`},
	{"new object loses nulls", `{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	{"deep change leaves siblings", `{"a":{"b":{"c":1,"d":2}},"e":3}`, `{"a":{"b":{"c":9}}}`, `{"a":{"b":{"c":9,"d":2}},"e":3}`},
}

func TestMergePatchFollowsRFC7386(t *testing.T) {
	for _, c := range mergeCases {
		t.Run(c.name, func(t *testing.T) {
			d := docOf(t, 5, c.target)
			before := d
			if err := d.Apply(&State{Style: StyleMerge, From: 5, Revision: 9, Entities: []byte(c.patch)}); err != nil {
				t.Fatal(err)
			}
			wantDocument(t, d, 9, c.want)
			wantDocument(t, before, 5, c.target)
		})
	}
}

var patchCases = []struct{ name, target, patches, want string }{
	{"add", `{"a":{}}`, `[{"op":"add","path":"/entities/a/b","value":{"c":1}}]`, `{"a":{"b":{"c":1}}}`},
	{"add replaces", `{"a":1}`, `[{"op":"add","path":"/entities/a","value":2}]`, `{"a":2}`},
	{"add null", `{}`, `[{"op":"add","path":"/entities/a","value":null}]`, `{"a":null}`},
	{"insert into array", `{"a":[1,3]}`, `[{"op":"add","path":"/entities/a/1","value":2}]`, `{"a":[1,2,3]}`},
	{"append to array", `{"a":[1]}`, `[{"op":"add","path":"/entities/a/-","value":2},{"op":"add","path":"/entities/a/2","value":3}]`, `{"a":[1,2,3]}`},
	{"remove", `{"a":{"b":1,"c":2}}`, `[{"op":"remove","path":"/entities/a/b"}]`, `{"a":{"c":2}}`},
	{"remove from array", `{"a":[1,2,3]}`, `[{"op":"remove","path":"/entities/a/1"}]`, `{"a":[1,3]}`},
	{"replace", `{"a":{"b":1}}`, `[{"op":"replace","path":"/entities/a/b","value":[2]}]`, `{"a":{"b":[2]}}`},
	{"replace in array", `{"a":[{"b":1},2]}`, `[{"op":"replace","path":"/entities/a/0/b","value":5},{"op":"replace","path":"/entities/a/1","value":6}]`, `{"a":[{"b":5},6]}`},
	{"move", `{"a":{"b":1},"c":{}}`, `[{"op":"move","from":"/entities/a/b","path":"/entities/c/d"}]`, `{"a":{},"c":{"d":1}}`},
	{"move onto itself", `{"a":1}`, `[{"op":"move","from":"/entities/a","path":"/entities/a"}]`, `{"a":1}`},
	{"move within array", `{"a":[1,2,3]}`, `[{"op":"move","from":"/entities/a/0","path":"/entities/a/2"}]`, `{"a":[2,3,1]}`},
	{"copy", `{"a":{"b":1}}`, `[{"op":"copy","from":"/entities/a","path":"/entities/c"}]`, `{"a":{"b":1},"c":{"b":1}}`},
	{
		"copies change apart", `{"a":{"b":{"x":[1]}}}`, `[
			{"op":"replace","path":"/entities/a/b/x","value":[{}]},
			{"op":"copy","from":"/entities/a","path":"/entities/c"},
			{"op":"add","path":"/entities/c/b/x/0/y","value":2},
			{"op":"add","path":"/entities/a/b/z","value":3}]`,
		`{"a":{"b":{"x":[{}],"z":3}},"c":{"b":{"x":[{"y":2}]}}}`,
	},
	{"test passes", `{"a":{"b":[1,"x",null,true]}}`, `[{"op":"test","path":"/entities/a","value":{"b":[1.0,"x",null,true]}}]`, `{"a":{"b":[1,"x",null,true]}}`},
	{"escaped keys", `{"a/b":1,"m~n":2}`, `[{"op":"remove","path":"/entities/a~1b"},{"op":"replace","path":"/entities/m~0n","value":3}]`, `{"m~n":3}`},
	{"~01 is ~1", `{"~1":1}`, `[{"op":"replace","path":"/entities/~01","value":2}]`, `{"~1":2}`},
	{"empty key", `{"":{"a":1}}`, `[{"op":"replace","path":"/entities//a","value":2}]`, `{"":{"a":2}}`},
	{"unknown members ignored", `{}`, `[{"op":"add","path":"/entities/a","value":1,"xyz":2}]`, `{"a":1}`},
}

func TestJSONPatchFollowsRFC6902(t *testing.T) {
	for _, c := range patchCases {
		t.Run(c.name, func(t *testing.T) {
			d := docOf(t, 5, c.target)
			before := d
			patches := c.patches[:len(c.patches)-1] + `,{"op":"replace","path":"/revision","value":6}]`
			if err := d.Apply(&State{Style: StyleApply, From: 5, Patches: []byte(patches)}); err != nil {
				t.Fatal(err)
			}
			wantDocument(t, d, 6, c.want)
			wantDocument(t, before, 5, c.target)
		})
	}
}

func TestJSONPatchMayReplaceTheWholeDocument(t *testing.T) {
	d := docOf(t, 5, `{"a":1}`)
	s := State{Style: StyleApply, From: 5, Patches: []byte(`[{"op":"replace","path":"","value":{"entities":{"b":2},"revision":7}}]`)}
	if err := d.Apply(&s); err != nil {
		t.Fatal(err)
	}
	wantDocument(t, d, 7, `{"b":2}`)
}

func TestDocumentIsUnchangedByAStateThatDoesNotFit(t *testing.T) {
	apply := func(patches string) State { return State{Style: StyleApply, From: 5, Patches: []byte(patches)} }
	operation := func(format string, args ...any) State { return apply("[" + fmt.Sprintf(format, args...) + "]") }
	const good = `{"op":"replace","path":"/entities/a/b","value":9},`
	cases := map[string]struct {
		state State
		want  error
	}{
		"merge from an older revision": {State{Style: StyleMerge, From: 4, Revision: 6, Entities: []byte(`{}`)}, ErrBase},
		"merge from a later revision":  {State{Style: StyleMerge, From: 6, Revision: 7, Entities: []byte(`{}`)}, ErrBase},
		"apply from another revision":  {State{Style: StyleApply, From: 4, Patches: []byte(`[]`)}, ErrBase},
		"set of a list":                {State{Style: StyleSet, Revision: 6, Entities: []byte(`[]`)}, ErrPatch},
		"set cut short":                {State{Style: StyleSet, Revision: 6, Entities: []byte(`{"a":`)}, ErrPatch},
		"merge of a scalar":            {State{Style: StyleMerge, From: 5, Revision: 6, Entities: []byte(`1`)}, ErrPatch},
		"merge cut short":              {State{Style: StyleMerge, From: 5, Revision: 6, Entities: []byte(`{"a":{"b":2`)}, ErrPatch},
		"unknown style":                {State{Style: 99, From: 5, Revision: 6}, ErrPatch},
		"patches not a list":           {apply(`{}`), ErrPatch},
		"operation not an object":      {apply(`[1]`), ErrPatch},
		"unknown operation":            {operation(good + `{"op":"frob","path":"/entities/a"}`), ErrPatch},
		"arrays moved again and again": {apply(`[{"op":"add","path":"/entities/l","value":[` + strings.Repeat("0,", 3000) + `0]}` +
			strings.Repeat(`,{"op":"add","path":"/entities/l/0","value":0}`, 1500) + `]`), ErrPatch},
		"no path":                       {operation(good + `{"op":"remove"}`), ErrPatch},
		"no value":                      {operation(good + `{"op":"add","path":"/entities/z"}`), ErrPatch},
		"no from":                       {operation(good + `{"op":"move","path":"/entities/z"}`), ErrPatch},
		"path without slash":            {operation(good + `{"op":"remove","path":"entities"}`), ErrPatch},
		"path too deep":                 {operation(good+`{"op":"remove","path":"%s"}`, strings.Repeat("/a", MaxDepth+1)), ErrPatch},
		"remove what is not there":      {operation(good + `{"op":"remove","path":"/entities/z"}`), ErrPatch},
		"replace what is not there":     {operation(good + `{"op":"replace","path":"/entities/z","value":1}`), ErrPatch},
		"add below what is not there":   {operation(good + `{"op":"add","path":"/entities/z/y","value":1}`), ErrPatch},
		"add below a scalar":            {operation(good + `{"op":"add","path":"/entities/a/b/c","value":1}`), ErrPatch},
		"index past the end":            {operation(good + `{"op":"add","path":"/entities/l/3","value":1}`), ErrPatch},
		"replace at the end":            {operation(good + `{"op":"replace","path":"/entities/l/2","value":1}`), ErrPatch},
		"index with leading zero":       {operation(good + `{"op":"replace","path":"/entities/l/01","value":1}`), ErrPatch},
		"negative index":                {operation(good + `{"op":"remove","path":"/entities/l/-1"}`), ErrPatch},
		"dash where something must be":  {operation(good + `{"op":"remove","path":"/entities/l/-"}`), ErrPatch},
		"through a bad index":           {operation(good + `{"op":"add","path":"/entities/l/x/y","value":1}`), ErrPatch},
		"test fails":                    {operation(good + `{"op":"test","path":"/entities/a/b","value":1}`), ErrPatch},
		"test of what is not there":     {operation(good + `{"op":"test","path":"/entities/z","value":null}`), ErrPatch},
		"move into itself":              {operation(good + `{"op":"move","from":"/entities/a","path":"/entities/a/b"}`), ErrPatch},
		"move from nowhere":             {operation(good + `{"op":"move","from":"/entities/z","path":"/entities/y"}`), ErrPatch},
		"copy from nowhere":             {operation(good + `{"op":"copy","from":"/entities/z","path":"/entities/y"}`), ErrPatch},
		"whole document removed":        {operation(good + `{"op":"remove","path":""}`), ErrPatch},
		"whole document a list":         {operation(good + `{"op":"replace","path":"","value":[]}`), ErrPatch},
		"entities removed":              {operation(good + `{"op":"remove","path":"/entities"}`), ErrPatch},
		"entities become a list":        {operation(good + `{"op":"replace","path":"/entities","value":[]}`), ErrPatch},
		"revision not a number":         {operation(good + `{"op":"replace","path":"/revision","value":"6"}`), ErrPatch},
		"revision zero":                 {operation(good + `{"op":"replace","path":"/revision","value":0}`), ErrPatch},
		"revision with a fraction":      {operation(good + `{"op":"replace","path":"/revision","value":6.5}`), ErrPatch},
		"revision past what is counted": {operation(good + `{"op":"replace","path":"/revision","value":1e300}`), ErrPatch},
	}
	const entities = `{"a":{"b":1},"l":[1,2]}`
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := docOf(t, 5, entities)
			if err := d.Apply(&c.state); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			wantDocument(t, d, 5, entities)
		})
	}
}

func TestEmptyDocumentAcceptsOnlyASet(t *testing.T) {
	var d Document
	for _, s := range []State{
		{Style: StyleMerge, From: 0, Revision: 1, Entities: []byte(`{"a":{}}`)},
		{Style: StyleApply, From: 0, Patches: []byte(`[]`)},
	} {
		if err := d.Apply(&s); !errors.Is(err, ErrBase) {
			t.Errorf("%v from 0: got %v, want ErrBase", s.Style, err)
		}
	}
}

func TestCopiesThatDoubleTheDocumentAreRefused(t *testing.T) {
	d := docOf(t, 5, `{"a":[1,2,3,4]}`)
	patches := []byte(`[`)
	for i := range 40 {
		patches = fmt.Appendf(patches, `{"op":"copy","from":"/entities","path":"/entities/c%d"},`, i)
	}
	patches[len(patches)-1] = ']'
	if err := d.Apply(&State{Style: StyleApply, From: 5, Patches: patches}); !errors.Is(err, ErrPatch) {
		t.Errorf("got %v, want ErrPatch", err)
	}
}

func TestMergeSharesWhatDidNotChange(t *testing.T) {
	d := docOf(t, 1, `{"a":{"components":{"x":{"n":1},"y":{"n":1}}},"b":{"components":{}}}`)
	before := d
	if err := d.Apply(&State{Style: StyleMerge, From: 1, Revision: 2, Entities: []byte(`{"a":{"components":{"x":{"n":2}}}}`)}); err != nil {
		t.Fatal(err)
	}
	same := func(a, b map[string]any) bool {
		return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
	}
	for name, want := range map[string]bool{"x": false, "y": true} {
		was, _ := before.Component("a", name)
		is, _ := d.Component("a", name)
		if same(was, is) != want {
			t.Errorf("component %s shared: %v, want %v", name, !want, want)
		}
	}
	if !same(before.Entities["b"].(map[string]any), d.Entities["b"].(map[string]any)) {
		t.Error("entity b was copied without a change")
	}
}

func TestComponentOfMalformedOrAbsentEntityIsAbsent(t *testing.T) {
	d := docOf(t, 1, `{"a":{"components":{"visor":{"display_name":"Ada"},"odd":[]}},"b":7,"c":{}}`)
	if visor, ok := d.Component("a", "visor"); !ok || visor["display_name"] != "Ada" {
		t.Errorf("got %v, %v", visor, ok)
	}
	for _, at := range [][2]string{{"a", "odd"}, {"a", "none"}, {"b", "visor"}, {"c", "visor"}, {"z", "visor"}} {
		if component, ok := d.Component(at[0], at[1]); ok {
			t.Errorf("%v: got %v", at, component)
		}
	}
}

// FuzzDocument checks that no state changes a document it was not applied to,
// and that one applied twice to the same revision has the same effect.
func FuzzDocument(f *testing.F) {
	for _, c := range mergeCases {
		f.Add(c.target, c.patch, false)
	}
	for _, c := range patchCases {
		f.Add(c.target, c.patches, true)
	}
	f.Fuzz(func(t *testing.T, target, patch string, operations bool) {
		var base Document
		if base.Apply(&State{Style: StyleSet, Revision: 5, Entities: []byte(target)}) != nil {
			return
		}
		original := docOf(t, 5, target)
		s := State{Style: StyleMerge, From: 5, Revision: 6, Entities: []byte(patch)}
		if operations {
			s = State{Style: StyleApply, From: 5, Patches: []byte(patch)}
		}
		first, second := base, base
		err1, err2 := first.Apply(&s), second.Apply(&s)
		if (err1 == nil) != (err2 == nil) || !reflect.DeepEqual(first, second) {
			t.Fatalf("applied twice: %v, %v: %v, %v", first, err1, second, err2)
		}
		if !reflect.DeepEqual(base, original) {
			t.Fatalf("the base changed: %v, was %v", base, original)
		}
	})
}

func BenchmarkMergeOneOf1000Entities(b *testing.B) {
	entities := []byte(`{`)
	for i := range 1000 {
		entities = fmt.Appendf(entities, `"e%d":{"id":"e%d","components":{"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]}}},`, i, i)
	}
	entities[len(entities)-1] = '}'
	d := docOf(b, 1, string(entities))
	s := State{Style: StyleMerge, Entities: []byte(`{"e7":{"components":{"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,5,0,5,1]}}}}`)}
	b.ReportAllocs()
	for b.Loop() {
		s.From, s.Revision = d.Revision, d.Revision+1
		if err := d.Apply(&s); err != nil {
			b.Fatal(err)
		}
	}
}
