package sandbox

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

func TestCallOverItsMemoryIsCutOff(t *testing.T) {
	for name, source := range map[string]string{
		"table":       `local t = {} for i = 1, 1e9 do t[i] = {i} end`,
		"keys":        `local t = {} for i = 1, 1e9 do t["k" .. i] = i end`,
		"strings":     `local t, s = {}, ("x"):rep(1000) for i = 1, 1e9 do t[i] = s .. i end`,
		"long string": `local t = {} for i = 1, 1e9 do t[i] = ("x"):rep(2^20) end`,
		"coroutines":  `local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end`,
		"closures":    `local t = {} for i = 1, 1e9 do t[i] = function() return i end end`,
		"chain":       `local t while true do t = {t} end`,
		"pcall":       `local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = {i} end end) end`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			_, err := s.Call(Budget{Time: 20 * time.Second, Instructions: 1 << 40, Memory: 8 << 20}, load(t, s, source))
			var e *Error
			if !errors.Is(err, ErrMemory) || !errors.As(err, &e) || e.File != "test.lua" || e.Line != 1 {
				t.Errorf("%v", err)
			}
			if got := run(t, s, `return 1`); got != "1" || s.Broken() != nil {
				t.Errorf("afterwards %q, %v", got, s.Broken())
			}
		})
	}
}

func TestMemoryWithinTheBoundIsNoMatter(t *testing.T) {
	const source = `local t = {} for i = 1, 1e5 do t[i] = {i, i} end` // 20 MB
	for name, c := range map[string]struct {
		memory int64
		want   error
	}{
		"default": {0, nil}, "plenty": {256 << 20, nil}, "no bound": {-1, nil}, "little": {4 << 20, ErrMemory},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			_, err := s.Call(Budget{Instructions: 20_000_000, Time: 20 * time.Second, Memory: c.memory}, load(t, s, source))
			if !errors.Is(err, c.want) {
				t.Errorf("%v, wanted %v", err, c.want)
			}
		})
	}
}

func TestHeapShowsWhatScriptsKeep(t *testing.T) {
	const kept = 30 << 20 // of 32: the process frees some of its own
	s := newState(t, Config{})
	runtime.GC()
	bytes, live := HeapBytes(), HeapLive()
	run(t, s, `keep = {} for i = 1, 32 do keep[i] = ("x"):rep(2^20) end`)
	if grown := HeapBytes() - bytes; grown < kept {
		t.Errorf("HeapBytes grew by %d", grown)
	}
	runtime.GC()
	if grown := HeapLive() - live; grown < kept || grown > 2*kept {
		t.Errorf("HeapLive grew by %d", grown)
	}
	run(t, s, `keep = nil`)
	runtime.GC()
	if grown := HeapLive() - live; grown > kept/2 {
		t.Errorf("HeapLive is still %d more", grown)
	}
}

func BenchmarkHeapBytes(b *testing.B) {
	for b.Loop() {
		HeapBytes()
	}
}
