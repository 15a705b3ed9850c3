package netcode

import (
	"math"
	"testing"
)

func TestClockRepliesKeepWhatWasAsked(t *testing.T) {
	for _, c := range []struct{ name, request, want string }{
		{"as C clients ask", "{\n\t\"client_time\":\t497.713\n}", `{"client_time":497.713,"server_time":12.5}`},
		{"in the other spelling", `{"client_clock":1e3}`, `{"client_clock":1e3,"server_clock":12.5}`},
		{"in both", `{"client_clock":1,"client_time":2}`, `{"client_clock":1,"client_time":2,"server_time":12.5,"server_clock":12.5}`},
		{"more fields", `{"a":[1, {}],"client_time":2.50,"b\n":null}`, `{"a":[1, {}],"client_time":2.50,"b\n":null,"server_time":12.5}`},
		{"a server's time already in it", `{"server_time":1,"client_time":2,"server_clock":3}`, `{"client_time":2,"server_time":12.5}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AppendClockReply([]byte("x"), []byte(c.request), 12.5)
			if err != nil || string(got) != "x"+c.want+"\n" {
				t.Errorf("got %s, %v", got, err)
			}
			wantPrefixesRejected(t, "clock", []byte(c.request))
		})
	}
}

func TestClockExchange(t *testing.T) {
	asked := 1234567.000123456
	reply, err := AppendClockReply(nil, AppendClockRequest(nil, asked), 0.1+0.2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseClockReply(reply)
	if want := (Clock{Client: asked, Server: 0.1 + 0.2}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	wantPrefixesRejected(t, "clock reply", reply)
	wantPrefixesRejected(t, "clock reply", []byte(`{"client_clock":1,"server_clock":2.5}`))
}

func TestMalformedClocksSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ parser, data, want string }{
		{"clock", `{}`, "clock: neither client_time nor client_clock"},
		{"clock", `7`, "clock: a number, want an object"},
		{"clock", `{"client_time":"now"}`, "clock: client_time: a string, want a number"},
		{"clock", `{"client_clock":null}`, "clock: client_clock: null, want a number"},
		{"clock", `{"client_time":1e999}`, "clock: client_time: a number too large to hold"},
		{"clock", `{"client_time":1}1`, "clock: something follows the end of the message"},
		{"clock reply", `{"client_time":1}`, "clock: neither server_time nor server_clock"},
		{"clock reply", `{"server_time":1}`, "clock: neither client_time nor client_clock"},
		{"clock reply", `{"server_time":{}}`, "clock: server_time: an object, want a number"},
	} {
		wantError(t, parsers[c.parser]([]byte(c.data)), c.want)
	}
}

func TestRefusedClockRequestAppendsNothing(t *testing.T) {
	if dst, err := AppendClockReply([]byte("x"), []byte(`{"client_time":1,`), 1); err == nil || string(dst) != "x" {
		t.Errorf("got %s, %v", dst, err)
	}
	for _, serverTime := range []float64{math.NaN(), math.Inf(1)} {
		if dst, err := AppendClockReply([]byte("x"), []byte(`{"client_time":1}`), serverTime); err == nil || string(dst) != "x" {
			t.Errorf("got %s, %v", dst, err)
		}
	}
}

func TestClockRepliesDoNotAllocate(t *testing.T) {
	dst, request := make([]byte, 0, 256), []byte("{\n\t\"client_time\":\t497.713\n}")
	if n := testing.AllocsPerRun(20, func() {
		if _, err := AppendClockReply(dst, request, 1.5); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzClock(f *testing.F) {
	f.Add([]byte(`{"client_time":1.5,"a\u0000":[{}]}`), 12.5)
	f.Add([]byte(`{"client_clock":1,"server_time":"x"}`), -1e300)
	f.Fuzz(func(t *testing.T, request []byte, serverTime float64) {
		reply, err := AppendClockReply(nil, request, serverTime)
		if err != nil {
			return
		}
		if got, err := ParseClockReply(reply); err != nil || got.Server != serverTime {
			t.Errorf("%s: %+v, %v", reply, got, err)
		}
		again, err := AppendClockReply(nil, reply, serverTime)
		if err != nil || string(again) != string(reply) {
			t.Errorf("%s becomes %s, %v", reply, again, err)
		}
	})
}
