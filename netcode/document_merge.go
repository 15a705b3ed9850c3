package netcode

import "maps"

// mergeObject returns target as changed by an RFC 7386 merge patch: null
// removes a key, an object merges into an object, anything else replaces.
// Target and all below it stay as they are; patch is taken over.
func mergeObject(target, patch map[string]any) map[string]any {
	if len(patch) == 0 && target != nil {
		return target
	}
	merged := maps.Clone(target)
	if merged == nil {
		merged = make(map[string]any, len(patch))
	}
	for key, change := range patch {
		switch change := change.(type) {
		case nil:
			delete(merged, key)
		case map[string]any:
			below, _ := merged[key].(map[string]any)
			merged[key] = mergeObject(below, change)
		default:
			merged[key] = change
		}
	}
	return merged
}
