package netcode

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/compact.json again")

// vectors are what decoders of other languages can be checked with.
type vectors struct {
	Comment    []string          `json:"comment"`
	Placements []placementVector `json:"placements"`
	States     []stateVector     `json:"states"`
	Intents    []intentVector    `json:"intents"`
	Malformed  malformedVectors  `json:"malformed"`
}

// placementVector is a matrix, how a state that knows nothing else has it, and what it then is.
type placementVector struct {
	Name    string `json:"name"`
	Matrix  Matrix `json:"matrix"`
	Bytes   string `json:"bytes"` // flags, and what follows them
	Decoded Matrix `json:"decoded"`
}

type stateVector struct {
	Name  string      `json:"name"`
	Steps []stateStep `json:"steps"` // each applied to the document of the revision that it names
}

type stateStep struct {
	Bytes    string         `json:"bytes"`
	Document map[string]any `json:"document"`
}

type intentVector struct {
	Name    string          `json:"name"`
	Bytes   string          `json:"bytes"`
	Message json.RawMessage `json:"message"` // the same to versions before 5
}

type malformedVectors struct {
	States  []malformedVector `json:"states"` // as the first of a connection
	Intents []malformedVector `json:"intents"`
}

type malformedVector struct {
	Name  string `json:"name"`
	Bytes string `json:"bytes"`
}

const vectorsFile = "testdata/compact.json"

func makeVectors(t *testing.T) vectors {
	v := vectors{Comment: []string{
		"States and intents of the compact dialect (version 5), written by its Go encoder: see PROTOCOL.md, \"The compact dialect\".",
		"Bytes are hexadecimal. Numbers are to be equal, not about equal.",
		"placements: a matrix, the flags and fields that stand for it by itself, and the matrix that these decode to.",
		"states: each step is applied to the document of an earlier step that has the revision it starts from; the document is what comes of it.",
		"intents: the message, and as JSON what it says.",
		"malformed: what a decoder must refuse, states as the first of a connection.",
	}}
	for _, c := range vectorMatrices() {
		change := compactPose(&c.matrix)
		out := placementVector{Name: c.name, Matrix: c.matrix, Bytes: hex.EncodeToString(change.append([]byte{byte(change.flags)}))}
		change.pose(&out.Decoded)
		v.Placements = append(v.Placements, out)
	}
	for _, c := range compactStates() {
		out := stateVector{Name: c.name}
		held := map[uint64]Document{}
		for _, s := range c.states {
			d := held[s.From]
			if err := d.ApplyCompact(&s); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			held[s.Revision] = d
			out.Steps = append(out.Steps, stateStep{
				Bytes:    hex.EncodeToString(s.Append(nil)),
				Document: map[string]any{"entities": d.Entities, "revision": float64(d.Revision)},
			})
		}
		v.States = append(v.States, out)
	}
	for _, c := range compactIntents() {
		data := c.message.Append(nil)
		var parsed CompactIntentMessage
		var m IntentMessage
		if err := parsed.Parse(data); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		parsed.Message(&m)
		v.Intents = append(v.Intents, intentVector{
			Name: c.name, Bytes: hex.EncodeToString(data), Message: bytes.TrimSpace(exactIntent(&m)),
		})
	}
	for _, c := range malformedStates {
		v.Malformed.States = append(v.Malformed.States, malformedVector{c.name, c.data})
	}
	for _, c := range malformedIntents {
		v.Malformed.Intents = append(v.Malformed.Intents, malformedVector{c.name, c.data})
	}
	return v
}

// exactIntent is the message as JSON, with all digits of its numbers.
func exactIntent(m *IntentMessage) []byte {
	intents := []any{}
	for i := range m.Intents {
		in := &m.Intents[i]
		poses := map[string]any{}
		for j, name := range []string{"root", "head", "torso", "hand/left", "hand/right"} {
			if p := in.allPoses()[j]; p.Set {
				poses[name] = map[string]any{"matrix": p.Matrix}
			}
		}
		for j, name := range []string{"hand/left", "hand/right"} {
			if g := [...]*Grab{&in.LeftHand.Grab, &in.RightHand.Grab}[j]; g.Entity != "" {
				hand, _ := poses[name].(map[string]any)
				if hand == nil {
					hand = map[string]any{}
					poses[name] = hand
				}
				hand["grab"] = map[string]any{"entity": g.Entity, "grabber_from_entity_transform": g.Transform}
			}
		}
		intents = append(intents, map[string]any{
			"entity_id": in.EntityID, "wants_stick_movement": in.WantsStickMovement,
			"zmovement": in.ZMovement, "xmovement": in.XMovement, "yaw": in.Yaw, "pitch": in.Pitch, "poses": poses,
		})
	}
	data, err := json.Marshal(map[string]any{"ack_state_rev": m.Ack, "intents": intents})
	if err != nil {
		panic(err)
	}
	return data
}

