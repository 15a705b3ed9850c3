package netcode

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-faster/jx"
)

var errTrailing = errors.New("something follows the end of the message")

// scanner walks over one JSON message. It knows where it is, which lets it read
// the numbers of a matrix in one pass; whatever is only passed over, or has
// escapes in it, it leaves to jx.
//
// Its methods read the value that comes next and say in their errors what is
// wrong with it; the callers add where. Null stands for absence, and an empty
// list is accepted where an object is due: Lua agents cannot tell the two apart.
type scanner struct {
	data    []byte
	pos     int
	checked bool  // no value is too deep
	strict  bool  // objects may not repeat a key
	decoded int   // values of what is strict
	items   []any // of the lists that are being decoded
	jx      jx.Decoder
}

func (s *scanner) reset(data []byte) {
	s.data, s.pos, s.checked = data, 0, false
}

// peek passes over white space and returns the byte that comes next, 0 at the
// end of the data.
func (s *scanner) peek() byte {
	for i := s.pos; i < len(s.data); i++ {
		if c := s.data[i]; c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			s.pos = i
			return c
		}
	}
	s.pos = len(s.data)
	return 0
}

// take passes over c, if that comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// next tells what kind of value comes next, by its first byte.
func (s *scanner) next() jx.Type {
	switch c := s.peek(); c {
	case '{':
		return jx.Object
	case '[':
		return jx.Array
	case '"':
		return jx.String
	case 't', 'f':
		return jx.Bool
	case 'n':
		return jx.Null
	case '-':
		return jx.Number
	default:
		if c-'0' <= 9 {
			return jx.Number
		}
		return jx.Invalid
	}
}

// want checks that the value that comes next is of type t.
func (s *scanner) want(t jx.Type) error {
	got := s.next()
	switch got {
	case t:
		return nil
	case jx.Invalid:
		return s.unexpected()
	default:
		return mismatch(got, t)
	}
}

// unexpected complains about the byte that comes next.
func (s *scanner) unexpected() error {
	if s.pos >= len(s.data) {
		return io.ErrUnexpectedEOF
	}
	return fmt.Errorf("unexpected %q at byte %d", s.data[s.pos], s.pos)
}

// object calls f for each key of an object; f must read the value, and its
// errors get the key's name. The key is valid as long as the message is.
func (s *scanner) object(f func(key []byte) error) error { return s.members(nil, f) }

// fields is object for one in which no key may be repeated.
func (s *scanner) fields(f func(key []byte) error) error {
	var seen seenKeys
	return s.members(&seen, f)
}

func (s *scanner) members(seen *seenKeys, f func(key []byte) error) error {
	switch s.next() {
	case jx.Null:
		return s.skip()
	case jx.Array:
		return s.emptyObject()
	}
	if err := s.want(jx.Object); err != nil {
		return err
	}
	s.pos++
	if s.take('}') {
		return nil
	}
	for {
		key, err := s.text()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.unexpected()
		}
		if seen != nil && seen.before(key) {
			return inField(key, errRepeated)
		}
		if err := f(key); err != nil {
			return inField(key, err)
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.unexpected()
		}
	}
}

func (s *scanner) emptyObject() error {
	s.pos++
	if !s.take(']') {
		return mismatch(jx.Array, jx.Object)
	}
	return nil
}

// A list is a JSON array whose items are read one by one.
type list struct {
	s     *scanner
	items int // that have come
}

func (s *scanner) list() (list, error) {
	if err := s.want(jx.Array); err != nil {
		return list{}, err
	}
	s.pos++
	return list{s: s}, nil
}

// next reports whether another item comes, which must then be read.
func (l *list) next() (bool, error) {
	switch c := l.s.peek(); {
	case c == ']':
		l.s.pos++
		return false, nil
	case l.items == 0:
	case c == ',':
		l.s.pos++
	default:
		return false, l.s.unexpected()
	}
	l.items++
	return true, nil
}

// text returns a string's contents, valid as long as the message is.
func (s *scanner) text() ([]byte, error) {
	if err := s.want(jx.String); err != nil {
		return nil, err
	}
	for i := s.pos + 1; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			text := s.data[s.pos+1 : i]
			s.pos = i + 1
			return text, nil
		case c == '\\' || c < ' ':
			return s.escapedText()
		}
	}
	return nil, io.ErrUnexpectedEOF
}

func (s *scanner) escapedText() ([]byte, error) {
	raw, err := s.raw()
	if err != nil {
		return nil, err
	}
	s.jx.ResetBytes(raw)
	return s.jx.StrBytes()
}

// optionalText is text, with nothing where null stands for it.
func (s *scanner) optionalText() ([]byte, error) {
	if s.next() == jx.Null {
		return nil, s.skip()
	}
	return s.text()
}

func (s *scanner) boolean() (bool, error) {
	if err := s.want(jx.Bool); err != nil {
		return false, err
	}
	raw, err := s.raw()
	return len(raw) == len("true"), err
}

// number returns the double nearest to a number. There is none for the largest.
func (s *scanner) number() (float64, error) {
	return s.parseNumber(false)
}

func (s *scanner) parseNumber(coarse bool) (float64, error) {
	if c := s.peek(); c-'0' > 9 && c != '-' {
		return 0, s.want(jx.Number)
	}
	v, length, err := parseNumber(s.data[s.pos:], coarse)
	s.pos += length
	return v, err
}

// optionalNumber leaves v alone where null stands for it.
func (s *scanner) optionalNumber(v *float64) (err error) {
	if s.next() == jx.Null {
		return s.skip()
	}
	*v, err = s.number()
	return err
}

// maxWhole is the largest of the integers that doubles hold without gaps.
const maxWhole = 1 << 53

// whole reads an integer from 0 to 2^53. It may be written as 12.0 or 1.2e1.
func (s *scanner) whole() (uint64, error) {
	v, err := s.number()
	if err != nil {
		return 0, err
	}
	if v < 0 || v > maxWhole || v != float64(uint64(v)) {
		return 0, fmt.Errorf("%s, want a whole number from 0 to 2^53", appendFloat(nil, v))
	}
	return uint64(v), nil
}

// raw returns the bytes of a value of any type.
func (s *scanner) raw() ([]byte, error) {
	switch s.next() {
	case jx.Invalid:
		return nil, s.unexpected()
	case jx.Array, jx.Object:
		if err := s.checkDepth(); err != nil {
			return nil, err
		}
	}
	s.jx.ResetBytes(s.data[s.pos:])
	raw, err := s.jx.Raw()
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // without the "skip: " that jx puts before it
		}
		return nil, fmt.Errorf("the value from byte %d on: %w", s.pos, err)
	}
	s.pos += len(raw)
	return raw, nil
}

// rawOf returns the bytes of a value of type t.
func (s *scanner) rawOf(t jx.Type) ([]byte, error) {
	if err := s.want(t); err != nil {
		return nil, err
	}
	return s.raw()
}

// skip passes over a value of any type.
func (s *scanner) skip() error {
	_, err := s.raw()
	return err
}

// end checks that nothing but white space is left.
func (s *scanner) end() error {
	if s.peek(); s.pos < len(s.data) {
		return errTrailing
	}
	return nil
}

// checkDepth makes sure, once, that no value in a message is too deep. Messages
// are an object or array around their values, hence the one level more.
func (s *scanner) checkDepth() error {
	if s.checked {
		return nil
	}
	s.checked = true
	return checkDepth(s.data, MaxDepth+1)
}
