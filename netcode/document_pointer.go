package netcode

import (
	"fmt"
	"strconv"
	"strings"
)

// find returns the value at path.
func find(value any, path []string) (any, error) {
	for _, key := range path {
		switch container := value.(type) {
		case map[string]any:
			below, ok := container[key]
			if !ok {
				return nil, missing(key)
			}
			value = below
		case []any:
			i, err := arrayIndex(key, len(container)-1)
			if err != nil {
				return nil, err
			}
			value = container[i]
		default:
			return nil, missing(key)
		}
	}
	return value, nil
}

func missing(key string) error { return fmt.Errorf("there is no %.100q", key) }

// arrayIndex parses an index from 0 to last, without sign or leading zeros
// (RFC 6901 section 4).
func arrayIndex(text string, last int) (int, error) {
	i, err := strconv.Atoi(text)
	if err != nil || i < 0 || i > last || strconv.Itoa(i) != text {
		return 0, fmt.Errorf("index %.100q is not within 0 to %d", text, last)
	}
	return i, nil
}

var pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")

// pointerField splits a JSON Pointer (RFC 6901) into its keys.
func pointerField(fields map[string]any, name string) ([]string, error) {
	text, ok := fields[name].(string)
	if !ok {
		return nil, fmt.Errorf("%s is not text", name)
	}
	if text == "" {
		return nil, nil
	}
	keys := strings.Split(text, "/")
	if keys[0] != "" {
		return nil, fmt.Errorf("%s %.100q does not begin with a slash", name, text)
	}
	if len(keys) > MaxDepth {
		return nil, fmt.Errorf("%s is deeper than %d", name, MaxDepth)
	}
	for i, key := range keys[1:] {
		keys[i+1] = pointerUnescape.Replace(key)
	}
	return keys[1:], nil
}
