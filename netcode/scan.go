package netcode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

var errTrailing = errors.New("something follows the end of the message")

// scanner reads one JSON message. It tracks its position, which lets it read the numbers of a
// matrix in one pass. It leaves values that are skipped, or have escapes, to jx.
//
// Its methods read the next value. Their errors say what is wrong with it; callers add the
// path. Null means absent, and an empty list is accepted as an object: Lua agents cannot
// distinguish the two.
type scanner struct {
	data    []byte
	pos     int
	checked bool  // the depth has been checked
	strict  bool  // objects must not repeat a key
	decoded int   // number of values, if strict
	items   []any // of the lists being decoded
	jx      jx.Decoder
}

func (s *scanner) reset(data []byte) {
	s.data, s.pos, s.checked = data, 0, false
}

// peek skips white space and returns the next byte, 0 at the end of the data.
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

// take skips c, if it is the next byte.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

// next returns the type of the next value, by its first byte.
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

// want returns an error unless the next value is of type t.
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

// unexpected returns an error about the next byte.
func (s *scanner) unexpected() error {
	if s.pos >= len(s.data) {
		return io.ErrUnexpectedEOF
	}
	return fmt.Errorf("unexpected %q at byte %d", s.data[s.pos], s.pos)
}

// object calls f for each key of an object. f must read the value, and its errors get the
// name of the key. The key is valid as long as the message.
func (s *scanner) object(f func(key []byte) error) error { return s.members(nil, f) }

// fields is object, but repeated keys are an error.
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

// list is a JSON array whose items are read one by one.
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

// next reports whether there is another item, which must then be read.
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

// text returns a string's contents, valid as long as the message.
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

// optionalText is text that accepts null.
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

// number returns the float64 nearest to a number, and an error if it is too large.
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

// optionalNumber reads a number, and leaves v unchanged for null.
func (s *scanner) optionalNumber(v *float64) (err error) {
	if s.next() == jx.Null {
		return s.skip()
	}
	*v, err = s.number()
	return err
}

// maxWhole is the number up to which float64 represents every integer.
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

// fieldError is an error with the path of the invalid value in a message.
type fieldError struct {
	path string // like poses.head.matrix[3]
	err  error
}

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// inField adds a key to the path of an error.
func inField(key []byte, err error) error { return inPath(fieldName(key), err) }

// inItem adds the index of a list's item to the path of an error.
func inItem(i int, err error) error { return inPath("["+strconv.Itoa(i)+"]", err) }

func inPath(name string, err error) error {
	e, ok := err.(*fieldError)
	switch {
	case !ok:
		return &fieldError{name, err}
	case e.path[0] == '[':
		return &fieldError{name + e.path, e.err}
	default:
		return &fieldError{name + "." + e.path, e.err}
	}
}

// fieldName returns a key from the network, quoted and shortened for the log if necessary.
func fieldName(key []byte) string {
	const longest = 64
	name := string(key[:min(len(key), longest)])
	plain := len(key) > 0 && len(key) <= longest
	for _, c := range []byte(name) {
		plain = plain && c > ' ' && c < 0x7f && c != '"'
	}
	if !plain {
		return strconv.Quote(name)
	}
	return name
}

func mismatch(got, want jx.Type) error {
	return fmt.Errorf("%s, want %s", typeName(got), typeName(want))
}

func typeName(t jx.Type) string {
	switch t {
	case jx.String:
		return "a string"
	case jx.Number:
		return "a number"
	case jx.Bool:
		return "true or false"
	case jx.Array:
		return "a list"
	case jx.Object:
		return "an object"
	default:
		return "null"
	}
}

// count returns a number with its noun, "1 byte" or "2 bytes".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// orElse is the first error there is.
func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

var errRepeated = errors.New("the key is there already")

// seenKeys detects repeated keys of an object. For few keys it does not allocate.
type seenKeys struct {
	few  [16][]byte
	n    int
	many map[string]struct{} // the keys after the first 16
}

// before reports whether a key has been added before, and adds it.
func (k *seenKeys) before(key []byte) bool {
	for _, other := range k.few[:k.n] {
		if bytes.Equal(other, key) {
			return true
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return false
	}
	if _, ok := k.many[string(key)]; ok {
		return true
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[string(key)] = struct{}{}
	return false
}

// foldedKeys detects keys of an object that differ only in the case of ASCII letters. It
// costs nothing as long as all keys are lower case.
type foldedKeys struct {
	spelled map[string]string // keys with capitals, by their lower case
}

// add adds a key that object now has, once.
func (f *foldedKeys) add(object map[string]any, key string) error {
	folded := lowerASCII(key)
	if folded == key {
		if other, ok := f.spelled[key]; ok {
			return errFolded(other)
		}
		return nil
	}
	if _, ok := object[folded]; ok {
		return errFolded(folded)
	}
	if other, ok := f.spelled[folded]; ok {
		return errFolded(other)
	}
	if f.spelled == nil {
		f.spelled = map[string]string{}
	}
	f.spelled[folded] = key
	return nil
}

func errFolded(other string) error {
	return fmt.Errorf("the key %s is there already, and some agents do not tell case", AppendString(nil, fieldName([]byte(other))))
}

// lowerASCII returns s in lower case, and s itself if it has no capitals.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			lower := []byte(s)
			for i, c := range lower {
				if 'A' <= c && c <= 'Z' {
					lower[i] = c + 'a' - 'A'
				}
			}
			return string(lower)
		}
	}
	return s
}

// MaxDepth is the maximum nesting of JSON arrays and objects in a value. Deeper values are
// rejected before anything recurses into them.
const MaxDepth = 64

var (
	errTooDeep = fmt.Errorf("nested more than %d deep", MaxDepth)
	errNotUTF8 = errors.New("not UTF-8 text")
)

// checkDepth counts brackets outside strings, and ignores all other rules of JSON. Most messages
// have too few brackets to be deep, which is quick to check.
func checkDepth(data []byte, limit int) error {
	if bytes.Count(data, []byte{'['})+bytes.Count(data, []byte{'{'}) <= limit {
		return nil
	}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			if depth++; depth > limit {
				return errTooDeep
			}
		case ']', '}':
			depth--
		}
	}
	return nil
}

// checkUTF8 returns an error unless data is UTF-8. It is for messages that are stored or relayed.
func checkUTF8(data []byte) error {
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	return nil
}
