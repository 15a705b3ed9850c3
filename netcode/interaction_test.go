package netcode

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestInteractionsParse(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       Interaction
	}{
		{
			"request", `["interaction","request","","place","ANN0",["announce"]]`,
			Interaction{Type: TypeRequest, To: "place", RequestID: "ANN0", Body: []byte(`["announce"]`)},
		},
		{
			"one-way, in its other spelling", `["interaction","one-way","a","b","",["poke"]]`,
			Interaction{Type: "one-way", From: "a", To: "b", Body: []byte(`["poke"]`)},
		},
		{
			"publication", `["interaction","publication","a","","",{"x":1}]`,
			Interaction{Type: TypePublication, From: "a", Body: []byte(`{"x":1}`)},
		},
		{
			"a type of its own", `["interaction","shout","a","b","",null]`,
			Interaction{Type: "shout", From: "a", To: "b", Body: []byte("null")},
		},
		{
			"as C clients print it", "[\"interaction\", \"response\", \"a\", \"b\", \"7\", [\"poke\", {\n\t\t\t\"by\":\t[]\n\t\t}]]",
			Interaction{Type: TypeResponse, From: "a", To: "b", RequestID: "7", Body: []byte("[\"poke\", {\n\t\t\t\"by\":\t[]\n\t\t}]")},
		},
		{
			"white space around the body", " [ \"interaction\" , \"oneway\" , \"a\" , \"b\" , \"\" , \t17.50 \n] \r\n",
			Interaction{Type: TypeOneway, From: "a", To: "b", Body: []byte("17.50")},
		},
		{
			"escapes", `["interaction","oneway","\u0061\u0000","\"","\n",["\u0000"]]`,
			Interaction{Type: TypeOneway, From: "a", To: `"`, RequestID: "\n", Body: []byte(`["\u0000"]`)},
		},
		{
			"envelope with a verb", `{"cmd":"interact","interact":{"from_entity":"a","to_entity":"b","cmd":"wave"}}`,
			Interaction{Type: TypeOneway, From: "a", To: "b", Body: []byte(`["wave"]`), Envelope: true},
		},
		{
			"envelope with a body", `{"cmd":"interact","interact":{"from_entity":"a","to_entity":"b","cmd":" [\"poke\", true]\n"}}`,
			Interaction{Type: TypeOneway, From: "a", To: "b", Body: []byte(`["poke", true]`), Envelope: true},
		},
		{
			"envelope with an announce", `{"interact":{"cmd":"[\"announce\",\"version\",1]","to_entity":"place","from_entity":""},"cmd":"interact"}`,
			Interaction{Type: TypeRequest, To: "place", Body: []byte(`["announce","version",1]`), Envelope: true},
		},
		{
			"envelope with a body not made text", `{"interact":{"to_entity":"b","cmd":[ "poke" ],"x":{}},"y":[]}`,
			Interaction{Type: TypeOneway, To: "b", Body: []byte(`[ "poke" ]`), Envelope: true},
		},
		{
			"envelope with words", `{"interact":{"to_entity":"b","cmd":"say \"hi\""}}`,
			Interaction{Type: TypeOneway, To: "b", Body: []byte(`["say \"hi\""]`), Envelope: true},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseInteraction([]byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("\n got %+v, %s\nwant %+v, %s", got, got.Body, c.want, c.want.Body)
			}
			again, err := ParseInteraction(got.Append(nil))
			if err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("%s comes back as %+v, %v", got.Append(nil), again, err)
			}
		})
	}
}

func TestInteractionsAreAppendedInOneLine(t *testing.T) {
	i := Interaction{Type: TypeResponse, From: "place", To: `a"b`, RequestID: "7", Body: []byte(`["poke", "ok"]`)}
	for _, c := range []struct {
		envelope bool
		want     string
	}{
		{false, `["interaction","response","place","a\"b","7",["poke", "ok"]]` + "\n"},
		{true, `{"cmd":"interact","interact":{"from_entity":"place","to_entity":"a\"b","cmd":"[\"poke\", \"ok\"]"}}` + "\n"},
	} {
		i.Envelope = c.envelope
		if got := string(i.Append(nil)); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
	if got := string((&Interaction{}).Append(nil)); got != `["interaction","","","","",null]`+"\n" {
		t.Errorf("got %s", got)
	}
}

func TestMalformedInteractionsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{``, "interaction: unexpected EOF"},
		{`"interaction"`, "interaction: a string, want a list"},
		{`[]`, "interaction: 0 items, want 6"},
		{`["intent"]`, `interaction: the first item is not "interaction"`},
		{`[6]`, "interaction: message: a number, want a string"},
		{`["interaction","oneway","a","b",""]`, "interaction: 5 items, want 6"},
		{`["interaction","oneway","a","b","",1,2]`, "interaction: more than 6 items"},
		{`["interaction",1,"a","b","",1]`, "interaction: type: a number, want a string"},
		{`["interaction","oneway",null,"b","",1]`, "interaction: from: null, want a string"},
		{`["interaction","oneway","a",[],"",1]`, "interaction: to: a list, want a string"},
		{`["interaction","request","a","b",1,1]`, "interaction: request id: a number, want a string"},
		{`["interaction","oneway","a","b","",]`, "interaction: body: unexpected ']' at byte 35"},
		{`["interaction","oneway","a","b","",[1,]]`, "interaction: body: the value from byte 35 on: array: unexpected byte 93 ']' at 3"},
		{`["interaction","oneway","a","b","",1]]`, "interaction: something follows the end of the message"},
		{`{}`, "interaction: interact.cmd: missing"},
		{`{"cmd":"intent","interact":{}}`, `interaction: cmd: "intent", want "interact"`},
		{`{"cmd":"interact","interact":{"to_entity":"b"}}`, "interaction: interact.cmd: missing"},
		{`{"cmd":"interact","interact":{"to_entity":1}}`, "interaction: interact.to_entity: a number, want a string"},
		{`{"cmd":"interact","interact":{"cmd":7}}`, "interaction: interact.cmd: a number, want a string"},
		{`{"cmd":"interact","interact":{"cmd":"[1] 2"}}`, "interaction: interact.cmd: begins like a JSON list: something follows the end of the message"},
	} {
		_, err := ParseInteraction([]byte(c.data))
		wantError(t, err, c.want)
	}
}

