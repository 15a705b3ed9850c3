package lib

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// parsed is JSON as plain data.
func parsed(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFilesAreWhatTheirPathsSay(t *testing.T) {
	for file, want := range map[string]struct{ component, test bool }{
		"components/door.lua":     {true, false},
		"components/a/b.lua":      {},
		"components/door.txt":     {},
		"lib/components/door.lua": {},
		"tests/door_test.lua":     {false, true},
		"tests/door.lua":          {},
		"tests/host/a_test.lua":   {},
		"place.lua":               {},
	} {
		if c, test := IsComponent(file), IsTest(file); c != want.component || test != want.test {
			t.Errorf("%s: component %v, test %v", file, c, test)
		}
	}
}

// sources are files by path.
type sources map[string]string

func (s sources) Paths() []string                   { return nil }
func (s sources) Source(path string) (string, bool) { text, ok := s[path]; return text, ok }

func TestModulesAreFoundByName(t *testing.T) {
	s := sources{"lib/doors.lua": "1", "lib/a/b.lua": "2", "tests/host/doors.lua": "3"}
	for _, c := range []struct {
		name     string
		standIns bool
		chunk    string
		ok       bool
	}{
		{"doors", false, "lib/doors.lua", true},
		{"lib.doors", false, "lib/doors.lua", true},
		{"lib/doors", false, "lib/doors.lua", true},
		{"a.b", false, "lib/a/b.lua", true},
		{"doors", true, "tests/host/doors.lua", true},
		{"a.b", true, "lib/a/b.lua", true},
		{"nothing", true, "lib/nothing.lua", false},
	} {
		if source, chunk, ok := ModuleSource(s, c.name, c.standIns); chunk != c.chunk || ok != c.ok || source != s[c.chunk] {
			t.Errorf("%s: %q of %s, %v", c.name, source, chunk, ok)
		}
	}
}

func TestChangesCopyWhatTheyChange(t *testing.T) {
	const before = `{"a":{"b":[1,{"c":2},3]},"d":4}`
	for _, c := range []struct {
		path  []any
		value any
		want  string
	}{
		{[]any{"d"}, 5.0, `{"a":{"b":[1,{"c":2},3]},"d":5}`},
		{[]any{"d"}, nil, `{"a":{"b":[1,{"c":2},3]}}`},
		{[]any{"a", "b", 1, "c"}, "x", `{"a":{"b":[1,{"c":"x"},3]},"d":4}`},
		{[]any{"a", "b", 3}, 4.0, `{"a":{"b":[1,{"c":2},3,4]},"d":4}`},
		{[]any{"a", "b", 2}, nil, `{"a":{"b":[1,{"c":2}]},"d":4}`},
		{[]any{}, 1.0, `1`},
		{[]any{"a", "b", 0}, nil, "only the last item of a list, [3], can be taken away, not [1]"},
		{[]any{"a", "b", 4}, 1.0, "the list has 3 items, [5] would leave a hole"},
		{[]any{"a", "b", "x"}, 1.0, `there is no "x" in a list`},
		{[]any{"a", 0}, 1.0, "there is no [1] in what is no list"},
	} {
		v := parsed(t, before)
		changed, err := with(v, c.path, c.value)
		got := fmt.Sprint(err)
		if err == nil {
			text, _ := json.Marshal(changed)
			got = string(text)
		}
		if got != c.want {
			t.Errorf("%v = %v: %s, want %s", c.path, c.value, got, c.want)
		}
		if text, _ := json.Marshal(v); string(text) != before {
			t.Errorf("%v = %v changed the old value: %s", c.path, c.value, text)
		}
	}
}

func TestEmptyTablesAreListsAndObjects(t *testing.T) {
	for text, want := range map[string]struct{ list, object bool }{
		`{}`: {true, true}, `[]`: {true, true}, `{"a":1}`: {false, true}, `[1]`: {true, false}, `1`: {}, `null`: {},
	} {
		_, list := asList(parsed(t, text))
		if _, object := asObject(parsed(t, text)); list != want.list || object != want.object {
			t.Errorf("%s: list %v, object %v", text, list, object)
		}
	}
}

func TestDifferenceOfTwoDeclarations(t *testing.T) {
	before := parsed(t, `{"same":{"x":1},"changed":{"x":1},"gone":{},"left":{}}`).(map[string]any)
	now := parsed(t, `{"same":{"x":1},"changed":{"x":2},"new":{}}`).(map[string]any)
	set, unset := difference(before, now)
	if text, _ := json.Marshal(set); string(text) != `{"changed":{"x":2},"new":{}}` {
		t.Errorf("set %s", text)
	}
	if !slices.Equal(unset, []string{"gone", "left"}) {
		t.Errorf("unset %q", unset)
	}
}

func TestParentsComeBeforeTheirChildren(t *testing.T) {
	got := order(map[string]declared{"b.a": {depth: 1}, "b": {}, "a.x.y": {depth: 2}, "a.x": {depth: 1}, "a": {}})
	if want := []string{"a", "b", "a.x", "b.a", "a.x.y"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestKeptDeclarationsAreChecked(t *testing.T) {
	for value, want := range map[string]string{
		`{"depth":1,"components":{"text":{"string":"x"}}}`: "<nil>",
		`{"depth":1,"components":[]}`:                      `want {"depth": N, "components": {…}}`,
		`{"depth":"1"}`:                                    "cannot unmarshal string",
		`{`:                                                "unexpected end",
		`{"components":{"text":1}}`:                        "text",
	} {
		if got := fmt.Sprint(CheckKept([]byte(value))); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func TestStoreKeysSurviveTheDisk(t *testing.T) {
	for key, ok := range map[string]bool{
		"a": true, "größe": true, strings.Repeat("x", MaxStoreKey): true,
		"": false, "a\x00": false, "\xff": false, strings.Repeat("x", MaxStoreKey+1): false,
	} {
		if err := CheckStoreKey(key); (err == nil) != ok {
			t.Errorf("%.20q: %v", key, err)
		}
	}
}

func TestLogLinesKeepToTheirRate(t *testing.T) {
	var l Lines
	now := time.Unix(0, 0)
	written := 0
	for range 100 {
		if _, ok := l.take(now, 10); ok {
			written++
		}
	}
	if written != 10 {
		t.Errorf("%d lines in an instant", written)
	}
	if left, ok := l.take(now.Add(100*time.Millisecond), 10); !ok || left != 90 {
		t.Errorf("after the time of one line: %v, and %d were left out", ok, left)
	}
	if left, ok := l.take(now.Add(time.Hour), 10); !ok || left != 0 {
		t.Errorf("an hour later: %v, and %d were left out", ok, left)
	}
}

func TestLongLinesAreCutBetweenLetters(t *testing.T) {
	if got := cut(strings.Repeat("x", MaxLine)); len(got) != MaxLine {
		t.Errorf("%d bytes of %d are shown", len(got), MaxLine)
	}
	got := cut("x" + strings.Repeat("ü", MaxLine))
	if want := "x" + strings.Repeat("ü", MaxLine/2-1) + "…"; got != want {
		t.Errorf("it ends with %q", got[len(got)-8:])
	}
}

func TestPatternsAreFoundInTheirFile(t *testing.T) {
	const text = "[\n1 ]"
	ps := &patterns{source: func(file string) (string, bool) {
		return "deny 'x'\ndeny [[" + text + "]]\n\ndeny(\n[[" + text + "]]\n)\n", file == "acl.lua"
	}}
	for _, c := range []struct {
		file, text string
		call, want int
	}{
		{"acl.lua", text, 3, 2},
		{"acl.lua", text, 8, 6},
		{"acl.lua", "x", 1, 1},
		{"acl.lua", "made up", 4, 4},
		{"acl.lua", "", 4, 4},
		{"other.lua", text, 9, 9},
	} {
		if got := ps.lineOf(c.file, c.call, c.text); got != c.want {
			t.Errorf("%s called in line %d of %s: line %d, want %d", c.text, c.call, c.file, got, c.want)
		}
	}
}
