package sim

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// reference is one run of the C server; see testdata/README.md.
type reference struct {
	Name, Note string
	DT         float64
	Steps      int
	Entities   []struct {
		ID, Owner  string
		Components map[string]any
	}
	Intents [][]json.RawMessage
	After   map[string]map[string]any
}

// ours says where the place differs from the C server, and why.
var ours = map[string]string{
	"first_intent_without_avatar": "one agent without an avatar does not stop the others",
	"from_avatar_newest":          "a follower does not end its leader's own poses",
	"from_avatar_oldest":          "a follower does not end its owner's own poses",
	"from_avatar_missing":         "who follows an avatar that is not there stays where it is",
	"head_other_owner_walk":       "what somebody else hangs on an avatar is no part of its body",
	"dt_negative_walk_nohead":     "time does not run backwards",
	"no_place_walk_nohead":        "a place always has a clock",
}

func readReferences[T any](t testing.TB, file string) []T {
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestMovementAgreesWithTheCServer(t *testing.T) {
	agreed := 0
	for _, ref := range readReferences[reference](t, "c_server.json") {
		t.Run(ref.Name, func(t *testing.T) {
			err := replay(t, ref, compare)
			why := ours[ref.Name]
			switch {
			case why == "" && err != nil:
				t.Error(err)
			case why != "" && err == nil:
				t.Errorf("agrees with the C server, though %s", why)
			case why == "":
				agreed++
			}
		})
	}
	if agreed < 80 {
		t.Errorf("only %d cases compared", agreed)
	}
}

// replay tells where the place and the C server part.
func replay(t *testing.T, ref reference, compare func(got mgl64.Mat4, want any) error) error {
	w := world.New(1)
	for _, e := range ref.Entities {
		if _, err := w.Spawn(e.ID, e.Owner, e.Components); err != nil {
			t.Fatal(err)
		}
	}
	for step := 1; step <= ref.Steps; step++ {
		intents := ref.Intents[min(step, len(ref.Intents))-1]
		Step(w, movers(t, w, intents), ref.DT)
		for id, want := range ref.After[strconv.Itoa(step)] {
			if err := compare(w.Entity(id).Local(), want); err != nil {
				return fmt.Errorf("step %d: %s: %w", step, id, err)
			}
		}
		for e := range w.Entities() {
			if m := e.Local(); !isFinite(m) {
				t.Fatalf("step %d: %s has a number that is not finite: %v", step, e.ID(), m)
			}
		}
		w.Advance()
	}
	return nil
}

func movers(t *testing.T, w *world.World, intents []json.RawMessage) []Mover {
	var all []Mover
	for _, raw := range intents {
		var m netcode.IntentMessage
		packet := append(append([]byte(`{"cmd":"intent","intent":`), raw...), '}')
		if err := m.Parse(packet); err != nil {
			t.Fatal(err)
		}
		if e := w.Entity(m.Intents[0].EntityID); e != nil {
			all = append(all, Mover{Entity: e, Intent: &m.Intents[0]})
		}
	}
	return all
}

func compare(got mgl64.Mat4, want any) error {
	list, _ := want.([]any)
	if len(list) != 16 {
		return nil // no matrix counts as identity, there and here
	}
	for i, v := range list {
		if f, ok := v.(float64); !ok || math.Abs(got[i]-f) > 1e-6 {
			return fmt.Errorf("element %d\n got %v\nwant %v", i, [16]float64(got), want)
		}
	}
	return nil
}

func isFinite(m mgl64.Mat4) bool {
	for _, v := range m {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

func TestDegenerateMatricesStayFinite(t *testing.T) {
	heads := map[string]mgl64.Mat4{
		"zero":       {},
		"flat":       mgl64.Scale3D(1, 0, 1),
		"huge":       mgl64.Scale3D(1e300, 1e300, 1e300),
		"tiny":       mgl64.Scale3D(1e-300, 1e-300, 1e-300),
		"far":        mgl64.Translate3D(1e308, 1e308, -1e308),
		"projective": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
	}
	for name, head := range heads {
		for _, yaw := range []float64{0, 1, 1e308, -1e17} {
			t.Run(name, func(t *testing.T) { walkWith(t, head, yaw) })
		}
	}
}

func walkWith(t *testing.T, head mgl64.Mat4, yaw float64) {
	w := world.New(1)
	avatar, _ := w.Spawn("avatar", "me", nil)
	_, err := w.Spawn("head", "me", map[string]any{
		"relationships": map[string]any{"parent": "avatar"},
		"intent":        map[string]any{"actuate_pose": "head"},
	})
	if err != nil {
		t.Fatal(err)
	}
	intent := netcode.Intent{WantsStickMovement: true, ZMovement: 1e300, XMovement: -1, Yaw: yaw}
	intent.Head = netcode.Pose{Matrix: netcode.Matrix(head), Set: true}
	for range 5 {
		Step(w, []Mover{{Entity: avatar, Intent: &intent}}, 0.05)
		for e := range w.Entities() {
			if !isFinite(e.Local()) {
				t.Fatalf("yaw %g: %s is at %v", yaw, e.ID(), e.Local())
			}
		}
	}
}
