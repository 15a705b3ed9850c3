package apps

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// oneLine writes JSON so that it can go in a header: in printable ASCII, everything
// else escaped. It is valid JSON without newlines outside of texts, in which JSON has
// none.
func oneLine(data []byte) string {
	var b strings.Builder
	for _, r := range string(data) {
		switch {
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// reasonIn gives what a gateway said, with a colon before it: the "error" of a JSON
// object, as alloverse's own gateway answers, or else the text. "" if that is nothing.
func reasonIn(body []byte) string {
	said := string(body)
	var object struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &object) == nil && object.Error != "" {
		said = object.Error
	}
	if said = printable(said); said == "" {
		return ""
	}
	return ": " + said
}

// printable makes one line of what somebody else wrote, of at most maxReason bytes, that
// can be shown and sent to anybody.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}
