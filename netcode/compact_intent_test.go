package netcode

import (
	"math"
	"reflect"
	"testing"
)

type namedIntent struct {
	name    string
	message CompactIntentMessage
}

// compactIntents are messages as clients send them.
func compactIntents() []namedIntent {
	head := turned([3]float64{1, 0, 0}, 0.2, ones, [3]float64{0.2, 1.6, -0.3})
	hand := turned([3]float64{1, 1, 1}, 2.0936, ones, [3]float64{-0.3, 1.1, -0.4})
	sheared := Identity
	sheared[4] = 0.25
	set := func(m Matrix) Pose { return Pose{Matrix: m, Set: true} }
	near := Identity
	near[12] = 0.0001
	var list []namedIntent
	add := func(name string, m IntentMessage) { list = append(list, namedIntent{name, m.Compact()}) }
	add("nothing", IntentMessage{})
	add("nothing but an acknowledgement", IntentMessage{Ack: 1<<31 - 1})
	add("standing still", IntentMessage{Ack: 7, Intents: []Intent{{WantsStickMovement: true}}})
	add("walking and turning", IntentMessage{Ack: 7, Intents: []Intent{{WantsStickMovement: true, ZMovement: -1, Yaw: 0.3}}})
	add("sideways, looking up", IntentMessage{Ack: 7, Intents: []Intent{{WantsStickMovement: true, XMovement: 0.5, Pitch: -0.1}}})
	add("head and hands", IntentMessage{Ack: 8, Intents: []Intent{{
		WantsStickMovement: true, Yaw: 1, Head: set(head), Torso: set(Identity),
		LeftHand: HandPose{Pose: set(hand)}, RightHand: HandPose{Pose: set(hand), Grab: Grab{Entity: "cup", Transform: head}},
	}}})
	add("a grab without a pose", IntentMessage{Ack: 8, Intents: []Intent{{
		LeftHand: HandPose{Grab: Grab{Entity: "cup", Transform: sheared}},
	}}})
	add("several entities", IntentMessage{Ack: 9, Intents: []Intent{
		{EntityID: "car", ZMovement: 2}, {EntityID: "Tür", Root: set(head)},
	}})
	add("next to the identity, which would mean nothing", IntentMessage{Ack: 9, Intents: []Intent{{Head: set(near)}}})
	return list
}

var malformedIntents = []malformed{
	{"no bytes", ""},
	{"JSON", "7b7d"},
	{"a state", "0100000001" + "00"},
	{"a header that ends", "0300000001"},
	{"more entities than bytes", "0300000001" + "01"},
	{"too many entities", "0300000001" + "41"},
	{"bytes behind the last", "0300000001" + "00" + "00"},
	{"flags that mean nothing", "0300000001" + "01" + "2001"},
	{"an empty id", "0300000001" + "01" + "0002" + "00"},
	{"a movement that is not a number", "0300000001" + "01" + "0004" + "7ff8000000000000"},
	{"a movement that is infinite", "0300000001" + "01" + "0004" + "fff0000000000000"},
	{"a pose that starts from nothing", "0300000001" + "01" + "0040" + "04" + "000000"},
	{"no pose", "0300000001" + "01" + "0040" + "c0"},
	{"a pose with an id", "0300000001" + "01" + "0040" + "41"},
	{"a pose too far away", "0300000001" + "01" + "0040" + "44" + "8280808008" + "0000"},
	{"a matrix that is infinite", "0300000001" + "01" + "0040" + "80" + "7ff0000000000000" +
		"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" +
		"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" +
		"000000000000000000000000000000000000000000000000"},
	{"a grab of nothing", "0300000001" + "01" + "0800" + "00" + "40"},
}

func TestCompactIntentsComeBackAsTheyWereAppended(t *testing.T) {
	for _, c := range compactIntents() {
		t.Run(c.name, func(t *testing.T) {
			data := c.message.Append(nil)
			var got CompactIntentMessage
			if err := got.Parse(data); err != nil {
				t.Fatal(err)
			}
			if again := got.Append(nil); !reflect.DeepEqual(again, data) {
				t.Errorf("%x becomes %x", data, again)
			}
			wantPrefixesRejected(t, "compact intent", data)
		})
	}
}

func TestCompactIntentsSayWhatTheMessageDid(t *testing.T) {
	var reused IntentMessage
	var parsed CompactIntentMessage
	for version := 3; version <= 4; version++ {
		want := parseIntent(t, string(capturedIntent(t, version)))
		c := want.Compact()
		if err := parsed.Parse(c.Append(nil)); err != nil {
			t.Fatal(err)
		}
		parsed.Message(&reused)
		if len(reused.Intents) != 1 || reused.Ack != want.Ack || !reused.HasAck {
			t.Fatalf("got %+v", reused)
		}
		got, in := &reused.Intents[0], &want.Intents[0]
		for i, p := range got.allPoses() {
			q := in.allPoses()[i]
			if p.Set != q.Set {
				t.Errorf("version %d, pose %d: set %v", version, i, p.Set)
			}
			for j := range p.Matrix {
				if math.Abs(p.Matrix[j]-q.Matrix[j]) > 0.002 {
					t.Errorf("version %d, pose %d: got %v, want %v", version, i, p.Matrix, q.Matrix)
				}
			}
			*p, *q = Pose{}, Pose{}
		}
		if !reflect.DeepEqual(got, in) {
			t.Errorf("version %d: got %+v, want %+v", version, got, in)
		}
	}
}

func TestAPoseIsNeverTakenForOneThatIsNotSet(t *testing.T) {
	m := Identity
	m[12] = 0.0004
	change := compactPose(&m)
	var got Matrix
	if change.pose(&got); got != m {
		t.Errorf("got %v, want %v", got, m)
	}
}

func TestCompactIntentsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range malformedIntents {
		if err := new(CompactIntentMessage).Parse(unhex(t, c.data)); err == nil {
			t.Errorf("%s is accepted", c.name)
		}
	}
}

func TestParsingCompactIntentsAllocatesNothing(t *testing.T) {
	c := compactIntents()[5].message
	data := c.Append(nil)
	var parsed CompactIntentMessage
	var m IntentMessage
	allocations := testing.AllocsPerRun(100, func() {
		if err := parsed.Parse(data); err != nil {
			t.Fatal(err)
		}
		parsed.Message(&m)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func FuzzCompactIntent(f *testing.F) {
	for _, c := range compactIntents() {
		f.Add(c.message.Append(nil))
	}
	for _, c := range malformedIntents {
		f.Add(unhex(f, c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var c, again CompactIntentMessage
		if c.Parse(data) != nil {
			return
		}
		sent := c.Append(nil)
		if err := again.Parse(sent); err != nil || !reflect.DeepEqual(again, c) {
			t.Fatalf("%+v\nbecomes %+v, %v", c, again, err)
		}
		var m, n IntentMessage
		c.Message(&m)
		again.Message(&n)
		if !reflect.DeepEqual(m, n) {
			t.Fatalf("%+v\nbecomes %+v", m, n)
		}
	})
}
