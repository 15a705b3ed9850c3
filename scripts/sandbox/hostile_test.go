package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// victim names the script that a child of the test runs; secret is what no
// script may print.
const (
	victim = "SANDBOX_TEST_VICTIM"
	secret = "SANDBOX_TEST_SECRET"
)

// usable is what must run after an attack, which may have taken the globals.
const usable = `local t = {1, 2, x = "y"} local function f(...) return ... end
	for i = 1, 100 do t[i] = f(i) .. t.x end return #t`

// allowed is how late an attack may make its call: twice the budget, and what
// a busy machine and the race detector take.
const allowed = 2*DefaultCallTime + 200*time.Millisecond

// TestHostileScriptsHarmNobody runs each script in a process of its own.
func TestHostileScriptsHarmNobody(t *testing.T) {
	if os.Getenv(victim) != "" {
		attack(os.Getenv(victim))
		return
	}
	scripts, err := filepath.Glob("testdata/hostile/*.lua")
	if err != nil || len(scripts) < 40 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".lua"), func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestHostileScriptsHarmNobody$")
			// The race detector waits a second at the end of a process otherwise.
			cmd.Env = append(os.Environ(), victim+"="+script, secret+"=password-1234", "GORACE=atexit_sleep_ms=0")
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Fatalf("the process died: %v\n%.2000s", err, &out)
			}
			text := out.String()
			if strings.Contains(text, "password-1234") || strings.Contains(text, "root:") {
				t.Errorf("told a secret: %.500s", text)
			}
			_, took, ok := strings.Cut(text, "longest call: ")
			took, _, _ = strings.Cut(took, "\n")
			ns, err := strconv.ParseInt(took, 10, 64)
			if !ok || err != nil {
				t.Fatalf("no report: %.2000s", text)
			}
			if d := time.Duration(ns); d > allowed {
				t.Errorf("a call took %v", d)
			}
			if strings.Contains(text, "broken: ") || !strings.Contains(text, "cut off") && !strings.Contains(text, "source refused") {
				t.Errorf("%.500s", text)
			}
		})
	}
}

// attack runs a script again and again in one state, as an event's handler
// would be, and as a task, and reports the longest call.
func attack(script string) {
	debug.SetMemoryLimit(512 << 20)
	source, err := os.ReadFile(script)
	if err != nil {
		fmt.Println(err)
		return
	}
	s := New(Config{Print: func(line string) { fmt.Printf("print: %.100s\n", line) }})
	defer s.Close()
	var longest time.Duration
	for i := range 4 {
		began := time.Now()
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
		longest = max(longest, time.Since(began))
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
	fmt.Printf("longest call: %d\n", longest)
}
