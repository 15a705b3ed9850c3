package await

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"
)

// hasty is a test that must have failed at a moment. It notes how it failed.
type hasty struct {
	testing.TB
	at    time.Time
	fatal string
}

func (h *hasty) Deadline() (time.Time, bool) { return h.at, !h.at.IsZero() }

func (h *hasty) Fatalf(format string, args ...any) {
	h.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failing returns how f fails.
func failing(t *testing.T, at time.Time, f func(t testing.TB)) string {
	h, done := &hasty{TB: t, at: at}, make(chan struct{})
	go func() {
		defer close(done)
		f(h)
	}()
	<-done
	return h.fatal
}

func TestWhatNeverHappensFailsBeforeTheTimeout(t *testing.T) {
	soon := time.Now().Add(grace)
	for want, f := range map[string]func(t testing.TB){
		"still waiting for a word":          func(t testing.TB) { Next(t, make(chan int), "a word") },
		"still waiting until there is rain": func(t testing.TB) { Until(t, "there is rain", func() bool { return false }) },
	} {
		if got := failing(t, soon, f); got != want {
			t.Errorf("it fails with %q, want %q", got, want)
		}
	}
	ctx := Context(&hasty{TB: t, at: soon})
	if <-ctx.Done(); !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("the context ends with %v", ctx.Err())
	}
}

func TestWhatHappensIsWaitedFor(t *testing.T) {
	for name, at := range map[string]time.Time{"a timeout": time.Now().Add(time.Hour), "no timeout": {}} {
		t.Run(name, func(t *testing.T) {
			got := failing(t, at, func(t testing.TB) {
				said := make(chan int)
				go func() { said <- 7 }()
				if n := Next(t, said, "a word"); n != 7 {
					t.Errorf("got %d", n)
				}
				close(said)
				if n := Next(t, said, "the end"); n != 0 {
					t.Errorf("got %d from a closed channel", n)
				}
				asked := 0
				Until(t, "asked three times", func() bool { asked++; return asked == 3 })
				if asked != 3 || Context(t).Err() != nil {
					t.Errorf("asked %d times, %v", asked, Context(t).Err())
				}
			})
			if got != "" {
				t.Error(got)
			}
		})
	}
}
