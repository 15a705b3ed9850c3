package web

import (
	"bytes"
	"errors"
	"testing"
)

func TestMessages(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want message
		err  error
	}{
		"a packet":                {"\x02{}", message{channel: 2, payload: []byte("{}")}, nil},
		"an empty packet":         {"\x0f", message{channel: 15, payload: []byte{}}, nil},
		"a part":                  {"\x81[", message{channel: 1, part: true, payload: []byte("[")}, nil},
		"goodbye":                 {"\x7f\x00\x00\x03\xe9", message{goodbye: true, code: 1001}, nil},
		"nothing":                 {"", message{}, errEmpty},
		"a channel too high":      {"\x10x", message{}, errFirstByte},
		"a part too high":         {"\x90x", message{}, errFirstByte},
		"255":                     {"\xff\x00\x00\x03\xe9", message{}, errFirstByte},
		"goodbye without code":    {"\x7f\x00\x00\x03", message{}, errGoodbye},
		"goodbye with too much":   {"\x7f\x00\x00\x03\xe9\x00", message{}, errGoodbye},
		"what is between the two": {"\x7e", message{}, errFirstByte},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := parseMessage([]byte(c.data))
			if !errors.Is(err, c.err) || !same(m, c.want) {
				t.Fatalf("%+v, %v; want %+v, %v", m, err, c.want, c.err)
			}
			if err == nil && string(m.append(nil)) != c.data {
				t.Errorf("becomes %q again", m.append(nil))
			}
		})
	}
}

func same(a, b message) bool {
	payloads := bytes.Equal(a.payload, b.payload)
	a.payload, b.payload = nil, nil
	return payloads && a.goodbye == b.goodbye && a.code == b.code && a.channel == b.channel && a.part == b.part
}

func TestPartsOfChannelsMayMix(t *testing.T) {
	p := parts{packet: 100, total: 100}
	for i, step := range []struct{ data, want string }{
		{"\x81one ", ""},
		{"\x83three ", ""},
		{"\x02two", "two"},
		{"\x81and ", ""},
		{"\x03is whole", "three is whole"},
		{"\x01a half", "one and a half"},
		{"\x01", ""},
		{"\x81", ""},
		{"\x01last", "last"},
	} {
		m, err := parseMessage([]byte(step.data))
		if err != nil {
			t.Fatal(err)
		}
		packet, complete, err := p.add(m)
		if err != nil || string(packet) != step.want || complete == m.part {
			t.Errorf("step %d: %q, %v, %v; want %q", i, packet, complete, err, step.want)
		}
	}
	if p.held != 0 {
		t.Errorf("holds %d bytes of nothing", p.held)
	}
}

func TestPartsAreBounded(t *testing.T) {
	p := parts{packet: 10, total: 15}
	part := func(channel uint8, size int, more bool) error {
		_, _, err := p.add(message{channel: channel, part: more, payload: make([]byte, size)})
		return err
	}
	if err := part(1, 11, false); !errors.Is(err, errPacketTooLarge) {
		t.Errorf("a packet over the limit: %v", err)
	}
	if err := errors.Join(part(1, 10, true), part(2, 5, true)); err != nil {
		t.Errorf("as much as may wait: %v", err)
	}
	if err := part(1, 1, false); !errors.Is(err, errPacketTooLarge) {
		t.Errorf("a last part over the limit: %v", err)
	}
	if err := part(3, 1, true); !errors.Is(err, errPartsWait) {
		t.Errorf("more than may wait: %v", err)
	}
	if err := errors.Join(part(1, 0, false), part(3, 10, true)); err != nil {
		t.Errorf("after one has been completed: %v", err)
	}
}

// FuzzMessages feeds messages, each behind its length in one byte.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("\x03\x02{}\x02\x81[\x03\x83xy\x02\x01]\x05\x7f\x00\x00\x03\xe9"))
	f.Add([]byte("\x01\x81\x01\x01"))
	f.Add([]byte("\x00\x01\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := parts{packet: 200, total: 300}
		held := map[uint8]int{}
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			text := data[1 : 1+n]
			data = data[1+n:]
			m, err := parseMessage(text)
			if err != nil {
				continue
			}
			if again := m.append(nil); !bytes.Equal(again, text) {
				t.Fatalf("%q becomes %q", text, again)
			}
			if m.goodbye {
				continue
			}
			packet, complete, err := p.add(m)
			switch {
			case err != nil && (complete || packet != nil):
				t.Fatalf("%q fails and is complete", text)
			case err != nil:
			case m.part:
				held[m.channel] += len(m.payload)
			default:
				if !complete || len(packet) != held[m.channel]+len(m.payload) {
					t.Fatalf("a packet of %d bytes, complete %v, want %d", len(packet), complete, held[m.channel]+len(m.payload))
				}
				held[m.channel] = 0
			}
			total := 0
			for _, n := range held {
				total += n
			}
			if total != p.held || total > p.total {
				t.Fatalf("holds %d bytes, thinks %d, may %d", total, p.held, p.total)
			}
		}
	})
}
