package engine

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

func TestAnnouncesTakeTheirTimeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmission(100*time.Millisecond, nil)
		var in atomic.Int64
		for range 100 {
			go func() {
				if a.enter(0.05, time.Now, nil) {
					in.Add(1)
				}
			}()
		}
		synctest.Wait()
		if n := in.Load(); n != 10 {
			t.Errorf("%d were let in at once, want five seconds' worth", n)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if n := in.Load(); n != 30 {
			t.Errorf("%d were let in after 10 s, want 30", n)
		}
		time.Sleep(time.Minute)
	})
}

func TestALargeAnnounceCostsMoreThanItTakes(t *testing.T) {
	a := newAdmission(100*time.Millisecond, nil)
	for takes, want := range map[float64]float64{0.001: 0.001, 0.003: 0.003, 0.03: 0.3, 10: 0.5} {
		if got := a.cost(takes); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v s cost %v, want %v", takes, got, want)
		}
	}
}

func TestASmallAnnounceDoesNotWaitForLargeOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAdmission(100*time.Millisecond, nil)
		for range 200 {
			go a.enter(0.05, time.Now, nil)
		}
		time.Sleep(time.Second)
		at := time.Now()
		a.enter(0.0001, time.Now, nil)
		if took := time.Since(at); took > 10*time.Millisecond {
			t.Errorf("it waited %v", took)
		}
		at = time.Now()
		a.enter(0.01, time.Now, nil)
		if took := time.Since(at); took > 3*time.Second {
			t.Errorf("a middling one waited %v", took)
		}
		time.Sleep(5 * time.Minute)
	})
}

func TestAnAnnounceWaitsNoLongerThanItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closing := make(chan struct{})
		a := newAdmission(time.Millisecond, closing)
		a.enter(0.005, time.Now, nil)
		gone := make(chan struct{})
		left, closed := make(chan bool, 1), make(chan bool, 1)
		go func() { left <- a.enter(1, time.Now, gone) }()
		synctest.Wait()
		go func() { closed <- a.enter(2, time.Now, nil) }()
		synctest.Wait()
		close(gone)
		if <-left {
			t.Error("let in without a connection")
		}
		close(closing)
		if <-closed {
			t.Error("let in when the place closes")
		}
		if len(a.waiting) != 0 {
			t.Error("somebody still waits")
		}
	})
}

func TestAStormOfAnnouncesKeepsNobodyOut(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		bystander := r.join(4, `{}`)
		large := `{"children":[{}` + strings.Repeat(`,{}`, 999) + `]}`
		stop := make(chan struct{})
		var joined atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for !closed(stop) {
					p := r.dial()
					p.send(netcode.CommandChannel, true, asked("ann", announce(4, large)))
					answers := p.take(netcode.CommandChannel)
					for ; len(answers) == 0 && !closed(stop); answers = p.take(netcode.CommandChannel) {
						time.Sleep(5 * time.Millisecond)
					}
					if len(answers) > 0 && !strings.Contains(answers[0], `"error"`) {
						joined.Add(1)
					}
					p.close()
				}
			})
		}
		time.Sleep(5 * time.Second)
		joined.Store(0)
		began := time.Now()
		most := 0
		for range 20 {
			time.Sleep(500 * time.Millisecond)
			at := time.Now()
			newcomer := r.dial()
			newcomer.send(netcode.CommandChannel, true, asked("ann", announce(4, `{"children":[{},{}]}`)))
			for len(newcomer.interactions()) == 0 {
				time.Sleep(time.Millisecond)
			}
			if took := time.Since(at); took > 50*time.Millisecond {
				t.Errorf("a newcomer waited %v", took)
			}
			newcomer.close()
			bystander.command(asked(bystander.newID(), `["poke"]`))
			if got := bystander.interactions(); len(got) != 1 {
				t.Errorf("%d answers", len(got))
			}
			most = max(most, len(r.entities()))
		}
		close(stop)
		if rate := float64(joined.Load()) / time.Since(began).Seconds(); rate < 0.2 || rate > 0.5 {
			t.Errorf("%.1f a second joined with 1001 entities each, want some 0.3", rate)
		}
		if most > 15_000 {
			t.Errorf("%d entities stood there", most)
		}
		wg.Wait()
	})
}
