package cputime

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

var sink int

func compute() {
	for i := range 100_000_000 {
		sink += i
	}
}

func TestWaitingCostsNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processor time is not known here")
	}
	if waited := Of(func() { <-time.After(50 * time.Millisecond) }); waited > 25*time.Millisecond {
		t.Errorf("waiting took %v", waited)
	}
	if worked := Of(compute); worked < time.Millisecond {
		t.Errorf("working took %v", worked)
	}
}

func TestProcessIsMeasuredWithAllItsThreads(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processor time is not known here")
	}
	before, err := Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	worked := Of(compute)
	if after, err := Process(os.Getpid()); err != nil || after-before < worked {
		t.Errorf("%v of %v are counted: %v", after-before, worked, err)
	}
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	if used, err := Process(gone.Process.Pid); err == nil {
		t.Errorf("a process that has ended has used %v", used)
	}
}
