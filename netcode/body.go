package netcode

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
)

// EncodeBody writes a body whose items may be anything that [encoding/json] can write.
// What cannot be written is an error: what [AppendValue] does not know it makes null.
func EncodeBody(body []any) ([]byte, error) {
	items, plain := make([]any, len(body)), true
	for i, v := range body {
		if written(v, 2) {
			items[i] = v
			continue
		}
		data, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("item %d of the body: %w", i+1, err)
		}
		items[i], plain = json.RawMessage(data), false
	}
	data := AppendValue(nil, items)
	if plain {
		return data, nil
	}
	if _, err := ParseValue(data); err != nil { // nested too deep
		return nil, fmt.Errorf("the body: %w", err)
	}
	return data, nil
}

// PlainObject returns an object as a place would have sent it.
func PlainObject(object map[string]any) (map[string]any, error) {
	if written(object, 1) {
		return maps.Clone(object), nil
	}
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	v, err := ParseValue(data)
	if err != nil {
		return nil, err
	}
	plain, _ := v.(map[string]any)
	return plain, nil
}

// written reports whether AppendValue writes a value as it is.
func written(v any, depth int) bool {
	switch v := v.(type) {
	case nil, bool, string, int, int64, uint64, []string, map[string]string:
		return depth <= MaxDepth
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case []any:
		for _, item := range v {
			if !written(item, depth+1) {
				return false
			}
		}
		return depth <= MaxDepth
	case map[string]any:
		for _, item := range v {
			if !written(item, depth+1) {
				return false
			}
		}
		return depth <= MaxDepth
	}
	return false
}
