package netcode

import (
	"reflect"
	"testing"
)

func TestAnnouncesParse(t *testing.T) {
	ann := map[string]any{"display_name": "ann"}
	none := map[string]any{}
	avatar := map[string]any{"visor": ann}
	for _, c := range []struct {
		name, body string
		want       Announce
	}{
		{"current", `["announce","version",4,"identity",{"display_name":"ann"},"spawn_avatar",{"visor":{"display_name":"ann"}}]`, Announce{4, ann, avatar}},
		{"in another order", `["announce","spawn_avatar",{"visor":{"display_name":"ann"}},"version",3,"identity",{"display_name":"ann"}]`, Announce{3, ann, avatar}},
		{"without an avatar", `["announce","version",4,"identity",{"display_name":"ann"}]`, Announce{4, ann, none}},
		{"null for an avatar", `["announce","version",4,"identity",{"display_name":"ann"},"spawn_avatar",null]`, Announce{4, ann, none}},
		{"lists for objects", `["announce","version",4.0,"identity",[],"spawn_avatar",[]]`, Announce{4, none, none}},
		{"unknown fields", `["announce","version",4,"colour",["red"],"identity",{"display_name":"ann"},"x",null]`, Announce{4, ann, none}},
		{"a version to come", `["announce","version",99,"identity",{"display_name":"ann"}]`, Announce{99, ann, none}},
		{"seed", `["announce",["identity",{"display_name":"ann"}],{"visor":{"display_name":"ann"}}]`, Announce{1, ann, avatar}},
		{"seed without an avatar", `["announce",["identity",{"display_name":"ann"}]]`, Announce{1, ann, none}},
		{"seed with a list for an avatar", `["announce",["identity",{"display_name":"ann"}],[]]`, Announce{1, ann, none}},
		{"seed with more pairs", `["announce",["version",2],["identity",{"display_name":"ann"}],["spawn_avatar",{"visor":{"display_name":"ann"}}]]`, Announce{2, ann, avatar}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAnnounce([]byte(c.body))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v, %v", got, err)
			}
			again, err := ParseAnnounce(got.Append(nil))
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("%s comes back as %+v, %v", got.Append(nil), again, err)
			}
		})
	}
}

func TestAnnounceIsAppendedAsCurrentAgentsSendIt(t *testing.T) {
	a := Announce{Version: 4, Identity: map[string]any{"display_name": "ann"}}
	want := `["announce","version",4,"identity",{"display_name":"ann"},"spawn_avatar",{}]`
	if got := string(a.Append(nil)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestMalformedAnnouncesSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{``, "announce: unexpected EOF"},
		{`{}`, "announce: an object, want a list"},
		{`[]`, `announce: the first item is not "announce"`},
		{`["hello"]`, `announce: the first item is not "announce"`},
		{`["announce"]`, `announce: no version: want "version" and a number`},
		{`["announce","identity",{}]`, `announce: no version: want "version" and a number`},
		{`["announce","version",4]`, `announce: no identity: want "identity" and an object with a "display_name"`},
		{`["announce","version",4,"identity",null]`, `announce: no identity: want "identity" and an object with a "display_name"`},
		{`["announce",{}]`, `announce: no identity: want "identity" and an object with a "display_name"`},
		{`["announce","version","4"]`, "announce: version: a string, want a number"},
		{`["announce","version",1.5]`, "announce: version: 1.5, want a whole number from 0 to 2^53"},
		{`["announce","version"]`, "announce: version: its value is missing"},
		{`["announce",4]`, "announce: a field's name: a number, want a string"},
		{`["announce","identity","ann"]`, "announce: identity: a string, want an object"},
		{`["announce","spawn_avatar",[1]]`, "announce: spawn_avatar: a list, want an object"},
		{`["announce","spawn_avatar",{"transform":{"matrix":[1,1e999]}}]`, "announce: spawn_avatar.transform.matrix[1]: a number too large to hold"},
		{`["announce",["identity",{},1]]`, "announce: a list in it has more than a name and a value"},
		{`["announce",["identity"]]`, "announce: identity: its value is missing"},
		{`["announce","version",4,"identity",{}] 1`, "announce: something follows the end of the message"},
	} {
		_, err := ParseAnnounce([]byte(c.body))
		wantError(t, err, c.want)
	}
}

func TestEveryTruncatedAnnounceIsRejected(t *testing.T) {
	wantPrefixesRejected(t, "announce", []byte(`["announce","version",4,"identity",{"display_name":"ann"},"spawn_avatar",{"children":[{}]}]`))
	wantPrefixesRejected(t, "announce", []byte(`["announce",["identity",{"display_name":"ann"}],{"children":[{}]}]`))
}

func FuzzAnnounce(f *testing.F) {
	f.Add([]byte(`["announce","version",4,"identity",{"display_name":"ann"},"spawn_avatar",{"children":[{}]}]`))
	f.Add([]byte(`["announce",["identity",{"display_name":"ann"}],{"children":[{}]},"x",1]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseAnnounce(data)
		if err != nil {
			return
		}
		again, err := ParseAnnounce(a.Append(nil))
		if err != nil || !reflect.DeepEqual(again, a) {
			t.Errorf("%+v\nbecomes %+v, %v", a, again, err)
		}
	})
}
