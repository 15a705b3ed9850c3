package sim

import (
	"fmt"
	"math"
	"testing"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// act parses an intent message and lets the entities that it speaks for act.
func (s *stage) act(message string) {
	s.t.Helper()
	var m netcode.IntentMessage
	if err := m.Parse([]byte(message)); err != nil {
		s.t.Fatal(err)
	}
	var movers []Mover
	for i := range m.Intents {
		movers = append(movers, Mover{Entity: s.Entity(m.Intents[i].EntityID), Intent: &m.Intents[i]})
	}
	Step(s.World, movers, 0.05)
}

// poser puts an entity that acts out a pose.
func (s *stage) poser(id, owner, parent, pose, fromAvatar string) *world.Entity {
	intent := map[string]any{"actuate_pose": pose}
	if fromAvatar != "" {
		intent["from_avatar"] = fromAvatar
	}
	return s.put(id, owner, parent, map[string]any{"intent": intent})
}

// poses is an intent, without stick movement, of poses each along x by so much.
func poses(x map[string]float64) string {
	text := ""
	for pose, x := range x {
		m := netcode.Matrix(mgl64.Translate3D(x, 0, 0))
		text += fmt.Sprintf(`,%q:{"matrix":%s}`, pose, netcode.AppendMatrix(nil, &m))
	}
	return `{"wants_stick_movement":false,"poses":{` + text[min(1, len(text)):] + `}}`
}

func wantX(t *testing.T, e *world.Entity, x float64) {
	t.Helper()
	if got := position(e.Local()).X(); math.Abs(got-x) > 1e-9 {
		t.Errorf("%s is at %v, want %v", e.ID(), got, x)
	}
}

func TestPlannedIntentsMoveEachTheirEntity(t *testing.T) {
	s := newStage(t)
	puppet := s.put("puppet", "me", "", nil)
	rooted := s.poser("rooted", "me", "me", "root", "")
	head := s.poser("puppet's head", "me", "puppet", "head", "")
	s.act(`{"intents":{` +
		`"me":` + poses(map[string]float64{"hand/left": 1, "head": 2}) + `,` +
		`"puppet":` + poses(map[string]float64{"hand/left": 3, "head": 4}) + `,` +
		`"rooted":` + poses(map[string]float64{"root": 5, "head": 6}) + `}}`)
	wantX(t, s.Entity("hand"), 1)
	wantX(t, head, 4)
	wantX(t, rooted, 5)
	wantX(t, puppet, 0)
	s.act(`{"intents":{"puppet":{"zmovement":0,"xmovement":1}}}`)
	wantX(t, puppet, 0.1)
	wantX(t, s.Entity("me"), 0)
}

func TestAnEntityWithAnIntentOfItsOwnGrabs(t *testing.T) {
	s := newStage(t)
	s.put("puppet", "me", "", nil)
	s.poser("puppet's hand", "me", "puppet", "hand/right", "")
	box := s.handle("box", "", map[string]any{})
	s.act(`{"intents":{"puppet":{"poses":{"hand/right":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,7,0,0,1],` +
		`"grab":{"entity":"box","grabber_from_entity_transform":[1,0,0,0,0,1,0,0,0,0,1,0,1,0,0,1]}}}}}}`)
	wantX(t, box, 8)
}

func TestWhoFollowsAnAvatarTakesItsPoses(t *testing.T) {
	for _, c := range []struct {
		name                string
		owner, parent, from string
		want                float64
	}{
		{"a child", "me", "me", "", 1},
		{"a child of another owner", "you", "me", "", 0},
		{"an entity that is no child", "me", "", "", 0},
		{"a follower", "me", "", "me", 1},
		{"a follower of another owner", "you", "", "me", 1},
		{"a follower elsewhere", "you", "other", "me", 1},
		{"a child that follows another", "me", "me", "other", 0},
		{"a follower of nobody there", "me", "me", "gone", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t)
			s.put("other", "you", "", nil)
			e := s.poser("e", c.owner, c.parent, "torso", c.from)
			s.act(`{"intents":{"me":` + poses(map[string]float64{"torso": 1, "head": 2}) + `}}`)
			wantX(t, e, c.want)
			s.act(`{"intents":{"me":` + poses(map[string]float64{"head": 2}) + `}}`)
			s.act(`{"intents":{"me":` + poses(map[string]float64{"torso": 0}) + `}}`)
			wantX(t, e, c.want) // neither no pose nor identity sets it
		})
	}
}

func TestMoversWithoutGrabsAllocateNothing(t *testing.T) {
	s := newStage(t)
	intent := &netcode.Intent{WantsStickMovement: true, ZMovement: 1}
	m := []Mover{{Entity: s.Entity("me"), Intent: intent}}
	step := func() {
		intent.Yaw += 0.01
		intent.LeftHand.Pose = netcode.Pose{Matrix: netcode.Matrix(turned(intent.Yaw, mgl64.Vec3{1, 0, 0})), Set: true}
		Step(s.World, m, 0.05)
		s.Advance()
	}
	for range 200 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations a heartbeat", n)
	}
}

func TestHoldingAllocatesNothing(t *testing.T) {
	s := newStage(t)
	s.put("door", "you", "", nil)
	s.handle("handle", "door", map[string]any{"actuate_on": "$parent"})
	intent := &netcode.Intent{}
	intent.LeftHand.Pose.Set = true
	intent.LeftHand.Grab = netcode.Grab{Entity: "handle", Transform: netcode.Identity}
	m := []Mover{{Entity: s.Entity("me"), Intent: intent}}
	angle := 0.0
	step := func() {
		angle += 0.01
		intent.LeftHand.Matrix = netcode.Matrix(turned(angle, mgl64.Vec3{1, 0, 0}))
		Step(s.World, m, 0.05)
		s.Advance()
	}
	for range 200 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations a heartbeat", n)
	}
}
