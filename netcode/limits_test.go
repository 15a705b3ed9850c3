package netcode

import (
	"bytes"
	"errors"
	"io"
	"runtime/debug"
	"strings"
	"testing"
)

// parsers is every function that reads bytes from the network.
var parsers = map[string]func([]byte) error{
	"value":       func(data []byte) error { _, err := ParseValue(data); return err },
	"intent":      func(data []byte) error { return new(IntentMessage).Parse(data) },
	"interaction": func(data []byte) error { _, err := ParseInteraction(data); return err },
	"announce":    func(data []byte) error { _, err := ParseAnnounce(data); return err },
	"state":       func(data []byte) error { _, err := ParseState(data); return err },
	"clock":       func(data []byte) error { _, err := AppendClockReply(nil, data, 1); return err },
	"clock reply": func(data []byte) error { _, err := ParseClockReply(data); return err },
	"asset":       func(data []byte) error { _, err := ParseAsset(data); return err },

	"compact state":  func(data []byte) error { _, err := ParseCompactState(data); return err },
	"compact intent": func(data []byte) error { return new(CompactIntentMessage).Parse(data) },
}

// wantPrefixesRejected checks that no truncation of a message parses.
func wantPrefixesRejected(t *testing.T, parser string, message []byte) {
	t.Helper()
	parse := parsers[parser]
	if err := parse(message); err != nil {
		t.Fatalf("%s is not valid: %v", message, err)
	}
	if !strings.HasPrefix(parser, "compact") {
		message = bytes.TrimSpace(message)
	}
	for n := range message {
		if err := parse(message[:n:n]); err == nil {
			t.Errorf("the first %d bytes parse: %s", n, message[:n])
		}
	}
}

// wantError checks that err says exactly want.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want: %s", want)
	}
	if err.Error() != want {
		t.Errorf("\n got: %s\nwant: %s", err, want)
	}
}

// TestDepthBombsAreRejectedWithoutRecursion would kill the process, for want of
// stack, if a parser went down even a hundredth of the way.
func TestDepthBombsAreRejectedWithoutRecursion(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(256 << 10))
	for name, bomb := range map[string]string{
		"lists":              "[",
		"objects":            `{"a":`,
		"matrices":           `{"intent":{"poses":{"head":{"matrix":[[`,
		"skeletons":          `{"intent":{"poses":{"hand/left":{"skeleton":[`,
		"unknown fields":     `{"x":[`,
		"bodies":             `["interaction","request","","place","1",[`,
		"announced avatars":  `["announce","spawn_avatar",{"a":`,
		"entities":           `{"patch_style":"set","entities":{"a":`,
		"patches":            `{"patch_style":"apply","patches":[`,
		"clocks":             `{"client_time":1,"x":[`,
		"envelopes":          `{"cmd":"interact","interact":{"cmd":[`,
		"text in envelopes":  `{"cmd":"interact","interact":{"cmd":"[`,
		"behind the message": `{"intents":{}} [`,
	} {
		t.Run(name, func(t *testing.T) {
			size := 1 << 20
			if name == "lists" {
				size = 20 << 20
			}
			last := bomb[strings.LastIndexAny(bomb, "[{"):]
			data := []byte(bomb + strings.Repeat(last, size/len(last)))
			for parser, parse := range parsers {
				if err := parse(data); err == nil {
					t.Errorf("the %s parser accepts it", parser)
				}
			}
		})
	}
}

func TestBracketsWithinStringsAreNotDepth(t *testing.T) {
	v, err := ParseValue([]byte(`["` + strings.Repeat(`[{\"[\\`, 100) + `"]`))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat(`[{"[\`, 100); v.([]any)[0] != want {
		t.Errorf("got %v", v)
	}
}

func TestDepthIsLimitedToMaxDepth(t *testing.T) {
	nested := func(depth int) []byte {
		return []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
	}
	for _, c := range []struct {
		parser, before, after string
	}{
		{"value", "", ""},
		{"interaction", `["interaction","oneway","","b","",`, `]`},
		{"interaction", `{"cmd":"interact","interact":{"to_entity":"b","cmd":"`, `"}}`},
		{"intent", `{"x":`, `,"intents":{}}`},
		{"clock", `{"client_time":1,"x":`, `}`},
		{"state", `{"patch_style":"set","entities":{},"revision":1,"x":`, `}`},
	} {
		for depth, ok := range map[int]bool{MaxDepth: true, MaxDepth + 1: false} {
			data := []byte(c.before + string(nested(depth)) + c.after)
			if err := parsers[c.parser](data); (err == nil) != ok {
				t.Errorf("%s parser, %d deep: %v", c.parser, depth, err)
			}
		}
	}
}

func TestTextThatIsNotUTF8IsRejected(t *testing.T) {
	for parser, message := range map[string]string{
		"value":       "[\"\xff\"]",
		"interaction": "[\"interaction\",\"oneway\",\"a\",\"b\",\"\",[\"\xc3\"]]",
		"announce":    "[\"announce\",\"version\",4,\"identity\",{\"display_name\":\"\x80\"}]",
		"state":       "{\"patch_style\":\"set\",\"entities\":{\"\xff\":1},\"revision\":1}",
		"clock":       "{\"client_time\":1,\"\xff\":1}",
	} {
		if err := parsers[parser]([]byte(message)); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
			t.Errorf("%s: %v", parser, err)
		}
	}
}

func TestTruncationIsToldApartFromOtherErrors(t *testing.T) {
	err := parsers["intent"]([]byte(`{"intent":{"poses":{"head":{"matrix":[1,`))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
