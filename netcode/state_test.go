package netcode

import (
	"fmt"
	"reflect"
	"testing"
)

var states = []struct {
	name, data string
	want       State
}{
	{
		"set", `{"patch_style":"set","entities":{"a":{}},"revision":14}`,
		State{Style: StyleSet, Revision: 14, Entities: []byte(`{"a":{}}`)},
	},
	{
		"merge", `{"patch_style":"merge","patch_from":9007199254740992,"entities":{"a":null},"revision":1}`,
		State{Style: StyleMerge, From: 1 << 53, Revision: 1, Entities: []byte(`{"a":null}`)},
	},
	{
		"apply", `{"patch_style":"apply","patch_from":4,"patches":[{"op":"remove","path":"/entities/a"},{"op":"replace","path":"/revision","value":5}]}`,
		State{Style: StyleApply, From: 4, Revision: 5, Patches: []byte(`[{"op":"remove","path":"/entities/a"},{"op":"replace","path":"/revision","value":5}]`)},
	},
}

func TestStatesComeBackAsTheyWereAppended(t *testing.T) {
	for _, c := range states {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseState([]byte(c.data))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if text := string(got.Append(nil)); text != c.data+"\n" {
				t.Errorf("\n got %s\nwant %s", text, c.data)
			}
			wantPrefixesRejected(t, "state", []byte(c.data+"\n"))
		})
	}
}

func TestStatesOfOtherPlacesParse(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       State
	}{
		{
			"fields in another order", `{"entities":{},"revision":14,"patch_style":"set"}`,
			State{Style: StyleSet, Revision: 14, Entities: []byte("{}")},
		},
		{
			"what the style has no use for", `{"patch_style":"set","patch_from":3,"patches":[],"x":{},"entities":{},"revision":14}`,
			State{Style: StyleSet, Revision: 14, Entities: []byte("{}")},
		},
		{
			"no entities, in Lua", `{"patch_style":"merge","patch_from":0,"entities":[ ],"revision":1e1}`,
			State{Style: StyleMerge, Revision: 10, Entities: []byte("{}")},
		},
		{
			"the last revision counts", `{"patch_style":"apply","patch_from":4,"revision":9,"entities":{},"patches":[{"op":"add","path":"/revision","value":5},{"op":"test","path":"/revision","value":5},{"value":6,"path":"\/revision","op":"replace"},{"op":"test","path":"/revision","value":7}]}`,
			State{Style: StyleApply, From: 4, Revision: 6, Patches: []byte(`[{"op":"add","path":"/revision","value":5},{"op":"test","path":"/revision","value":5},{"value":6,"path":"\/revision","op":"replace"},{"op":"test","path":"/revision","value":7}]`)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseState([]byte(c.data))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestMalformedStatesSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`null`, "state: null, want an object"},
		{`[]`, "state: a list, want an object"},
		{`{}`, "state: patch_style: missing"},
		{`{"patch_style":"diff"}`, `state: patch_style: "diff", want "set", "merge" or "apply"`},
		{`{"patch_style":1}`, "state: patch_style: a number, want a string"},
		{`{"patch_style":"set"}`, "state: entities: missing"},
		{`{"patch_style":"set","entities":{}}`, "state: revision: missing"},
		{`{"patch_style":"set","entities":{},"revision":0}`, "state: revision: 0, want a number from 1 on"},
		{`{"patch_style":"set","entities":{},"revision":"1"}`, "state: revision: a string, want a number"},
		{`{"patch_style":"set","entities":[1],"revision":1}`, "state: entities: a list, want an object"},
		{`{"patch_style":"merge","entities":{},"revision":1}`, "state: patch_from: missing"},
		{`{"patch_style":"merge","patch_from":-1}`, "state: patch_from: -1, want a whole number from 0 to 2^53"},
		{`{"patch_style":"apply","patch_from":1}`, "state: patches: missing"},
		{`{"patch_style":"apply","patch_from":1,"patches":{}}`, "state: patches: an object, want a list"},
		{`{"patch_style":"apply","patch_from":1,"patches":[]}`, "state: patches: none replaces /revision"},
		{`{"patch_style":"apply","patch_from":1,"patches":[{},7]}`, "state: patches[1]: a number, want an object"},
		{`{"patch_style":"apply","patch_from":1,"patches":[{"op":"replace","path":"/revision","value":null}]}`, "state: patches[0]: the revision: null, want a number"},
		{`{"patch_style":"set","entities":{},"revision":1} x`, "state: something follows the end of the message"},
	} {
		_, err := ParseState([]byte(c.data))
		wantError(t, err, c.want)
	}
}

func TestPatchStylesHaveTheirNamesOnTheWire(t *testing.T) {
	got := fmt.Sprint(StyleSet, StyleMerge, StyleApply, PatchStyle(0))
	if want := "set merge apply PatchStyle(0)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzState(f *testing.F) {
	for _, c := range states {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseState(data)
		if err != nil {
			return
		}
		again, err := ParseState(s.Append(nil))
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%+v\nbecomes %+v, %v", s, again, err)
		}
	})
}