// encode writes the vectors with one on each line.
func (v vectors) encode() []byte {
	out := []byte("{\n")
	section := func(name string, items any, last bool) {
		list := reflect.ValueOf(items)
		out = append(out, `"`+name+`": [`...)
		for i := range list.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			item, err := json.Marshal(list.Index(i).Interface())
			if err != nil {
				panic(err)
			}
			out = append(append(out, '\n'), item...)
		}
		out = append(out, "\n]"...)
		if !last {
			out = append(out, ',')
		}
		out = append(out, '\n')
	}
	section("comment", v.Comment, false)
	section("placements", v.Placements, false)
	section("states", v.States, false)
	section("intents", v.Intents, false)
	out = append(out, "\"malformed\": {\n"...)
	section("states", v.Malformed.States, false)
	section("intents", v.Malformed.Intents, true)
	return append(out, "}}\n"...)
}

func TestVectorsAreWhatTheEncodersMake(t *testing.T) {
	want := makeVectors(t).encode()
	if *update {
		if err := os.WriteFile(vectorsFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorsFile)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not up to date (%v): run go test ./netcode -update", vectorsFile, err)
	}
}

// TestVectorsDecodeToTheirDocuments is what a client of another language does with them.
func TestVectorsDecodeToTheirDocuments(t *testing.T) {
	data, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, c := range v.Placements {
		raw := unhex(t, c.Bytes)
		var change PlacementChange
		if n, err := change.parsePose(raw); err != nil || n != len(raw) {
			t.Fatalf("%s: %d of %d bytes, %v", c.Name, n, len(raw), err)
		}
		var m Matrix
		if change.pose(&m); m != c.Decoded {
			t.Errorf("%s: got %v, want %v", c.Name, m, c.Decoded)
		}
	}
	for _, c := range v.States {
		held := map[uint64]Document{}
		for i, step := range c.Steps {
			s, err := ParseCompactState(unhex(t, step.Bytes))
			if err != nil {
				t.Fatalf("%s, step %d: %v", c.Name, i+1, err)
			}
			d := held[s.From]
			if err := d.ApplyCompact(&s); err != nil {
				t.Fatalf("%s, step %d: %v", c.Name, i+1, err)
			}
			held[s.Revision] = d
			got := map[string]any{"entities": d.Entities, "revision": float64(d.Revision)}
			if !reflect.DeepEqual(got, step.Document) {
				t.Errorf("%s, step %d:\n got %s\nwant %s", c.Name, i+1, AppendValue(nil, got), AppendValue(nil, step.Document))
			}
		}
	}
	for _, c := range v.Intents {
		var parsed CompactIntentMessage
		var m IntentMessage
		if err := parsed.Parse(unhex(t, c.Bytes)); err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		parsed.Message(&m)
		var got, want any
		if json.Unmarshal(exactIntent(&m), &got) != nil || json.Unmarshal(c.Message, &want) != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %s, want %s", c.Name, exactIntent(&m), c.Message)
		}
	}
	for _, c := range v.Malformed.States {
		s, err := ParseCompactState(unhex(t, c.Bytes))
		if err == nil {
			d := Document{}
			if s.Style == StyleMerge {
				d.Revision = s.From
			}
			err = d.ApplyCompact(&s)
		}
		if err == nil {
			t.Errorf("state %q is accepted", c.Name)
		}
	}
	for _, c := range v.Malformed.Intents {
		if err := new(CompactIntentMessage).Parse(unhex(t, c.Bytes)); err == nil {
			t.Errorf("intent %q is accepted", c.Name)
		}
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

type namedMatrix struct {
	name   string
	matrix Matrix
}

func vectorMatrices() []namedMatrix {
	up := [3]float64{0, 1, 0}
	mirror := Identity
	mirror[0] = -1
	sheared := Identity
	sheared[4] = 0.25
	return []namedMatrix{
		{"identity", Identity},
		{"moved", turned(up, 0, ones, [3]float64{1.2344, -0.5, 12345.678})},
		{"less than half a millimetre", turned(up, 0, ones, [3]float64{0.0004, 0, 0})},
		{"as far as goes", turned(up, 0, ones, [3]float64{1073741.824, -1073741.824, 0})},
		{"too far", turned(up, 0, ones, [3]float64{1073741.825, 0, 0})},
		{"turned left", turned(up, 0.5, ones, [3]float64{1, 0, 2})},
		{"turned right round", turned(up, 3.14159, ones, [3]float64{1, 0, 2})},
		{"largest x", turned([3]float64{1, 0.2, 0.1}, 3, ones, [3]float64{})},
		{"largest y", turned([3]float64{0.1, -1, 0.2}, 3, ones, [3]float64{})},
		{"largest z", turned([3]float64{0.1, 0.2, 1}, -3, ones, [3]float64{})},
		{"48 bits", turned([3]float64{1, 1, 1}, 2.0936, ones, [3]float64{0.1, 1.6, -0.2})},
		{"scaled", turned(up, 0.5, [3]float64{2, 2, 2}, [3]float64{1, 2, 3})},
		{"scaled and turned", turned([3]float64{1, 2, 3}, 1, [3]float64{0.5, 1, 3.7}, [3]float64{1, 2, 3})},
		{"mirrored", mirror},
		{"sheared", sheared},
	}
}
