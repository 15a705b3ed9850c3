package scripts

import (
	"strings"
	"testing"
	"time"
)

func TestLimitsOfScriptsAreSetByName(t *testing.T) {
	for name, c := range map[string]struct {
		limit, text string
		is          func(l *Limits) bool
		err         string
	}{
		"instructions":  {"call", "500000", func(l *Limits) bool { return l.Call == 500_000 }, ""},
		"many":          {"load", "9000000000", func(l *Limits) bool { return l.Load == 9_000_000_000 }, ""},
		"a time":        {"call-time", "200ms", func(l *Limits) bool { return l.CallTime == 200*time.Millisecond }, ""},
		"bytes":         {"state-bytes", "2MiB", func(l *Limits) bool { return l.StateBytes == 2<<20 }, ""},
		"large":         {"heap", "4GiB", func(l *Limits) bool { return l.Heap == 4<<30 }, ""},
		"below nothing": {"call", "-1", nil, "want a whole number greater than 0"},
		"too many":      {"heap", "9000000000000GiB", nil, `limit heap is "9000000000000GiB"`},
		"none":          {"speed", "1", nil, "there are call, call-time, heartbeat,"},
	} {
		t.Run(name, func(t *testing.T) {
			var l Limits
			err := l.Set(c.limit, c.text)
			switch {
			case c.err == "" && (err != nil || !c.is(&l)):
				t.Errorf("%v: %+v", err, l)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestNegativeLimitIsRefused(t *testing.T) {
	for field, limits := range map[string]Limits{
		"Call": {Call: -1}, "CallTime": {CallTime: -time.Second}, "Tasks": {Tasks: -1}, "Heap": {Heap: -1},
	} {
		if _, err := New(Config{Sources: files{}, Limits: limits}); err == nil || !strings.Contains(err.Error(), "scripts: Limits."+field+" is -1") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
