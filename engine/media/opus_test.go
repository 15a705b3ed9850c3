package media

import (
	"bytes"
	"testing"
	"time"
)

func TestOpusPacketsAreToldFromOthers(t *testing.T) {
	frames := func(head []byte, bytesOfFrames int) []byte { return append(head, make([]byte, bytesOfFrames)...) }
	const one, two, twoSized, counted = 0, 1, 2, 3
	const silk60, hybrid20, celt2 = 3 << 3, 13 << 3, 16 << 3
	for name, c := range map[string]struct {
		packet []byte
		want   bool
	}{
		"nothing":                    {nil, false},
		"no frame":                   {[]byte{one}, true}, // says that one was lost
		"one frame":                  {frames([]byte{one}, 1275), true},
		"one too long":               {frames([]byte{one}, 1276), false},
		"two alike":                  {frames([]byte{two}, 2*1275), true},
		"two alike, an odd byte":     {frames([]byte{two}, 3), false},
		"two alike too long":         {frames([]byte{two}, 2*1276), false},
		"two":                        {frames([]byte{twoSized, 3}, 10), true},
		"two, the first of all":      {frames([]byte{twoSized, 10}, 10), true},
		"two, the first of more":     {frames([]byte{twoSized, 11}, 10), false},
		"two without a size":         {[]byte{twoSized}, false},
		"two, half a size":           {[]byte{twoSized, 252}, false},
		"two, a size of two bytes":   {frames([]byte{twoSized, 253, 1}, 257), true},
		"two, that size of more":     {frames([]byte{twoSized, 253, 1}, 256), false},
		"two, the last too long":     {frames([]byte{twoSized, 1}, 1277), false},
		"counted without a count":    {[]byte{counted}, false},
		"none":                       {[]byte{counted, 0}, false},
		"120 ms of 60":               {frames([]byte{counted | silk60, 2}, 4), true},
		"180 ms of 60":               {frames([]byte{counted | silk60, 3}, 6), false},
		"120 ms of 20":               {frames([]byte{counted | hybrid20, 6}, 12), true},
		"140 ms of 20":               {frames([]byte{counted | hybrid20, 7}, 14), false},
		"120 ms of 2.5":              {frames([]byte{counted | celt2, 48}, 48), true},
		"122 ms of 2.5":              {frames([]byte{counted | celt2, 49}, 49), false},
		"three alike, a byte more":   {frames([]byte{counted, 3}, 7), false},
		"three alike too long":       {frames([]byte{counted, 3}, 3*1276), false},
		"three sized":                {frames([]byte{counted, 128 | 3, 2, 3}, 6), true},
		"three sized of more":        {frames([]byte{counted, 128 | 3, 2, 3}, 4), false},
		"padded":                     {frames([]byte{counted, 64 | 2, 3}, 2+3), true},
		"padded, an odd byte":        {frames([]byte{counted, 64 | 2, 3}, 3+3), false},
		"nothing but padding":        {frames([]byte{counted, 64 | 1, 3}, 3), true},
		"padded by more":             {frames([]byte{counted, 64 | 1, 4}, 3), false},
		"padded by a lot":            {frames([]byte{counted, 64 | 1, 255, 1}, 255+7), true},
		"padded by more than a lot":  {frames([]byte{counted, 64 | 1, 255, 8}, 255+6), false},
		"padded without saying so":   {[]byte{counted, 64 | 1}, false},
		"padded, cut off":            {[]byte{counted, 64 | 1, 255}, false},
		"text":                       {[]byte("garbage"), false},
		"two sized, none of them is": {[]byte{counted, 128 | 2, 0}, true},
	} {
		if got := ValidOpus(c.packet); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// The lengths of frames, from RFC 6716, table 2.
func TestOpusFramesLastAsLongAsTheirConfigurationSays(t *testing.T) {
	for config, want := range map[byte]float64{0: 10, 3: 60, 6: 40, 11: 60, 12: 10, 15: 20, 16: 2.5, 17: 5, 30: 10, 31: 20} {
		if got := opusFrame(config); got != time.Duration(want*float64(time.Millisecond)) {
			t.Errorf("configuration %d: %v, want %v ms", config, got, want)
		}
	}
}

func FuzzValidOpus(f *testing.F) {
	f.Add([]byte{3, 64 | 128 | 2, 255, 1, 252, 1})
	f.Add(bytes.Repeat([]byte{255}, 20))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if ValidOpus(packet) && len(packet) > 2+48*(2+opusMostFrame) && packet[1]&64 == 0 {
			t.Errorf("%d bytes without padding", len(packet))
		}
	})
}
