package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/scripts/internal/victims"
)

// usable is what must run after an attack, which may have taken the globals.
const usable = `local t = {1, 2, x = "y"} local function f(...) return ... end
	for i = 1, 100 do t[i] = f(i) .. t.x end return #t`

// allowed is how late an attack may make its call: twice the budget, and what
// a busy machine and the race detector take.
const allowed = DefaultCallTime + clockAfter + 40*time.Millisecond

// TestHostileScriptsHarmNobody runs each script in a process of its own.
func TestHostileScriptsHarmNobody(t *testing.T) {
	victims.Run(t, allowed, attack, func(t *testing.T, output string) {
		if strings.Contains(output, "broken: ") || !strings.Contains(output, "cut off") && !strings.Contains(output, "source refused") {
			t.Errorf("%.500s", output)
		}
	})
}

// attack runs a script again and again in one state, as an event's handler
// would be, and as a task, and reports the longest call.
func attack(script string) (longest time.Duration) {
	debug.SetMemoryLimit(512 << 20)
	source, err := os.ReadFile(script)
	if err != nil {
		panic(err)
	}
	s := New(Config{Print: func(line string) { fmt.Printf("print: %.100s\n", line) }})
	defer s.Close()
	runtime.LockOSThread()
	for i := range 4 {
		began := cputime.Thread()
		fn, err := s.Load(string(source), filepath.Base(script))
		switch {
		case errors.Is(err, ErrSource):
			fmt.Println("source refused")
		case err == nil && i < 3:
			_, err = s.Call(Budget{}, fn)
		case err == nil:
			task, _ := s.NewTask(fn)
			_, err = task.Resume(Budget{})
		}
		longest = max(longest, cputime.Thread()-began)
		if s.Broken() != nil {
			fmt.Println("broken:", s.Broken())
		}
		fmt.Printf("error: %.300v\n", err)
	}
	fn, err := s.Load(usable, "usable.lua")
	if err == nil {
		_, err = s.Call(Budget{Time: time.Second}, fn)
	}
	if err != nil {
		fmt.Println("broken: the next script fails:", err)
	}
	return longest
}
