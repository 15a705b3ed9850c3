package netcode

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStringsAreEscapedForCParsers(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "hand/left", `"hand/left"`},
		{"empty", "", `""`},
		{"quotes and backslashes", `a"b\c`, `"a\"b\\c"`},
		{"control characters", "\n\t\r\b\x01\x1f", `"\n\t\r\u0008\u0001\u001f"`},
		{"beyond ASCII", "é漢🙂\u2028\u007f", "\"é漢🙂\u2028\u007f\""},
		{"NUL is dropped", "a\x00b\x00", `"ab"`},
		{"not UTF-8", "a\xffb\xc3", "\"a\uFFFDb\uFFFD\""},
		{"surrogate half", "\xed\xa0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
		{"replacement character itself", "\uFFFD", "\"\uFFFD\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendString(nil, c.text)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("hand/left")
	f.Add("a\"\\\x00\n\xff\u2028🙂")
	f.Fuzz(func(t *testing.T, text string) {
		quoted := AppendString(nil, text)
		var got string
		if err := json.Unmarshal(quoted, &got); err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		var want strings.Builder
		for _, r := range text { // yields U+FFFD for each byte that is not UTF-8
			if r != 0 {
				want.WriteRune(r)
			}
		}
		if got != want.String() || !utf8.Valid(quoted) {
			t.Errorf("%q comes back as %q", text, got)
		}
	})
}
