package engine

import (
	"fmt"
	"testing"
	"testing/synctest"
)

func TestCommandsWaitInTheirOrder(t *testing.T) {
	q := newCommandQueue()
	put, taken := 0, 0
	for round := range 500 { // some grow the queue, others empty it
		for range round % 7 * 50 {
			q.put(fmt.Append(nil, put))
			put++
		}
		for range round % 11 * 30 {
			data, more := q.take()
			if !more {
				t.Fatal("the queue is closed")
			}
			if data == nil {
				break
			}
			if want := fmt.Sprint(taken); string(data) != want {
				t.Fatalf("%s comes instead of %s", data, want)
			}
			taken++
		}
		if waiting := put - taken; cap(q.data) > max(4*waiting, 2*350, keptCommands) {
			t.Fatalf("memory for %d commands is kept while %d wait", cap(q.data), waiting)
		}
	}
	for range q.all() {
		taken++
	}
	if taken != put || len(q.data) != 0 {
		t.Errorf("%d of %d were taken, %d are kept", taken, put, len(q.data))
	}
}

func TestAnEndedQueueIsReadToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, read := newCommandQueue(), make(chan string)
		go func() {
			for {
				data, ok := q.next(nil)
				if !ok {
					close(read)
					return
				}
				read <- string(data)
			}
		}()
		synctest.Wait() // it waits
		q.put([]byte("a"))
		q.put([]byte("b"))
		q.close()
		if got := [...]string{<-read, <-read, <-read}; got != [...]string{"a", "b", ""} {
			t.Errorf("%q", got)
		}
	})
}
