package netcode

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how many JSON arrays and objects may be nested in each other in a
// value. What is deeper is rejected before anything recurses into it.
const MaxDepth = 64

var (
	errTooDeep = fmt.Errorf("nested more than %d deep", MaxDepth)
	errNotUTF8 = errors.New("not UTF-8 text")
)

// checkDepth counts brackets, outside of strings, without regard to any other
// rule of JSON. Most messages have too few to be deep, which is quick to see.
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

// checkUTF8 is for messages whose strings are kept or passed on.
func checkUTF8(data []byte) error {
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	return nil
}
