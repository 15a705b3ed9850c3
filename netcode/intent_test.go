package netcode

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const identityText = "[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]"

func parseIntent(t testing.TB, data string) IntentMessage {
	t.Helper()
	var m IntentMessage
	if err := m.Parse([]byte(data)); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestIntentsOfDeployedClientsParse(t *testing.T) {
	for version, want := range map[int]Intent{
		3: {Yaw: 0.4095642192000014, Head: Pose{Matrix: Matrix{0: 0.8315874484259228, 12: 0.2, 13: 1.6, 14: -0.3, 15: 1}}},
		4: {Yaw: 0.410057717199993, Head: Pose{Matrix: Matrix{0: 0.831650514808536, 12: 0.2, 13: 1.6, 14: -0.3, 15: 1}}},
	} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			m := parseIntent(t, string(capturedIntent(t, version)))
			if len(m.Intents) != 1 || !m.HasAck || m.Ack != 18 {
				t.Fatalf("%d intents, acknowledging %d (%v)", len(m.Intents), m.Ack, m.HasAck)
			}
			in := m.Intents[0]
			if in.EntityID != "" || !in.WantsStickMovement || in.ZMovement != 1 || in.XMovement != 0 || in.Pitch != 0 {
				t.Errorf("%+v", in)
			}
			if in.Yaw != want.Yaw {
				t.Errorf("yaw %v, want %v", in.Yaw, want.Yaw)
			}
			for _, i := range []int{0, 12, 13, 14, 15} {
				if got, want := in.Head.Matrix[i], want.Head.Matrix[i]; got != want {
					t.Errorf("head [%d]: %v, want %v", i, got, want)
				}
			}
			if !in.Head.Set || !in.Torso.Set || !in.LeftHand.Set || !in.RightHand.Set || in.Root != (Pose{Identity, true}) {
				t.Errorf("%+v", in)
			}
			if in.LeftHand.Grab != (Grab{}) {
				t.Errorf("the hand holds %+v", in.LeftHand.Grab)
			}
		})
	}
}

