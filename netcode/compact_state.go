package netcode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// CompactState is a [State] of the compact dialect (netcode/PROTOCOL.md, "Compact states").
type CompactState struct {
	// Style is StyleSet, or StyleMerge from the revision From.
	Style          PatchStyle
	From, Revision uint64 // of at most 32 bits
	Count          int    // of the entities that follow
	Entities       []byte // each as [CompactEntity.Append] has it
}

// CompactEntity is what a state says of one entity.
type CompactEntity struct {
	// Number is what states to this agent call the entity by.
	Number uint32
	// ID is set where the entity is new: what the base has of that number does not count.
	ID []byte
	// Placement is what becomes of transform.matrix.
	Placement PlacementChange
	// Components is a merge patch (RFC 7386) of the entity's components, nil if there is
	// nothing more.
	Components []byte
}

// IsGone reports whether the entity is not there any more.
func (e *CompactEntity) IsGone() bool {
	return e.ID == nil && e.Components == nil && e.Placement.IsNone()
}

const (
	hasID         = 0x01
	hasComponents = 0x02

	leastEntity = 2 // bytes: a number and flags
)

// Append appends the message.
func (s *CompactState) Append(dst []byte) []byte {
	dst = append(dst, byte(s.Style))
	dst = binary.BigEndian.AppendUint32(dst, uint32(s.Revision))
	if s.Style == StyleMerge {
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.From))
	}
	dst = binary.AppendUvarint(dst, uint64(s.Count))
	return append(dst, s.Entities...)
}

// Append appends the entity, one that is gone as nothing but its number.
func (e *CompactEntity) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(e.Number))
	flags := byte(e.Placement.flags)
	if e.ID != nil {
		flags |= hasID
	}
	if e.Components != nil {
		flags |= hasComponents
	}
	dst = append(dst, flags)
	if e.ID != nil {
		dst = appendSized(dst, e.ID)
	}
	dst = e.Placement.append(dst)
	if e.Components != nil {
		dst = appendSized(dst, e.Components)
	}
	return dst
}

func appendSized(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

var (
	errKind    = errors.New("not a message of this kind")
	errCount   = errors.New("more is announced than there is")
	errText    = errors.New("a name that is empty, or not UTF-8 text without NUL")
	errNothing = errors.New("a revision of 0")
)

// ParseCompactState reads a state and checks all that is in it. Entities shares memory with
// data.
func ParseCompactState(data []byte) (s CompactState, err error) {
	n, err := s.parseHeader(data)
	if err != nil {
		return CompactState{}, fmt.Errorf("state: %w", err)
	}
	s.Entities = data[n:]
	var e CompactEntity
	rest := s.Entities
	for i := range s.Count {
		n, err := e.Parse(rest)
		if err != nil {
			return CompactState{}, fmt.Errorf("state: entity %d of %d: %w", i+1, s.Count, err)
		}
		rest = rest[n:]
	}
	if len(rest) > 0 {
		return CompactState{}, fmt.Errorf("state: %w", errTrailing)
	}
	return s, nil
}

// ParseCompactHeader reads what a state is about, and leaves its entities unread.
func ParseCompactHeader(data []byte) (s CompactState, err error) {
	n, err := s.parseHeader(data)
	if err != nil {
		return CompactState{}, fmt.Errorf("state: %w", err)
	}
	s.Entities = data[n:]
	return s, nil
}

func (s *CompactState) parseHeader(data []byte) (n int, err error) {
	size := 1 + 4
	switch {
	case len(data) == 0:
		return 0, io.ErrUnexpectedEOF
	case data[0] == byte(StyleMerge):
		size += 4
	case data[0] != byte(StyleSet):
		return 0, errKind
	}
	if len(data) < size {
		return 0, io.ErrUnexpectedEOF
	}
	s.Style, s.Revision = PatchStyle(data[0]), uint64(binary.BigEndian.Uint32(data[1:]))
	if s.Style == StyleMerge {
		s.From = uint64(binary.BigEndian.Uint32(data[5:]))
	}
	if s.Revision == 0 || s.Style == StyleMerge && s.From == 0 {
		return 0, errNothing
	}
	count, n, err := parseUint32(data[size:])
	if err != nil {
		return 0, err
	}
	n += size
	if int64(count) > int64(len(data)-n)/leastEntity {
		return 0, errCount
	}
	s.Count = int(count)
	return n, nil
}

// Parse reads an entity and returns how many bytes it took. What is in it shares memory with
// data; what was in e before is overwritten.
func (e *CompactEntity) Parse(data []byte) (n int, err error) {
	if e.Number, n, err = parseUint32(data); err != nil {
		return n, err
	}
	if n == len(data) {
		return n, io.ErrUnexpectedEOF
	}
	flags := data[n]
	n++
	e.ID, e.Components = nil, nil
	if flags&hasID != 0 {
		size := 0
		if e.ID, size, err = parseName(data[n:]); err != nil {
			return n, err
		}
		n += size
	}
	size, err := e.Placement.parse(placementFlags(flags)&placementBits, data[n:])
	if err != nil {
		return n, err
	}
	n += size
	if e.ID != nil && flags&byte(fromOrigin) == 0 && flags&byte(placementParts) != 0 {
		return n, errNoBasePlacement
	}
	if flags&hasComponents != 0 {
		size := 0
		if e.Components, size, err = parseSized(data[n:]); err != nil {
			return n, err
		}
		if err := checkObject(e.Components); err != nil {
			return n, fmt.Errorf("components: %w", err)
		}
		n += size
	}
	return n, nil
}

// parseSized reads a length and as many bytes.
func parseSized(data []byte) (text []byte, n int, err error) {
	length, n, err := parseUint32(data)
	switch {
	case err != nil:
		return nil, 0, err
	case int64(length) > int64(len(data)-n):
		return nil, 0, io.ErrUnexpectedEOF
	}
	end := n + int(length)
	return data[n:end:end], end, nil
}

// parseName reads the id of an entity.
func parseName(data []byte) (name []byte, n int, err error) {
	if name, n, err = parseSized(data); err != nil {
		return nil, 0, err
	}
	if len(name) == 0 || !utf8.Valid(name) {
		return nil, 0, errText
	}
	if bytes.IndexByte(name, 0) >= 0 {
		return nil, 0, errText
	}
	return name, n, nil
}

// checkObject checks that data is a JSON object.
func checkObject(data []byte) error {
	if err := checkUTF8(data); err != nil {
		return err
	}
	if err := checkDepth(data, MaxDepth); err != nil {
		return err
	}
	s := scanner{checked: true}
	s.data = data
	if _, err := s.rawOf(jx.Object); err != nil {
		return err
	}
	return s.end()
}
