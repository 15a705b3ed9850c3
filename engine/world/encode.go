package world

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/loci-place/loci/netcode"
)

// Component is an encoded component, with sorted keys and without nulls. Encoding a large one
// takes time, and can be done on any goroutine.
type Component struct {
	value map[string]any
	raw   []byte
	keys  int
}

// Encode encodes a component: an object, or an empty list, which stands for an empty object
// (netcode/PROTOCOL.md, "Agents and entities"). Nulls are dropped, as a merge patch cannot
// carry them.
func Encode(name string, v any) (Component, error) {
	switch v := v.(type) {
	case Component:
		return v, nil
	case map[string]any:
		c := Component{value: v}
		c.raw = c.appendObject(nil, v, 1)
		return c, nil
	case []any:
		if len(v) == 0 {
			return Component{raw: []byte("{}")}, nil
		}
	}
	return Component{}, fmt.Errorf("world: component %.100q must be an object", name)
}

// Value returns the value that was encoded.
func (c Component) Value() map[string]any { return c.value }

// Size returns the number of encoded bytes.
func (c Component) Size() int { return len(c.raw) }

// Keys returns the number of keys in all its objects, except those inside lists.
func (c Component) Keys() int { return c.keys }

func (c *Component) appendObject(dst []byte, m map[string]any, depth int) []byte {
	var few [16]string // most objects' keys fit here, on the stack
	names := few[:0]
	for name, v := range m {
		if v != nil {
			names = append(names, name)
		}
	}
	if depth > netcode.MaxDepth {
		return append(dst, "{}"...) // it may contain itself
	}
	slices.Sort(names)
	if slices.ContainsFunc(names, unclean) {
		return c.appendObject(dst, cleanNames(m, names), depth)
	}
	c.keys += len(names)
	dst = append(dst, '{')
	for _, name := range names {
		dst = appendName(dst, name)
		switch v := m[name].(type) {
		case map[string]any:
			dst = c.appendObject(dst, v, depth+1)
		default:
			dst = appendLeaf(dst, v)
		}
		dst = append(dst, ',')
	}
	return CloseObject(dst)
}

// appendLeaf appends a value that is no object, compactly.
func appendLeaf(dst []byte, v any) []byte {
	start := len(dst)
	dst = netcode.AppendValue(dst, v)
	if _, ok := v.(json.RawMessage); ok || dst[start] == '{' {
		// A json.RawMessage may have spaces and keys in any order.
		if v, err := netcode.ParseValue(dst[start:]); err == nil {
			var c Component
			if m, ok := v.(map[string]any); ok {
				return c.appendObject(dst[:start], m, 1)
			}
			return netcode.AppendValue(dst[:start], v)
		}
	}
	return dst
}

// unclean reports whether encoding would change a name.
func unclean(name string) bool {
	return strings.IndexByte(name, 0) >= 0 || !utf8.ValidString(name)
}

// cleanNames returns m with names as they are encoded. Of several that become the same, the
// last one in order wins.
func cleanNames(m map[string]any, names []string) map[string]any {
	clean := make(map[string]any, len(m))
	for _, name := range names {
		v := m[name]
		name = strings.ReplaceAll(strings.ToValidUTF8(name, "\uFFFD"), "\x00", "")
		clean[name] = v
	}
	return clean
}

// member is one name and value of an encoded object.
type member struct {
	name  []byte
	value []byte
}

// walk calls f for each member of an encoded object or list; those of a list have no name.
func walk(raw []byte, f func(member)) {
	object := raw[0] == '{'
	for i := 1; raw[i] != '}' && raw[i] != ']'; {
		var m member
		if object {
			end := stringEnd(raw, i)
			m.name = unquote(raw[i:end])
			i = end + 1
		}
		end := valueEnd(raw, i)
		m.value = raw[i:end:end]
		f(m)
		if i = end; raw[i] == ',' {
			i++
		}
	}
}

// stringEnd returns the end of the string that begins at i.
func stringEnd(raw []byte, i int) int {
	for {
		i += 1 + bytes.IndexByte(raw[i+1:], '"')
		back := i
		for raw[back-1] == '\\' {
			back--
		}
		if (i-back)%2 == 0 {
			return i + 1
		}
	}
}

// valueEnd returns the end of the value that begins at i.
func valueEnd(raw []byte, i int) int {
	depth := 0
	for {
		switch raw[i] {
		case '"':
			if i = stringEnd(raw, i); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
}

func unquote(quoted []byte) []byte {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	var name string
	if err := json.Unmarshal(quoted, &name); err != nil {
		panic(fmt.Sprintf("world: stored name %s: %v", quoted, err)) // our own encoding
	}
	return []byte(name)
}