func TestIntentFormsMeanTheSame(t *testing.T) {
	one := Intent{WantsStickMovement: true, ZMovement: 0.5}
	other := Intent{EntityID: "box", Root: Pose{Identity, true}}
	named := one
	named.EntityID = "ann"
	grabs := Intent{WantsStickMovement: true, RightHand: HandPose{Grab: Grab{"box", Identity}}}
	for _, c := range []struct {
		name, data string
		want       IntentMessage
	}{
		{"current", `{"cmd":"intent","intent":{"zmovement":0.5,"ack_state_rev":7}}`, IntentMessage{[]Intent{one}, 7, true}},
		{"current without command", `{"intent":{"zmovement":5e-1}}`, IntentMessage{[]Intent{one}, 0, false}},
		{"current, named", `{"cmd":"intent","intent":{"entity_id":"ann","zmovement":0.5,"ack_state_rev":0}}`, IntentMessage{[]Intent{named}, 0, true}},
		{"planned", `{"intents":{"ann":{"zmovement":0.5}},"ack-state-rev":7}`, IntentMessage{[]Intent{named}, 7, true}},
		{"planned, key against field", `{"intents":{"ann":{"zmovement":0.5,"entity_id":"eve"}}}`, IntentMessage{[]Intent{named}, 0, false}},
		{"planned, for two", `{"intents":{"ann":{"zmovement":0.5},"box":{"wants_stick_movement":false,"poses":{"root":{"matrix":` + identityText + `}}}}}`, IntentMessage{[]Intent{named, other}, 0, false}},
		{"planned, for none", `{"intents":{},"ack-state-rev":7}`, IntentMessage{[]Intent{}, 7, true}},
		{"only an acknowledgement", `{"ack-state-rev":7}`, IntentMessage{[]Intent{}, 7, true}},
		{"nothing said", `{"cmd":"intent","intent":{}}`, IntentMessage{[]Intent{{WantsStickMovement: true}}, 0, false}},
		{"lists for objects", `{"cmd":"intent","intent":{"zmovement":0.5,"poses":[]}}`, IntentMessage{[]Intent{one}, 0, false}},
		{"nulls for absence", `{"intent":{"entity_id":null,"wants_stick_movement":null,"zmovement":0.5,"yaw":null,"ack_state_rev":null,"poses":{"head":null,"torso":{"matrix":null},"hand/left":{"skeleton":null,"grab":null}}}}`, IntentMessage{[]Intent{one}, 0, false}},
		{"nothing held", `{"intent":{"zmovement":0.5,"poses":{"hand/left":{"grab":{}},"hand/right":{"grab":{"entity":null,"grabber_from_entity_transform":` + identityText + `}}}}}`, IntentMessage{[]Intent{one}, 0, false}},
		{"held without a transform", `{"intent":{"poses":{"hand/right":{"grab":{"entity":"box"}}}}}`, IntentMessage{[]Intent{grabs}, 0, false}},
		{"unknown fields", `{"a":[{}],"intent":{"b":{"c":[1]},"zmovement":0.5,"poses":{"d":1,"head":{"e":"f"},"hand/left":{"g":[],"grab":{"h":1}}}}}`, IntentMessage{[]Intent{one}, 0, false}},
		{"escaped keys", `{"intent":{"zmo\u0076ement":0.5}}`, IntentMessage{[]Intent{one}, 0, false}},
		{"acknowledged as a float", `{"intent":{"zmovement":0.5,"ack_state_rev":12.0}}`, IntentMessage{[]Intent{one}, 12, true}},
		{"white space all around", " \r\n\t{ \"intent\" : { \"zmovement\" : 0.5 , \"pitch\" : 0 } } \n", IntentMessage{[]Intent{one}, 0, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := parseIntent(t, c.data); !reflect.DeepEqual(got, c.want) && len(got.Intents)+len(c.want.Intents) > 0 {
				t.Errorf("\n got %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestMalformedIntentsSayWhatIsWrong(t *testing.T) {
	pose := func(matrix string) string { return `{"intent":{"poses":{"hand/left":{"matrix":` + matrix + `}}}}` }
	numbers := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("0,", n), ",") + "]" }
	joints := func(n int) string {
		return `{"intent":{"poses":{"hand/left":{"skeleton":[` + strings.TrimSuffix(strings.Repeat(identityText+",", n), ",") + `]}}}}`
	}
	for _, c := range []struct{ data, want string }{
		{``, "intent: unexpected EOF"},
		{`5`, "intent: a number, want an object"},
		{`{}`, `intent: neither "intent" nor "intents"`},
		{`{"cmd":"intent"}`, `intent: neither "intent" nor "intents"`},
		{`{"cmd":"interact","intent":{}}`, `intent: cmd: "interact", want "intent"`},
		{`{"cmd":1,"intent":{}}`, `intent: cmd: a number, want a string`},
		{`{"intent":[1]}`, "intent: intent: a list, want an object"},
		{`{"intent":{}} {}`, "intent: something follows the end of the message"},
		{`{"intent":{},}`, "intent: unexpected '}' at byte 13"},
		{`{"intent":{"yaw":"1"}}`, "intent: yaw: a string, want a number"},
		{`{"intent":{"yaw":1e999}}`, "intent: yaw: a number too large to hold"},
		{`{"intent":{"yaw":NaN}}`, "intent: yaw: unexpected 'N' at byte 17"},
		{`{"intent":{"yaw":-Infinity}}`, "intent: yaw: a malformed number"},
		{`{"intent":{"wants_stick_movement":1}}`, "intent: wants_stick_movement: a number, want true or false"},
		{`{"intent":{"entity_id":7}}`, "intent: entity_id: a number, want a string"},
		{`{"intent":{"poses":true}}`, "intent: poses: true or false, want an object"},
		{`{"intent":{"ack_state_rev":-1}}`, "intent: ack_state_rev: -1, want a whole number from 0 to 2^53"},
		{`{"intent":{"ack_state_rev":1.5}}`, "intent: ack_state_rev: 1.5, want a whole number from 0 to 2^53"},
		{`{"intent":{"ack_state_rev":9007199254740994}}`, "intent: ack_state_rev: 9.007199254740994e+15, want a whole number from 0 to 2^53"},
		{`{"intents":{"box":{"pitch":[]}}}`, "intent: intents.box.pitch: a list, want a number"},
		{"{\"intents\":{\"b\u00e9\":{\"pitch\":[]}}}", `intent: intents."bé".pitch: a list, want a number`},
		{pose(numbers(15)), "intent: poses.hand/left.matrix: 15 numbers, want 16"},
		{pose(numbers(17)), "intent: poses.hand/left.matrix: 17 numbers, want 16"},
		{pose("[1]"), "intent: poses.hand/left.matrix: 1 number, want 16"},
		{pose("[]"), "intent: poses.hand/left.matrix: 0 numbers, want 16"},
		{pose("{}"), "intent: poses.hand/left.matrix: an object, want a list"},
		{pose("[0,0,0,null]"), "intent: poses.hand/left.matrix[3]: null, want a number"},
		{pose("[0,[0]]"), "intent: poses.hand/left.matrix[1]: a list, want a number"},
		{pose("[0,-1e400]"), "intent: poses.hand/left.matrix[1]: a number too large to hold"},
		{pose("[0,Infinity]"), "intent: poses.hand/left.matrix[1]: unexpected 'I' at byte 45"},
		{pose("[0 0]"), "intent: poses.hand/left.matrix: unexpected '0' at byte 45"},
		{joints(25), "intent: poses.hand/left.skeleton: 25 joints, want 26 or none"},
		{joints(27), "intent: poses.hand/left.skeleton: 27 joints, want 26 or none"},
		{`{"intent":{"poses":{"hand/left":{"skeleton":[1]}}}}`, "intent: poses.hand/left.skeleton[0]: a number, want a list"},
		{`{"intent":{"poses":{"hand/left":{"grab":{"entity":1}}}}}`, "intent: poses.hand/left.grab.entity: a number, want a string"},
		{`{"intent":{"poses":{"hand/left":{"grab":{"grabber_from_entity_transform":[]}}}}}`, "intent: poses.hand/left.grab.grabber_from_entity_transform: 0 numbers, want 16"},
	} {
		var m IntentMessage
		err := m.Parse([]byte(c.data))
		wantError(t, err, c.want)
	}
}

func TestIntentsForMoreThanMaxIntentsAreRejected(t *testing.T) {
	message := func(n int) []byte {
		var entities []string
		for i := range n {
			entities = append(entities, fmt.Sprintf(`"e%d":{}`, i))
		}
		return []byte(`{"intents":{` + strings.Join(entities, ",") + `}}`)
	}
	var m IntentMessage
	if err := m.Parse(message(MaxIntents)); err != nil || len(m.Intents) != MaxIntents {
		t.Errorf("%d intents, %v", len(m.Intents), err)
	}
	wantError(t, m.Parse(message(MaxIntents+1)), "intent: intents.e64: more than 64 entities")
}

func TestEveryTruncatedIntentIsRejected(t *testing.T) {
	wantPrefixesRejected(t, "intent", capturedIntent(t, 3))
	wantPrefixesRejected(t, "intent", capturedIntent(t, 4))
	m := fullIntent()
	wantPrefixesRejected(t, "intent", m.Append(nil))
	m.Intents = append(m.Intents, Intent{EntityID: `a"b`})
	wantPrefixesRejected(t, "intent", m.Append(nil))
}

// fullIntent has every field set.
func fullIntent() IntentMessage {
	m := Identity
	m[12], m[13] = 1.5, -0.333333
	pose := Pose{m, true}
	return IntentMessage{Ack: 1 << 53, HasAck: true, Intents: []Intent{{
		EntityID: "ann", ZMovement: -1, XMovement: 0.25, Yaw: 3.141593, Pitch: -0.5,
		Root: pose, Head: pose, Torso: pose,
		LeftHand:  HandPose{pose, Grab{"box", m}},
		RightHand: HandPose{Grab: Grab{"ball", Identity}},
	}}}
}

func TestIntentsComeBackAsTheyWereAppended(t *testing.T) {
	one := fullIntent()
	two := fullIntent()
	two.Intents = append(two.Intents, Intent{WantsStickMovement: true})
	for _, want := range []IntentMessage{one, two, {Intents: []Intent{}, Ack: 3, HasAck: true}, {Intents: []Intent{{}}}} {
		text := want.Append(nil)
		if text[len(text)-1] != '\n' {
			t.Errorf("no newline behind %s", text)
		}
		if got := parseIntent(t, string(text)); !reflect.DeepEqual(got, want) && len(want.Intents) > 0 {
			t.Errorf("%s\n got %+v\nwant %+v", text, got, want)
		}
	}
}

func TestParsingIntentsAgainDoesNotAllocate(t *testing.T) {
	full := fullIntent()
	var m IntentMessage
	for name, data := range map[string][]byte{
		"captured":  capturedIntent(t, 4),
		"skeletons": skeletonIntent(t),
		"grabbing":  full.Append(nil),
	} {
		if n := testing.AllocsPerRun(20, func() {
			if err := m.Parse(data); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestParsingIntentsForgetsTheLastMessage(t *testing.T) {
	m := fullIntent()
	for _, data := range []string{`{"intent":{}}`, `{"intent":{"poses":{"hand/left":{"grab":{}}}}}`} {
		if err := m.Parse([]byte(data)); err != nil {
			t.Fatal(err)
		}
		if want := (IntentMessage{Intents: []Intent{{WantsStickMovement: true}}}); !reflect.DeepEqual(m, want) {
			t.Errorf("%s is read as %+v", data, m)
		}
	}
}

// coarse finds numbers of a matrix that may be read as the double beside them.
var coarse = regexp.MustCompile(`\d{10,}\.\d`)

func FuzzIntent(f *testing.F) {
	full := fullIntent()
	f.Add(full.Append(nil))
	full.Intents = append(full.Intents, Intent{EntityID: "\n"})
	f.Add(full.Append(nil))
	f.Add(capturedIntent(f, 4))
	f.Add([]byte(`{"intents":{},"ack-state-rev":1.2e1}`))
	f.Add([]byte(`{"intent":{"yaw":1e300,"poses":{"hand/left":{"skeleton":[],"grab":[]}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m, again IntentMessage
		if m.Parse(data) != nil {
			return
		}
		text := m.Append(nil)
		if err := again.Parse(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := again.Append(nil); string(got) != string(text) && !coarse.Match(text) {
			t.Errorf("%s becomes %s", text, got)
		}
		if len(m.Intents) != len(again.Intents) || m.Ack != again.Ack || m.HasAck != again.HasAck {
			t.Errorf("%+v becomes %+v", m, again)
		}
	})
}

// capturedIntent is a packet of a deployed C client of the given version, whose
// head and hands move.
func capturedIntent(t testing.TB, version int) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/intent_v" + strconv.Itoa(version) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// skeletonIntent is capturedIntent with the joints of both hands' fingers.
func skeletonIntent(t testing.TB) []byte {
	t.Helper()
	var joints []byte
	for i := range 26 {
		m := Identity
		s, c := math.Sincos(float64(i) / 7)
		m[0], m[2], m[8], m[10] = c, -s, s, c
		m[12], m[13], m[14] = float64(i)/100, s/10, c/10
		if i > 0 {
			joints = append(joints, ", "...)
		}
		joints = append(joints, '[')
		for j, v := range m {
			if j > 0 {
				joints = append(joints, ", "...)
			}
			joints = appendFloat(joints, v)
		}
		joints = append(joints, ']')
	}
	empty := []byte("\"skeleton\":\t[]")
	full := append(append([]byte("\"skeleton\":\t["), joints...), ']')
	return bytes.ReplaceAll(capturedIntent(t, 4), empty, full)
}

func BenchmarkIntentParse(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"captured", capturedIntent(b, 4)},
		{"skeletons", skeletonIntent(b)},
	} {
		b.Run(c.name, func(b *testing.B) {
			var m IntentMessage
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Parse(c.data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIntentAppend(b *testing.B) {
	var m IntentMessage
	if err := m.Parse(capturedIntent(b, 4)); err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = m.Append(dst[:0])
	}
}
