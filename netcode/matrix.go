package netcode

import (
	"fmt"

	"github.com/go-faster/jx"
)

// Matrix is a 4x4 transform: 16 numbers, column-major, in metres, right-handed,
// Y up. Elements 12 to 14 are the translation.
type Matrix [16]float64

// Identity is the transform that changes nothing.
var Identity = Matrix{0: 1, 5: 1, 10: 1, 15: 1}

// AppendMatrix appends m as a JSON array of 16 numbers, each written by [AppendNumber]. All
// must be finite.
func AppendMatrix(dst []byte, m *Matrix) []byte {
	dst = append(dst, '[')
	for i, v := range m {
		if i > 0 {
			dst = append(dst, ',')
		}
		// Most elements of a typical transform are one of these two.
		switch v {
		case 0:
			dst = append(dst, '0')
		case 1:
			dst = append(dst, '1')
		default:
			dst = AppendNumber(dst, v)
		}
	}
	return append(dst, ']')
}

// matrix reads exactly 16 finite numbers into m, within one unit in the last place, or null.
func (s *scanner) matrix(m *Matrix) (found bool, err error) {
	if s.next() == jx.Null {
		return false, s.skip()
	}
	numbers, err := s.list()
	if err != nil {
		return false, err
	}
	for {
		more, err := numbers.next()
		if err != nil {
			return false, err
		}
		if !more {
			break
		}
		v, err := s.parseNumber(true)
		if err != nil {
			return false, inItem(numbers.items-1, err)
		}
		if numbers.items <= len(m) {
			m[numbers.items-1] = v
		}
	}
	if numbers.items != len(m) {
		return false, fmt.Errorf("%s, want %d", count(numbers.items, "number"), len(m))
	}
	return true, nil
}
