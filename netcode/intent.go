package netcode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-faster/jx"
)

// MaxIntents is the maximum number of entities in one intent message.
const MaxIntents = 64

// IntentMessage is what an agent sends about 20 times a second: how its avatar, and other
// entities of its own, want to move, and which state it has (netcode/PROTOCOL.md, "Intents").
type IntentMessage struct {
	Intents []Intent
	// Ack is the revision of the state that the agent has, 0 for none. HasAck reports
	// whether the message has it.
	Ack    uint64
	HasAck bool
}

// Intent is how an entity wants to move, until its next Intent.
type Intent struct {
	EntityID string // empty for the sender's avatar
	// WantsStickMovement is true unless the message says otherwise. If true, the avatar
	// walks by ZMovement (backward) and XMovement (right), each nominally from -1 to 1,
	// and turns to Yaw. Angles are in radians.
	WantsStickMovement               bool
	ZMovement, XMovement, Yaw, Pitch float64
	Root, Head, Torso                Pose
	LeftHand, RightHand              HandPose
}

// Pose is the transform of a part of the body, relative to the avatar.
type Pose struct {
	Matrix Matrix
	Set    bool // the message has the pose
}

// HandPose is the pose of a hand and what it holds. A place does not need the joints of its
// fingers ("skeleton"): they are counted and skipped.
type HandPose struct {
	Pose
	Grab Grab
}

// Grab is a hand's hold on an entity.
type Grab struct {
	Entity    string // empty when the hand holds nothing
	Transform Matrix // of the entity, relative to the hand
}

// Append appends the message: as {"cmd":"intent",…} if it has one intent, which all deployed
// places understand, and in the planned form otherwise. Numbers are written by [AppendNumber]
// and must be finite; poses that are not set are left out.
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

// append appends open and the pose, or nothing if the pose is not set.
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

var errNoIntent = errors.New(`neither "intent" nor "intents"`)

// Parse parses either form of the message: one intent, or the planned form with intents by
// entity. Every field may be missing, and unknown ones are ignored. A value of a wrong type,
// such as a matrix that is not 16 finite numbers, fails the whole message with an error that
// names the field.
//
// Parse reuses the memory of m, and does not allocate in the steady state. It overwrites m,
// also on error.
func (m *IntentMessage) Parse(data []byte) error {
	p := intentParser{m: m}
	m.Intents, m.Ack, m.HasAck = m.Intents[:0], 0, false
	p.reset(data)
	err := p.message()
	if e, ok := err.(*fieldError); ok {
		e.path = strings.TrimPrefix(e.path, "intent.") // the error begins with it
	}
	if err != nil {
		return fmt.Errorf("intent: %w", err)
	}
	return nil
}

type intentParser struct {
	scanner
	m     *IntentMessage
	found bool
}

func (p *intentParser) message() error {
	if err := p.fields(p.messageField); err != nil {
		return err
	}
	if !p.found && !p.m.HasAck {
		return errNoIntent
	}
	return p.end()
}

func (p *intentParser) messageField(key []byte) error {
	switch string(key) {
	case "cmd":
		return p.command()
	case "intent":
		p.found = true
		return p.intent(nil)
	case "intents":
		p.found = true
		return p.fields(p.intent)
	case "ack_state_rev", "ack-state-rev":
		return p.ack()
	default:
		return p.skip()
	}
}

func (p *intentParser) command() error {
	command, err := p.text()
	if err == nil && string(command) != "intent" {
		err = fmt.Errorf(`%s, want "intent"`, AppendString(nil, fieldName(command)))
	}
	return err
}

func (p *intentParser) ack() (err error) {
	if p.next() == jx.Null {
		return p.skip()
	}
	p.m.Ack, err = p.whole()
	p.m.HasAck = err == nil
	return err
}

