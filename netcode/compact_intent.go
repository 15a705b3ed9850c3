package netcode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// CompactIntentMessage is an [IntentMessage] of the compact dialect (netcode/PROTOCOL.md,
// "Compact intents").
type CompactIntentMessage struct {
	Ack     uint64 // of at most 32 bits
	Intents []CompactIntent
}

// CompactIntent is an [Intent] in it.
type CompactIntent struct {
	EntityID           []byte // nil for the sender's avatar
	WantsStickMovement bool
	// Moves are ZMovement, XMovement, Yaw and Pitch.
	Moves [moves]float64
	// Poses are of root, head, torso, left and right hand. None are not set.
	Poses [poses]PlacementChange
	// Grabs are of the left and right hand.
	Grabs [hands]CompactGrab
}

// CompactGrab is a [Grab] in it.
type CompactGrab struct {
	Entity    []byte // nil when the hand holds nothing
	Transform PlacementChange
}

const (
	moves = 4
	poses = 5
	hands = 2
)

// compactIntentKind begins the message. Those of states are their styles.
const compactIntentKind = 3

// Flags of an intent. What they name follows in this order.
const (
	intentWalks  = 1 << 0
	intentEntity = 1 << 1
	intentMoves  = 1 << 2                 // and the three bits above it
	intentPoses  = intentMoves << moves   // and the four above it
	intentGrabs  = intentPoses << poses   // and the one above it
	intentFlags  = intentGrabs<<hands - 1 // all of them
)

// Compact returns the message in the compact dialect. Numbers must be finite.
func (m *IntentMessage) Compact() CompactIntentMessage {
	c := CompactIntentMessage{Ack: m.Ack, Intents: make([]CompactIntent, len(m.Intents))}
	for i := range m.Intents {
		in, out := &m.Intents[i], &c.Intents[i]
		if in.EntityID != "" {
			out.EntityID = []byte(in.EntityID)
		}
		out.WantsStickMovement = in.WantsStickMovement
		out.Moves = [moves]float64{in.ZMovement, in.XMovement, in.Yaw, in.Pitch}
		for j, p := range in.allPoses() {
			if p.Set {
				out.Poses[j] = compactPose(&p.Matrix)
			}
		}
		for j, g := range [hands]*Grab{&in.LeftHand.Grab, &in.RightHand.Grab} {
			if g.Entity != "" {
				out.Grabs[j] = CompactGrab{Entity: []byte(g.Entity), Transform: compactPose(&g.Transform)}
			}
		}
	}
	return c
}

func (in *Intent) allPoses() [poses]*Pose {
	return [...]*Pose{&in.Root, &in.Head, &in.Torso, &in.LeftHand.Pose, &in.RightHand.Pose}
}

// compactPose is the placement of a matrix, or the matrix where it has none: also where that
// would become the identity, which means that a pose is not set.
func compactPose(m *Matrix) PlacementChange {
	if p, ok := NewPlacement(m); ok && (p != Origin || *m == Identity) {
		return NewPlacementChange(nil, &p)
	}
	return NewMatrixChange(m)
}

// Message writes what the message says into m, of which it reuses what m holds.
func (c *CompactIntentMessage) Message(m *IntentMessage) {
	m.Ack, m.HasAck = c.Ack, true
	m.Intents = m.Intents[:0]
	for i := range c.Intents {
		in, out := &c.Intents[i], m.room()
		old := [...]string{out.EntityID, out.LeftHand.Grab.Entity, out.RightHand.Grab.Entity}
		*out = Intent{
			EntityID: keep(old[0], in.EntityID), WantsStickMovement: in.WantsStickMovement,
			ZMovement: in.Moves[0], XMovement: in.Moves[1], Yaw: in.Moves[2], Pitch: in.Moves[3],
		}
		for j, p := range out.allPoses() {
			if !in.Poses[j].IsNone() {
				p.Set = true
				in.Poses[j].pose(&p.Matrix)
			}
		}
		for j, g := range [hands]*Grab{&out.LeftHand.Grab, &out.RightHand.Grab} {
			if in.Grabs[j].Entity != nil {
				g.Entity = keep(old[1+j], in.Grabs[j].Entity)
				in.Grabs[j].Transform.pose(&g.Transform)
			}
		}
	}
}

// pose writes the matrix that a change from the origin comes to.
func (c *PlacementChange) pose(m *Matrix) {
	if c.Matrix(m) {
		return
	}
	var p Placement
	if placed, err := c.Apply(&p, false); err == nil && placed {
		p.Matrix(m)
	}
}

// Append appends the message. What of an intent is 0 or not set is left out.
func (c *CompactIntentMessage) Append(dst []byte) []byte {
	dst = append(dst, compactIntentKind)
	dst = binary.BigEndian.AppendUint32(dst, uint32(c.Ack))
	dst = append(dst, byte(len(c.Intents)))
	for i := range c.Intents {
		dst = c.Intents[i].append(dst)
	}
	return dst
}