func TestUnreadableBodyLeavesRequestAnswerable(t *testing.T) {
	for _, body := range []string{"[1,", "nul", strings.Repeat("[", 1000), "[\"\xff\"]", `["a"],1`} {
		i, err := ParseInteraction([]byte(`["interaction","request","a","b","7",` + body + `]`))
		if err == nil || i.Type != TypeRequest || i.From != "a" || i.To != "b" || i.RequestID != "7" {
			t.Errorf("%.20s: %+v, %v", body, i, err)
		}
	}
}

func TestParsedInteractionOutlivesItsPacket(t *testing.T) {
	for _, message := range []string{
		`["interaction","oneway","a","b","c",["poke"]]`,
		`{"cmd":"interact","interact":{"from_entity":"a","to_entity":"b","cmd":["poke"]}}`,
		`{"cmd":"interact","interact":{"from_entity":"a","to_entity":"b","cmd":"[1]"}}`,
	} {
		data := []byte(message)
		i, err := ParseInteraction(data)
		if err != nil {
			t.Fatal(err)
		}
		before := fmt.Sprintf("%+v", i)
		clear(data)
		if after := fmt.Sprintf("%+v", i); after != before {
			t.Errorf("%s becomes %s", before, after)
		}
	}
}

func TestEveryTruncatedInteractionIsRejected(t *testing.T) {
	wantPrefixesRejected(t, "interaction", []byte(`["interaction","request","a","b","7",["poke",{"x":[1,true,null,"\n"]}]]`+"\n"))
	wantPrefixesRejected(t, "interaction", []byte(`{"cmd":"interact","interact":{"from_entity":"a","to_entity":"b","cmd":"[\"announce\"]"}}`+"\n"))
}

func TestBodyVerb(t *testing.T) {
	for body, want := range map[string]string{
		`["poke",true]`:  "poke",
		` [ "po\u006be"`: "poke",
		`["poke"`:        "poke",
		`[]`:             "",
		`[1,"poke"]`:     "",
		`"poke"`:         "",
		`{"poke":1}`:     "",
		``:               "",
		`["poke`:         "",
	} {
		if got := BodyVerb([]byte(body)); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestOnewayHasTwoSpellings(t *testing.T) {
	for spelling, want := range map[string]bool{
		TypeOneway: true, "one-way": true, TypeRequest: false, TypeResponse: false, TypePublication: false, "": false,
	} {
		if got := (&Interaction{Type: spelling}).IsOneway(); got != want {
			t.Errorf("%q: %v", spelling, got)
		}
	}
}

func ExampleParseInteraction() {
	i, err := ParseInteraction([]byte(`["interaction","request","ann","lamp","17",["turn","on"]]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s asks %s to %s: %s\n", i.From, i.To, BodyVerb(i.Body), i.Body)
	// Output: ann asks lamp to turn: ["turn","on"]
}

func FuzzInteraction(f *testing.F) {
	for _, i := range []Interaction{
		{Type: TypeRequest, To: "place", RequestID: "ANN0", Body: []byte(`["announce","version",4,"identity",{"display_name":"\u0000é"}]`)},
		{Type: "one-way", From: "a\n", To: "b", Body: []byte("[1e5, {\n\"a\":\tnull}]")},
		{From: "a", To: "b", Body: []byte(`["wave"]`), Envelope: true},
	} {
		f.Add(i.Append(nil))
	}
	f.Add([]byte(`{"interact":{"to_entity":"b","cmd":"wave"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := ParseInteraction(data)
		if err != nil {
			return
		}
		again, err := ParseInteraction(i.Append(nil))
		if err != nil || !reflect.DeepEqual(again, i) {
			t.Errorf("%+v\nbecomes %+v, %v", i, again, err)
		}
		if _, err := ParseValue(i.Body); err != nil && !strings.Contains(err.Error(), "too large") {
			t.Errorf("the body %s: %v", i.Body, err)
		}
		if n := CountChildren(i.Body); n < 0 || n > len(i.Body) {
			t.Errorf("%d children in %s", n, i.Body)
		}
	})
}

func BenchmarkParseInteraction(b *testing.B) {
	data := []byte(`["interaction","request","0b9f3a5c","71c2d4e8","17",["turn",{"lamp":true,"colour":[1,0.5,0.25,1]}]]`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseInteraction(data); err != nil {
			b.Fatal(err)
		}
	}
}

func TestChildrenAreCountedUndecoded(t *testing.T) {
	for body, want := range map[string]int{
		`["spawn_entity",{}]`: 0,
		`["spawn_entity",{"children":[{},{"a":1,"children":[{"children":[]},{}]}]}]`:     4,
		`["announce","version",4,"spawn_avatar",{"x":{"y":[{},{}]},"children":[{},{}]}]`: 2,
		`["spawn_entity",{"children":[{},{`:                                              2,
		`["spawn_entity",{"children":{"a":[1,2]}}]`:                                      0,
		`nothing`: 0,
	} {
		if got := CountChildren([]byte(body)); got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
}