// intent parses the value of "intent", which names its entity itself, or the value of an
// entity's id.
func (p *intentParser) intent(id []byte) error {
	if len(p.m.Intents) == MaxIntents {
		return fmt.Errorf("more than %d entities", MaxIntents)
	}
	in := p.m.room()
	old := [...]string{in.EntityID, in.LeftHand.Grab.Entity, in.RightHand.Grab.Entity}
	*in = Intent{EntityID: keep(old[0], id), WantsStickMovement: true}
	return p.fields(func(key []byte) error {
		switch string(key) {
		case "entity_id":
			own, err := p.optionalText()
			if id == nil {
				in.EntityID = keep(old[0], own)
			}
			return err
		case "wants_stick_movement":
			return p.wantsStick(in)
		case "zmovement":
			return p.optionalNumber(&in.ZMovement)
		case "xmovement":
			return p.optionalNumber(&in.XMovement)
		case "yaw":
			return p.optionalNumber(&in.Yaw)
		case "pitch":
			return p.optionalNumber(&in.Pitch)
		case "poses":
			return p.poses(in, old[1], old[2])
		case "ack_state_rev", "ack-state-rev":
			return p.ack()
		default:
			return p.skip()
		}
	})
}

// room adds an intent, reusing one of an earlier message if possible.
func (m *IntentMessage) room() *Intent {
	n := len(m.Intents)
	if n < cap(m.Intents) {
		m.Intents = m.Intents[:n+1]
	} else {
		m.Intents = append(m.Intents, Intent{})
	}
	return &m.Intents[n]
}

func (p *intentParser) wantsStick(in *Intent) (err error) {
	if p.next() == jx.Null {
		return p.skip()
	}
	in.WantsStickMovement, err = p.boolean()
	return err
}

func (p *intentParser) poses(in *Intent, left, right string) error {
	return p.fields(func(key []byte) error {
		switch string(key) {
		case "root":
			return p.pose(&in.Root)
		case "head":
			return p.pose(&in.Head)
		case "torso":
			return p.pose(&in.Torso)
		case "hand/left":
			return p.hand(&in.LeftHand, left)
		case "hand/right":
			return p.hand(&in.RightHand, right)
		default:
			return p.skip()
		}
	})
}

func (p *intentParser) pose(pose *Pose) error {
	return p.fields(func(key []byte) error {
		if string(key) == "matrix" {
			return p.poseMatrix(pose)
		}
		return p.skip()
	})
}

func (p *intentParser) poseMatrix(pose *Pose) (err error) {
	pose.Set, err = p.matrix(&pose.Matrix)
	return err
}

func (p *intentParser) hand(hand *HandPose, held string) error {
	return p.fields(func(key []byte) error {
		switch string(key) {
		case "matrix":
			return p.poseMatrix(&hand.Pose)
		case "grab":
			return p.grab(&hand.Grab, held)
		case "skeleton":
			return p.skeleton()
		default:
			return p.skip()
		}
	})
}

// handJoints is the number of matrices of a hand's skeleton, if it has any.
const handJoints = 26

// skeleton skips a list of matrices. They make up most of a message that has them, so it only
// finds their ends.
func (p *intentParser) skeleton() error {
	if p.next() == jx.Null {
		return p.skip()
	}
	joints, err := p.list()
	if err != nil {
		return err
	}
	for {
		more, err := joints.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := p.want(jx.Array); err != nil {
			return inItem(joints.items-1, err)
		}
		length := bytes.IndexByte(p.data[p.pos:], ']')
		if length < 0 {
			return io.ErrUnexpectedEOF
		}
		p.pos += length + 1
	}
	if joints.items != 0 && joints.items != handJoints {
		return fmt.Errorf("%d joints, want %d or none", joints.items, handJoints)
	}
	return nil
}

func (p *intentParser) grab(grab *Grab, held string) error {
	*grab = Grab{Transform: Identity}
	err := p.fields(func(key []byte) error {
		switch string(key) {
		case "entity":
			entity, err := p.optionalText()
			grab.Entity = keep(held, entity)
			return err
		case "grabber_from_entity_transform":
			_, err := p.matrix(&grab.Transform)
			return err
		default:
			return p.skip()
		}
	})
	if grab.Entity == "" {
		*grab = Grab{}
	}
	return err
}

// keep returns string(now), without allocating if that equals was.
func keep(was string, now []byte) string {
	if was == string(now) {
		return was
	}
	return string(now)
}
