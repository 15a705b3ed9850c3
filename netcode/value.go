package netcode

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/go-faster/jx"
)

// ParseValue decodes any one JSON value into map[string]any, []any, string,
// float64, bool and nil. A number that no float64 is equal to becomes the nearest. Of
// equal keys the last wins, and NUL is dropped from strings, as in [AppendString].
//
// It fails on what is nested more than [MaxDepth] deep, on text that is not
// UTF-8, on numbers too large for a float64 and on anything after the value.
func ParseValue(data []byte) (any, error) { return parseValue(data, false) }

// ParseStrict is ParseValue for what somebody else reads too, from the same bytes. It
// fails where two readers could take different values for that of one key: on an object
// in which a key is repeated, or in which keys differ only in the case of ASCII
// letters. Of such keys C agents find the first, whatever its case, others the last.
func ParseStrict(data []byte) (any, error) { return parseValue(data, true) }

// itemBuffers hold the items of lists while these are decoded; what is in them is cleared.
var itemBuffers = sync.Pool{New: func() any { return new([]any) }}

// mostItemsKept is how long a buffer may be that is kept for the next value, 8 MiB.
const mostItemsKept = 1 << 19

// yieldAfter is after how many values ParseStrict lets others run, some 0.2 ms: what an agent sent
// may be large, and is decoded beside what must not wait.
const yieldAfter = 4096

func parseValue(data []byte, strict bool) (any, error) {
	if err := checkUTF8(data); err != nil {
		return nil, err
	}
	if err := checkDepth(data, MaxDepth); err != nil {
		return nil, err
	}
	items := itemBuffers.Get().(*[]any)
	s := scanner{checked: true, strict: strict, items: *items}
	s.data = data
	v, err := s.value()
	if *items = s.items; cap(s.items) <= mostItemsKept {
		itemBuffers.Put(items)
	}
	if err != nil {
		return nil, err
	}
	return v, s.end()
}

func (s *scanner) value() (any, error) {
	if s.strict {
		if s.decoded++; s.decoded%yieldAfter == 0 {
			runtime.Gosched()
		}
	}
	switch s.next() {
	case jx.Object:
		return s.objectValue()
	case jx.Array:
		return s.values()
	case jx.String:
		text, err := s.text()
		return cleanString(text), err
	case jx.Number:
		return s.number()
	case jx.Bool:
		return s.boolean()
	default:
		return nil, s.skip() // null, or an error
	}
}

// objectValue decodes an object, and null to nil.
func (s *scanner) objectValue() (map[string]any, error) {
	if s.next() == jx.Null {
		return nil, s.skip()
	}
	m := map[string]any{}
	var folded foldedKeys
	err := s.object(func(text []byte) (err error) {
		key, before := cleanString(text), len(m)
		m[key], err = s.value()
		switch {
		case err != nil || !s.strict:
			return err
		case len(m) == before:
			return errRepeated
		default:
			return folded.add(m, key)
		}
	})
	return m, err
}

// values decodes a list. Its items are gathered behind those of the lists around it, so that
// long lists are copied once and are no larger than they need to be.
func (s *scanner) values() (any, error) {
	items, err := s.list()
	if err != nil {
		return nil, err
	}
	first := len(s.items)
	defer func() {
		clear(s.items[first:])
		s.items = s.items[:first]
	}()
	for {
		more, err := items.next()
		if err != nil {
			return nil, err
		}
		if !more {
			values := make([]any, len(s.items)-first)
			copy(values, s.items[first:])
			return values, nil
		}
		v, err := s.value()
		if err != nil {
			return nil, inItem(len(s.items)-first, err)
		}
		if len(s.items) == cap(s.items) {
			s.items = slices.Grow(s.items, max(16, len(s.items))) // twice as long, where append takes small steps
		}
		s.items = append(s.items, v)
	}
}

// AppendValue appends v as compact JSON, the keys of objects in order. It takes
// what [ParseValue] gives, and also int, int64, uint64, []string,
// map[string]string, []float64, [3]float64, [Matrix] (written as by
// [AppendMatrix]), [json.Number] and [json.RawMessage] (inserted as they are, the
// latter must be valid).
// A float64 is written in the shortest form that reads back as the same, and as
// null if it is not finite. Strings are as in [AppendString].
//
// What is nested more than [MaxDepth] deep, and values of other types, become
// null too: the message stays valid whatever v is.
func AppendValue(dst []byte, v any) []byte {
	return appendValue(dst, v, 1)
}

func appendValue(dst []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return AppendString(dst, v)
	case float64:
		return appendFloat(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case map[string]any:
		return appendObject(dst, v, depth)
	case []any:
		return appendList(dst, v, depth, func(dst []byte, v any) []byte {
			return appendValue(dst, v, depth+1)
		})
	case json.Number:
		return appendJSONNumber(dst, v)
	case json.RawMessage:
		if len(v) == 0 {
			return append(dst, "null"...)
		}
		return append(dst, v...)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case uint64:
		return strconv.AppendUint(dst, v, 10)
	default:
		return appendTyped(dst, v, depth)
	}
}

func appendTyped(dst []byte, v any, depth int) []byte {
	switch v := v.(type) {
	case Matrix:
		return AppendMatrix(dst, &v)
	case [3]float64:
		return appendList(dst, v[:], depth, appendFloat)
	case []float64:
		return appendList(dst, v, depth, appendFloat)
	case []string:
		return appendList(dst, v, depth, AppendString)
	case map[string]string:
		object := make(map[string]any, len(v))
		for key, text := range v {
			object[key] = text
		}
		return appendObject(dst, object, depth)
	default:
		return append(dst, "null"...)
	}
}

func appendList[T any](dst []byte, list []T, depth int, appendItem func([]byte, T) []byte) []byte {
	if depth > MaxDepth {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, v)
	}
	return append(dst, ']')
}

func appendObject(dst []byte, object map[string]any, depth int) []byte {
	if depth > MaxDepth {
		return append(dst, "null"...)
	}
	var few [16]string // most objects' keys fit here, on the stack
	keys := few[:0]
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, key), ':')
		dst = appendValue(dst, object[key], depth+1)
	}
	return append(dst, '}')
}

// appendJSONNumber appends n if it is a JSON number: any text can be made one.
func appendJSONNumber(dst []byte, n json.Number) []byte {
	var s scanner
	s.reset([]byte(n))
	if _, err := s.number(); err != nil || s.end() != nil {
		return append(dst, "null"...)
	}
	return append(dst, bytes.TrimSpace(s.data)...)
}
