package netcode

import "strconv"

// MaxIntents is how many entities one intent message may speak for.
const MaxIntents = 64

// IntentMessage is what an agent sends about 20 times a second: how it wants
// its avatar, and other entities of its own, to move, and which state it holds
// (netcode/PROTOCOL.md, "Intents").
type IntentMessage struct {
	Intents []Intent
	// Ack is the revision of the state that the agent holds, 0 if it has none,
	// and HasAck whether the message says so.
	Ack    uint64
	HasAck bool
}

// Intent is how an entity wants to move, until the next.
type Intent struct {
	EntityID string // empty for the sender's avatar
	// WantsStickMovement is true unless the message says otherwise. With it, the
	// avatar walks by ZMovement (backward) and XMovement (right), each nominally
	// from -1 to 1, and turns to Yaw. Angles are in radians.
	WantsStickMovement               bool
	ZMovement, XMovement, Yaw, Pitch float64
	Root, Head, Torso                Pose
	LeftHand, RightHand              HandPose
}

// Pose is where a part of the body is, relative to the avatar.
type Pose struct {
	Matrix Matrix
	Set    bool // the message has the pose
}

// HandPose is where a hand is and what it holds. The joints of its fingers
// ("skeleton") are of no use to a place: they are counted and passed over.
type HandPose struct {
	Pose
	Grab Grab
}

// Grab is a hand's hold on an entity.
type Grab struct {
	Entity    string // empty when the hand holds nothing
	Transform Matrix // of the entity, relative to the hand
}

// Append appends the message: as {"cmd":"intent",…} if it has one intent, as
// all deployed places understand, and in the planned form otherwise. Numbers
// are written as [AppendNumber] has it and must be finite; poses that are not
// set are left out.
func (m *IntentMessage) Append(dst []byte) []byte {
	if len(m.Intents) == 1 {
		dst = append(dst, `{"cmd":"intent","intent":{`...)
		if id := m.Intents[0].EntityID; id != "" {
			dst = AppendString(append(dst, `"entity_id":`...), id)
			dst = append(dst, ',')
		}
		dst = m.Intents[0].appendFields(dst)
		if m.HasAck {
			dst = strconv.AppendUint(append(dst, `,"ack_state_rev":`...), m.Ack, 10)
		}
		return append(dst, "}}\n"...)
	}
	dst = append(dst, `{"intents":{`...)
	for i := range m.Intents {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, m.Intents[i].EntityID)
		dst = append(m.Intents[i].appendFields(append(dst, ":{"...)), '}')
	}
	dst = append(dst, '}')
	if m.HasAck {
		dst = strconv.AppendUint(append(dst, `,"ack-state-rev":`...), m.Ack, 10)
	}
	return append(dst, "}\n"...)
}

func (in *Intent) appendFields(dst []byte) []byte {
	dst = strconv.AppendBool(append(dst, `"wants_stick_movement":`...), in.WantsStickMovement)
	dst = AppendNumber(append(dst, `,"zmovement":`...), in.ZMovement)
	dst = AppendNumber(append(dst, `,"xmovement":`...), in.XMovement)
	dst = AppendNumber(append(dst, `,"yaw":`...), in.Yaw)
	dst = AppendNumber(append(dst, `,"pitch":`...), in.Pitch)
	dst = append(dst, `,"poses":{`...)
	dst = in.Root.append(dst, `"root":{`, nil)
	dst = in.Head.append(dst, `"head":{`, nil)
	dst = in.Torso.append(dst, `"torso":{`, nil)
	dst = in.LeftHand.append(dst, `"hand/left":{`, &in.LeftHand.Grab)
	dst = in.RightHand.append(dst, `"hand/right":{`, &in.RightHand.Grab)
	return append(dst, '}')
}

// append appends the pose behind open, and nothing at all if there is none.
func (p *Pose) append(dst []byte, open string, grab *Grab) []byte {
	holds := grab != nil && grab.Entity != ""
	if !p.Set && !holds {
		return dst
	}
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, open...)
	if p.Set {
		dst = AppendMatrix(append(dst, `"matrix":`...), &p.Matrix)
	}
	if p.Set && holds {
		dst = append(dst, ',')
	}
	if holds {
		dst = AppendString(append(dst, `"grab":{"entity":`...), grab.Entity)
		dst = AppendMatrix(append(dst, `,"grabber_from_entity_transform":`...), &grab.Transform)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}
