package sandbox

import (
	"errors"
	"testing"
)

func TestInsidesOfTheInterpreterAreKnown(t *testing.T) {
	if !knowsLoop {
		t.Error("gopher-lua's thread or frame is not what loop.go knows: contexts count, at a third more time")
	}
}

func TestContextsCountWhereTheLoopIsUnknown(t *testing.T) {
	defer func(known bool) { knowsLoop = known }(knowsLoop)
	knowsLoop = false
	for name, source := range map[string]string{
		"loop":      `while true do end`,
		"pcall":     `while true do pcall(function() while true do end end) end`,
		"coroutine": `coroutine.wrap(function() while true do end end)()`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(t, Config{})
			withWait(s)
			if _, err := s.Call(Budget{}, load(t, s, source)); !errors.Is(err, ErrCallBudget) {
				t.Errorf("call: %v", err)
			}
			task := newTask(t, s, "wait(1) "+source)
			if _, err := task.Resume(relaxed); err != nil {
				t.Fatal(err)
			}
			if _, err := task.Resume(Budget{}); !errors.Is(err, ErrCallBudget) {
				t.Errorf("task: %v", err)
			}
			if got := run(t, s, `local c = coroutine.wrap(function(a) return coroutine.yield(a) end) return c(1), c(2)`); got != "1 2" {
				t.Errorf("afterwards %q", got)
			}
		})
	}
}
