package netcode

import (
	"bytes"
	"errors"
	"fmt"
)

var errRepeated = errors.New("the key is there already")

// seenKeys finds keys of an object that are repeated. Of few keys it allocates nothing.
type seenKeys struct {
	few  [16][]byte
	n    int
	many map[string]struct{} // those beyond the few
}

// before reports whether a key was there before, and adds it.
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

// foldedKeys finds keys of an object that differ only in the case of ASCII letters.
// While all keys are lower case that costs nothing.
type foldedKeys struct {
	spelled map[string]string // keys with capitals, as they are, by their lower case
}

// add adds a key that is in the object now, and that no other one equals.
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

// lowerASCII is its argument where that has no capitals.
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
