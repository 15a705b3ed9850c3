package engine

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/loci-place/loci/internal/goroutine"
)

// turnLock is the lock of a place's turn. It knows the goroutine that holds it, so that the
// two mistakes that are easily made with a turn are a panic that names them, where they
// would be a wait for ever and a data race: to wait for the turn on the turn, and to use a
// [Turn] without having it.
type turnLock struct {
	mu     sync.Mutex
	holder atomic.Uintptr // a goroutine.ID; 0 while nobody has it
}

// lock waits for the turn. What for is the method of the API that does, for the panic of
// a goroutine that has it.
func (l *turnLock) lock(what string) {
	l.leave(what)
	l.mu.Lock()
	l.holder.Store(uintptr(goroutine.Current()))
}

func (l *turnLock) unlock() {
	l.holder.Store(0)
	l.mu.Unlock()
}

// held reports whether the calling goroutine has the turn.
func (l *turnLock) held() bool { return l.holder.Load() == uintptr(goroutine.Current()) }

// leave panics on the turn: what is not to be called there waits for what cannot happen
// before the turn is over.
func (l *turnLock) leave(what string) {
	if l.held() {
		panic(fmt.Sprintf("engine: %s was called on the place's turn, whose end it would wait for:"+
			" use the *engine.Turn that is at hand there, or call it in a goroutine of its own", what))
	}
}

// on returns the place of a turn, and panics where the calling goroutine has not the turn.
func (t *Turn) on() *Place {
	if !t.place.turn.held() {
		misused(t)
	}
	return t.place
}

// misused panics with the name of the method that was called. In a place that is driven
// nothing happens between two calls of its [Driver], so a Turn is good there too.
func misused(t *Turn) {
	state := "nobody has its place's turn now"
	switch {
	case t.place.turn.holder.Load() != 0:
		state = "another goroutine has its place's turn now"
	case t.place.intake.driven:
		return
	}
	panic(fmt.Sprintf("engine: %s was called outside of the call that it was handed to, or in another goroutine (%s):"+
		" a Turn is good until the function it was handed to returns; get one of your own with Place.Do", exported(), state))
}

// exported returns the name of the first exported method on the stack, such as
// "Turn.Spawn".
func exported() string {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		f, more := frames.Next()
		name := f.Function[strings.LastIndexByte(f.Function, '/')+1:] // engine.(*Turn).Spawn
		name = strings.NewReplacer("(*", "", ")", "").Replace(name)   // engine.Turn.Spawn
		_, name, _ = strings.Cut(name, ".")                           // Turn.Spawn
		if _, method, ok := strings.Cut(name, "."); ok && method[0] <= 'Z' {
			return name
		}
		if !more {
			return "a method of Turn"
		}
	}
}
