package netcode

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// ParseValue decodes one JSON value into map[string]any, []any, string, float64, bool and
// nil. A number that float64 cannot represent becomes the nearest one. Of equal keys the last
// wins, and NUL is dropped from strings, as in [AppendString].
//
// It fails if the value is nested more than [MaxDepth] deep, if text is not UTF-8, if a number
// is too large for a float64, and if anything follows the value.
func ParseValue(data []byte) (any, error) { return parseValue(data, false) }

// ParseStrict is ParseValue for bytes that others parse too. It fails if two parsers could
// find different values for a key: in an object with repeated keys, or with keys that differ
// only in the case of ASCII letters. Of such keys C agents find the first in any case, others
// the last.
func ParseStrict(data []byte) (any, error) { return parseValue(data, true) }

// itemBuffers hold the items of lists while these are decoded. Pooled ones are cleared.
var itemBuffers = sync.Pool{New: func() any { return new([]any) }}

// mostItemsKept is the capacity up to which a buffer is pooled, 8 MiB.
const mostItemsKept = 1 << 19

// yieldAfter is the number of values after which ParseStrict yields to other goroutines, some
// 0.2 ms: messages of agents may be large, and must not delay a heartbeat.
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

// values decodes a list. Its items are collected behind those of the enclosing lists, so that
// a long list is copied once and has no spare capacity.
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
			s.items = slices.Grow(s.items, max(16, len(s.items))) // doubles, where append takes smaller steps
		}
		s.items = append(s.items, v)
	}
}

// AppendValue appends v as compact JSON, with sorted keys. It accepts the types of
// [ParseValue], and also int, int64, uint64, []string, map[string]string, []float64,
// [3]float64, [Matrix] (written by [AppendMatrix]), [json.Number] and [json.RawMessage] (both
// unchanged; the latter must be valid). A float64 is written in the shortest form that parses
// to the same number, and as null if it is not finite. Strings are written by [AppendString].
//
// Values nested more than [MaxDepth] deep, and values of other types, become null too: the
// message is valid for any v.
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

// appendJSONNumber appends n if it is a JSON number, which the type does not guarantee.
func appendJSONNumber(dst []byte, n json.Number) []byte {
	var s scanner
	s.reset([]byte(n))
	if _, err := s.number(); err != nil || s.end() != nil {
		return append(dst, "null"...)
	}
	return append(dst, bytes.TrimSpace(s.data)...)
}

// exactFrom is the number from which float64 values are so far apart (2^-20) that AppendNumber
// writes their shortest decimals: rounding could exceed its error bound.
const exactFrom = 1 << 32

// AppendNumber appends v as a JSON number rounded to six decimals, without trailing zeros or a
// negative zero. The error is at most 5e-7; from 2^32 on, where float64 has no more decimals
// than that, there is none. Below 1e15 there is no exponent. v must be finite.
func AppendNumber(dst []byte, v float64) []byte {
	magnitude := math.Abs(v)
	if magnitude >= exactFrom {
		return appendLarge(dst, v, magnitude)
	}
	whole := uint64(magnitude)
	millionths := uint64((magnitude-float64(whole))*1e6 + 0.5)
	if millionths == 1e6 {
		whole, millionths = whole+1, 0
	}
	if v < 0 && whole|millionths != 0 {
		dst = append(dst, '-')
	}
	if whole < 10 {
		dst = append(dst, '0'+byte(whole))
	} else {
		dst = strconv.AppendUint(dst, whole, 10)
	}
	if millionths == 0 {
		return dst
	}
	return appendDecimals(dst, uint32(millionths))
}

func appendLarge(dst []byte, v, magnitude float64) []byte {
	if magnitude < 1e15 {
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// appendDecimals appends a point and millionths (1 to 999,999) without trailing
// zeros.
func appendDecimals(dst []byte, millionths uint32) []byte {
	a, b, c := millionths/10_000, millionths/100%100, millionths%100
	dst = append(dst, '.',
		'0'+byte(a/10), '0'+byte(a%10),
		'0'+byte(b/10), '0'+byte(b%10),
		'0'+byte(c/10), '0'+byte(c%10))
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendFloat appends v in the shortest form that parses to v, and null if it is not finite.
func appendFloat(dst []byte, v float64) []byte {
	switch magnitude := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return append(dst, "null"...)
	case magnitude < 1e15 && (magnitude >= 1e-6 || v == 0):
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	default:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
}

var (
	errTooLarge  = errors.New("a number too large to hold")
	errNotNumber = errors.New("a malformed number")
)

var powersOfTen = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// parseNumber parses the JSON number that text begins with. It returns the nearest float64 and
// the length of the number. If coarse is set, the result may be a neighbour of the nearest
// float64, at half the cost: sensors and matrices of C agents have 17 digits, more than a
// float64 holds.
func parseNumber(text []byte, coarse bool) (v float64, length int, err error) {
	i := 0
	if text[0] == '-' {
		i++
	}
	mantissa, digits := parseDigits(text[i:], 0)
	if digits == 0 || digits > 1 && text[i] == '0' {
		return 0, i, errNotNumber
	}
	i += digits
	decimals := 0
	if i < len(text) && text[i] == '.' {
		mantissa, decimals = parseDigits(text[i+1:], mantissa)
		if decimals == 0 {
			return 0, i, errNotNumber
		}
		i += 1 + decimals
	}
	// With at most 19 digits the mantissa has not overflowed. If both it and the power of
	// ten are exact, their quotient is the nearest float64.
	exact := mantissa <= maxWhole || coarse
	if i < len(text) && text[i]|0x20 == 'e' || digits+decimals > 19 || !exact {
		return parseSlowNumber(text, i)
	}
	v = float64(mantissa)
	if decimals > 0 {
		v /= powersOfTen[decimals]
	}
	if text[0] == '-' {
		v = -v
	}
	return v, i, nil
}

// parseDigits appends the digits that text begins with to mantissa.
func parseDigits(text []byte, mantissa uint64) (_ uint64, digits int) {
	for i, c := range text {
		if c-'0' > 9 {
			return mantissa, i
		}
		mantissa = mantissa*10 + uint64(c-'0')
	}
	return mantissa, len(text)
}

// parseSlowNumber is parseNumber for numbers that need more precision or have an exponent,
// which would begin at text[i].
func parseSlowNumber(text []byte, i int) (float64, int, error) {
	if i < len(text) && text[i]|0x20 == 'e' {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		_, digits := parseDigits(text[i:], 0)
		if digits == 0 {
			return 0, i, errNotNumber
		}
		i += digits
	}
	v, err := strconv.ParseFloat(string(text[:i]), 64)
	if err != nil {
		return 0, i, errTooLarge
	}
	return v, i, nil
}

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string that every agent can read: control characters are
// escaped, bytes that are not UTF-8 become U+FFFD, and NUL is dropped, because strings of C
// agents would end there.
func AppendString(dst []byte, s string) []byte {
	return appendString(dst, s)
}

func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			// A slice of at most four bytes is cheap to convert.
			r, size = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscaped(dst, c)
		i += size
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendEscaped appends one byte that needs escaping in a JSON string.
func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case 0:
		return dst
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	case '\r':
		return append(dst, '\\', 'r')
	}
	if c < ' ' {
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, "\uFFFD"...)
}

// cleanString converts the text of a JSON string, without what [AppendString] would drop, so
// that a received string and its encoding compare equal.
func cleanString(text []byte) string {
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	return string(text)
}
