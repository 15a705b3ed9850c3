package acl

import (
	"bytes"
	"encoding/json"
)

// shownLength is how much of a value is shown, in bytes.
const shownLength = 200

// shown gives a value as JSON, cut off where it is long.
func shown(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return kindOf(v).String()
	}
	text := bytes.TrimSpace(b.Bytes())
	if len(text) > shownLength {
		return string(bytes.ToValidUTF8(text[:shownLength], nil)) + "…"
	}
	return string(text)
}