func (c *CompactIntent) flags() (flags uint16) {
	if c.WantsStickMovement {
		flags |= intentWalks
	}
	if c.EntityID != nil {
		flags |= intentEntity
	}
	for i, v := range c.Moves {
		if v != 0 {
			flags |= intentMoves << i
		}
	}
	for i := range c.Poses {
		if !c.Poses[i].IsNone() {
			flags |= intentPoses << i
		}
	}
	for i := range c.Grabs {
		if c.Grabs[i].Entity != nil {
			flags |= intentGrabs << i
		}
	}
	return flags
}

func (c *CompactIntent) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, c.flags())
	if c.EntityID != nil {
		dst = appendSized(dst, c.EntityID)
	}
	for _, v := range c.Moves {
		if v != 0 {
			dst = binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
		}
	}
	for i := range c.Poses {
		if p := &c.Poses[i]; !p.IsNone() {
			dst = p.append(append(dst, byte(p.flags)))
		}
	}
	for i := range c.Grabs {
		if g := &c.Grabs[i]; g.Entity != nil {
			dst = appendSized(dst, g.Entity)
			dst = g.Transform.append(append(dst, byte(g.Transform.flags)))
		}
	}
	return dst
}

var errPose = errors.New("a pose that starts from nothing")

// Parse reads the message. It reuses what c holds: in the steady state it does not allocate.
// What is in it then shares memory with data.
func (c *CompactIntentMessage) Parse(data []byte) error {
	if err := c.parse(data); err != nil {
		return fmt.Errorf("intent: %w", err)
	}
	return nil
}

func (c *CompactIntentMessage) parse(data []byte) error {
	const header = 1 + 4 + 1
	c.Ack, c.Intents = 0, c.Intents[:0]
	switch {
	case len(data) == 0:
		return io.ErrUnexpectedEOF
	case data[0] != compactIntentKind:
		return errKind
	case len(data) < header:
		return io.ErrUnexpectedEOF
	case data[5] > MaxIntents:
		return fmt.Errorf("more than %d entities", MaxIntents)
	}
	c.Ack = uint64(binary.BigEndian.Uint32(data[1:]))
	count := int(data[5])
	data = data[header:]
	for i := range count {
		if i < cap(c.Intents) {
			c.Intents = c.Intents[:i+1]
		} else {
			c.Intents = append(c.Intents, CompactIntent{})
		}
		n, err := c.Intents[i].parse(data)
		if err != nil {
			return fmt.Errorf("entity %d of %d: %w", i+1, count, err)
		}
		data = data[n:]
	}
	if len(data) > 0 {
		return errTrailing
	}
	return nil
}

func (c *CompactIntent) parse(data []byte) (n int, err error) {
	*c = CompactIntent{}
	if len(data) < 2 {
		return 0, io.ErrUnexpectedEOF
	}
	flags := binary.BigEndian.Uint16(data)
	n = 2
	if flags&^intentFlags != 0 {
		return n, errFlags
	}
	c.WantsStickMovement = flags&intentWalks != 0
	if flags&intentEntity != 0 {
		size := 0
		if c.EntityID, size, err = parseName(data[n:]); err != nil {
			return n, err
		}
		n += size
	}
	for i := range c.Moves {
		if flags&(intentMoves<<i) == 0 {
			continue
		}
		if len(data)-n < 8 {
			return n, io.ErrUnexpectedEOF
		}
		v := math.Float64frombits(binary.BigEndian.Uint64(data[n:]))
		if v-v != 0 {
			return n, errFinite
		}
		c.Moves[i] = v
		n += 8
	}
	for i := range c.Poses {
		if flags&(intentPoses<<i) == 0 {
			continue
		}
		size, err := c.Poses[i].parsePose(data[n:])
		if err != nil {
			return n, err
		}
		n += size
	}
	for i := range c.Grabs {
		if flags&(intentGrabs<<i) == 0 {
			continue
		}
		g, size := &c.Grabs[i], 0
		if g.Entity, size, err = parseName(data[n:]); err != nil {
			return n, err
		}
		n += size
		if size, err = g.Transform.parsePose(data[n:]); err != nil {
			return n, err
		}
		n += size
	}
	return n, nil
}

// parsePose reads flags and what follows them, which must stand for a matrix by itself.
func (c *PlacementChange) parsePose(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	flags := placementFlags(data[0])
	if flags&^placementBits != 0 || flags == noPlacement || flags&(fromOrigin|hasMatrix) == 0 {
		return 0, errPose
	}
	n, err := c.parse(flags, data[1:])
	if err != nil {
		return 0, err
	}
	var p Placement
	if _, err := c.Apply(&p, false); err != nil {
		return 0, err // too far away
	}
	return 1 + n, nil
}
