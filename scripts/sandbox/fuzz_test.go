package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/scripts/internal/bytecode"
)

// FuzzLoad loads and runs what anybody may have written. No source may break
// the state, nor use much of the processor: in the best of three attempts,
// because the caches are busy with fuzzing.
func FuzzLoad(f *testing.F) {
	scripts, err := filepath.Glob("testdata/hostile/*.lua")
	if err != nil {
		f.Fatal(err)
	}
	for _, script := range scripts {
		source, err := os.ReadFile(script)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source))
	}
	for _, seed := range []string{
		"", "x=1", "--[==[", "[=", "'\\", "x=[[a]]..\"b\\\n\"", "for i=1,2 do end", "local function f(...) return ... end",
		"a.b['c'], d = (f(1)), x..y..z", "goto a ::a::", "t[99999999]=1", "function a.b:c() end", "x=-#not-1", "\x00\xff",
		"repeat local x until x", "if a then elseif b then else end", "return {1,a=2,[3]=4;f()}", tableCode, recordCode, concatCode,
		"local a <const> = 1 // 2", "return 0x1p4, 1e309, .5, 3., 0xg", "local t = setmetatable({}, {__index = function(t, k) return k .. k end}) return t.a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 8<<10 {
			return
		}
		const most = 100 * time.Millisecond
		load, call := time.Hour, time.Hour
		for range 3 {
			l, c := loadAndRun(t, source)
			load, call = min(load, l), min(call, c)
			if load < most && call < most {
				return
			}
		}
		t.Errorf("loading took %v, the call %v", load, call)
	})
}

func loadAndRun(t *testing.T, source string) (load, call time.Duration) {
	s := New(Config{})
	defer s.Close()
	var fn *lua.LFunction
	var err error
	load = cputime.Of(func() { fn, err = s.Load(source, "fuzz.lua") })
	if (fn == nil) != (err != nil) || err != nil && strings.Contains(err.Error(), bytecode.Fault) {
		t.Errorf("function %v with error %v", fn, err)
	}
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.File == "" || e.Line < 1 {
			t.Errorf("%T: %v", err, err)
		}
		return load, 0
	}
	call = cputime.Of(func() { _, err = s.Call(Budget{Time: 2 * time.Millisecond}, fn) })
	if s.Broken() != nil {
		t.Errorf("broken: %v", err)
	}
	return load, call
}
