package assets

import (
	"log/slog"
	"runtime/debug"
	"sync"
)

// worker runs what it is handed, one after the other, on a goroutine of its own.
// Nobody waits for it: who hands it much bounds how much that is.
type worker struct {
	log    *slog.Logger
	signal chan struct{} // full when there is something to do
	done   chan struct{} // closed when its goroutine has ended

	mu      sync.Mutex
	tasks   []func()
	started bool
	closed  bool
}

func newWorker(log *slog.Logger) *worker {
	return &worker{log: log, signal: make(chan struct{}, 1), done: make(chan struct{})}
}

// do has f run, unless the worker is closed.
func (w *worker) do(f func()) {
	w.mu.Lock()
	if !w.closed {
		w.tasks = append(w.tasks, f)
	}
	w.mu.Unlock()
	w.wake()
}

func (w *worker) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

func (w *worker) start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.started {
		return
	}
	w.started = true
	go w.run()
}

// close drops what waits, and waits for what runs.
func (w *worker) close() {
	w.mu.Lock()
	w.closed = true
	w.tasks = nil
	started := w.started
	w.mu.Unlock()
	w.wake()
	if started {
		<-w.done
	}
}

func (w *worker) run() {
	defer close(w.done)
	var batch []func()
	for range w.signal {
		w.mu.Lock()
		batch = append(batch[:0], w.tasks...)
		clear(w.tasks)
		w.tasks = w.tasks[:0]
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return
		}
		for i, f := range batch {
			w.safely(f)
			batch[i] = nil
		}
	}
}

// safely keeps a bug that one frame sets off from ending the place.
func (w *worker) safely(f func()) {
	defer func() {
		if r := recover(); r != nil {
			w.log.Error("bug in the place: assets failed", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	f()
}
