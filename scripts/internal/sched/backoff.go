package sched

import (
	"fmt"
	"maps"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// backoffs are the handlers that rest because they were cut off: each for one that
// caused it, the place itself or an agent, and twice as long each time until it comes to
// its end. Nobody else is kept from having it run. Guards do not rest: what they were
// asked about is denied, and the next is asked about again.
type backoffs struct {
	most time.Duration
	by   map[backoffKey]*backoff
}

type backoffKey struct {
	fn  *lua.FunctionProto
	who string // as in [Quota]
}

type backoff struct {
	what  string // the handler is there for
	times int    // it was cut off in a row
	since float64
	until float64
	why   string
}

// firstBackoff is how long a handler rests when it is cut off for the first time.
const firstBackoff = 100 * time.Millisecond

// rests is how long a handler still rests, in seconds.
func (b *backoffs) rests(h *Handler, who string, now float64) float64 {
	if len(b.by) == 0 {
		return 0
	}
	if rest := b.by[backoffKey{h.Fn.Proto, who}]; rest != nil {
		return max(0, rest.until-now)
	}
	return 0
}

// cutOff has a handler rest.
func (b *backoffs) cutOff(h *Handler, who, why string, now float64) *backoff {
	if b.by == nil {
		b.by = map[backoffKey]*backoff{}
	}
	key := backoffKey{h.Fn.Proto, who}
	rest := b.by[key]
	if rest == nil {
		rest = &backoff{what: h.What, since: now}
		b.by[key] = rest
	}
	rest.times++
	rest.why = why
	rest.until = now + min(firstBackoff<<min(rest.times-1, 20), b.most).Seconds()
	return rest
}

// finished notes that a handler came to its end.
func (b *backoffs) finished(h *Handler, who string) {
	if len(b.by) > 0 {
		delete(b.by, backoffKey{h.Fn.Proto, who})
	}
}

// forget drops those that nobody has tried again for as long as the longest rest.
func (b *backoffs) forget(now float64) {
	maps.DeleteFunc(b.by, func(_ backoffKey, rest *backoff) bool { return now > rest.until+b.most.Seconds() })
}

// RestingError is what a call fails with that did not start because its handler rests.
type RestingError struct{ Seconds float64 }

func (e RestingError) Error() string {
	return fmt.Sprintf("the script takes too long at this; try again in %.1f s", max(e.Seconds, 0.1))
}
