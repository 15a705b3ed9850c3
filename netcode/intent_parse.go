package netcode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-faster/jx"
)

var errNoIntent = errors.New(`neither "intent" nor "intents"`)

// Parse reads either form of the message: one intent, or the planned form with
// intents by entity. Every field may be missing, and unknown ones are ignored;
// but a matrix that is not exactly 16 finite numbers, like any other value of a
// wrong type, fails the whole message, with an error that names the field.
//
// Parse reuses what m holds: in the steady state it does not allocate. What was
// in m before is overwritten, also on error.
func (m *IntentMessage) Parse(data []byte) error {
	p := intentParser{m: m}
	m.Intents, m.Ack, m.HasAck = m.Intents[:0], 0, false
	p.reset(data)
	err := p.message()
	if e, ok := err.(*fieldError); ok {
		e.path = strings.TrimPrefix(e.path, "intent.") // said already
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

// intent parses what stands under "intent", where it names its entity itself,
// or under an entity's id.
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

// room makes room for one intent, in what is left from an earlier message.
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

// handJoints is how many matrices a hand's skeleton has, if it has any.
const handJoints = 26

// skeleton passes over a list of matrices. They make up most of the message
// where there are any, so it only looks for their ends.
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

// keep is string(now) without allocating when that is what it was before.
func keep(was string, now []byte) string {
	if was == string(now) {
		return was
	}
	return string(now)
}
