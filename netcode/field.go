package netcode

import (
	"fmt"
	"strconv"

	"github.com/go-faster/jx"
)

// fieldError says where in a message something is wrong.
type fieldError struct {
	path string // like poses.head.matrix[3]
	err  error
}

func (e *fieldError) Error() string { return e.path + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// inField puts an error found in the value of a key there.
func inField(key []byte, err error) error { return inPath(fieldName(key), err) }

// inItem puts an error found in a list's item there.
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

// fieldName makes a key from the network fit for a line of log.
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

// count says how many there are of something, in words.
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
