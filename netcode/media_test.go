package netcode

import (
	"bytes"
	"testing"
)

func TestMediaFramesLayOut(t *testing.T) {
	for _, c := range []struct {
		name    string
		data    string
		trailer bool
		track   uint32
		payload string
	}{
		{"split", "\x00\x00\x01\x02opus", false, 258, "opus"},
		{"published", "\xff\x00\x00\x01opus\n", true, 0xff000001, "opus"},
		{"any byte as a trailer", "\x00\x00\x00\x01opus\x00", true, 1, "opus"},
		{"empty", "\x00\x00\x00\x01", false, 1, ""},
		{"empty, with a trailer", "\x00\x00\x00\x01\n", true, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := ParseMedia([]byte(c.data), c.trailer)
			if err != nil || f.Track != c.track || string(f.Payload) != c.payload {
				t.Errorf("got %+v, %v", f, err)
			}
			want := c.data
			if c.trailer {
				want = want[:len(want)-1] + "\n"
			}
			if got := string(f.Append(nil, c.trailer)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestShortMediaFramesAreRejected(t *testing.T) {
	_, err := ParseMedia([]byte("abc"), false)
	wantError(t, err, "media: 3 bytes, want at least 4")
	_, err = ParseMedia([]byte("abcd"), true)
	wantError(t, err, "media: 4 bytes, want at least 5")
	_, err = ParseMedia(nil, false)
	wantError(t, err, "media: 0 bytes, want at least 4")
}

func TestAppendingToPayloadLeavesThePacketAlone(t *testing.T) {
	data := []byte("\x00\x00\x00\x01opus\n")
	f, err := ParseMedia(data, true)
	if err != nil {
		t.Fatal(err)
	}
	if _ = append(f.Payload, 'X'); data[8] != '\n' {
		t.Errorf("the packet is now %q", data)
	}
}

func FuzzMedia(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x02opus\n"), true)
	f.Add([]byte("\x00\x00\x01\x02"), false)
	f.Fuzz(func(t *testing.T, data []byte, trailer bool) {
		frame, err := ParseMedia(data, trailer)
		if err != nil {
			return
		}
		again, err := ParseMedia(frame.Append(nil, !trailer), !trailer)
		if err != nil || again.Track != frame.Track || !bytes.Equal(again.Payload, frame.Payload) {
			t.Errorf("%+v becomes %+v, %v", frame, again, err)
		}
	})
}
