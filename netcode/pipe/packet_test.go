package pipe

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

// rateTest is 1000 bytes in 10 ms.
var rateTest = Config{Rate: 100_000, RateQueue: 30 * time.Millisecond}

// thousand is a number at the end of 1000 bytes.
func thousand(n int) string { return fmt.Sprintf("%01000d", n) }

// arrivals are the numbers of the thousands heard, and when they came.
func arrivals(t *testing.T, r *recorder, since time.Duration) (numbers []string, at []time.Duration) {
	t.Helper()
	for _, h := range r.take() {
		numbers = append(numbers, strings.TrimLeft(h.what[len("0:"):], "0"))
		at = append(at, h.at-since)
	}
	return numbers, at
}

func TestPipeCarriesUnreliablePacketsAtTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		cfg := rateTest
		cfg.Delay = 5 * time.Millisecond
		p.net.SetConfig(cfg)
		start := time.Since(p.rb.start)
		for i := range 6 {
			p.send(0, false, thousand(i+1))
		}
		after(time.Second)
		numbers, at := arrivals(t, p.rb, start)
		if want := []string{"1", "2", "3", "4"}; !slices.Equal(numbers, want) {
			t.Errorf("heard %v, want %v: the fifth would have waited 40 ms", numbers, want)
		}
		const ms = time.Millisecond
		if want := []time.Duration{15 * ms, 25 * ms, 35 * ms, 45 * ms}; !slices.Equal(at, want) {
			t.Errorf("heard at %v, want %v", at, want)
		}
	})
}

func TestPipeCarriesReliablePacketsAtTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.net.SetConfig(Config{Rate: 100_000, RateQueue: 300 * time.Millisecond}) // a third of what is sent
		start := time.Since(p.rb.start)
		const n = 100
		var want []string
		for i := range n {
			p.send(0, true, thousand(i+1))
			want = append(want, fmt.Sprint(i+1))
		}
		after(9 * time.Second)
		numbers, at := arrivals(t, p.rb, start)
		if !slices.Equal(numbers, want) {
			t.Fatalf("heard %d packets of %d, or not in order", len(numbers), n)
		}
		for i, at := range at {
			if soonest := time.Duration(i+1) * 10 * time.Millisecond; at < soonest {
				t.Errorf("packet %d came after %v, the rate allows %v", i, at, soonest)
			}
		}
		if last := at[n-1]; last > 3*time.Second {
			t.Errorf("the last came after %v, the rate allows 1s", last)
		}
	})
}

func TestPipeCarriesFragmentsAtTheRate(t *testing.T) {
	cases := map[string]struct {
		queue       time.Duration
		least, most time.Duration
	}{
		"the queue holds all":                    {time.Minute, 140 * time.Millisecond, 140 * time.Millisecond},
		"the queue holds a few: more are resent": {30 * time.Millisecond, 140 * time.Millisecond, 500 * time.Millisecond},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connectPair(t, Config{})
				defer p.close()
				p.net.SetConfig(Config{Rate: 98_000, RateQueue: c.queue})
				start := time.Since(p.rb.start)
				p.send(0, false, strings.Repeat("x", 10*pipeFragment))
				after(5 * time.Second)
				got := p.rb.take()
				if len(got) != 1 {
					t.Fatalf("%d packets came, want one", len(got))
				}
				if took := got[0].at - start; took < c.least || took > c.most {
					t.Errorf("it took %v, want %v to %v", took, c.least, c.most)
				}
			})
		})
	}
}

func TestPipeRateIsEachDirectionsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.net.SetConfig(rateTest)
		start := time.Since(p.rb.start)
		p.send(0, false, thousand(1))
		p.b.Send(netcode.Packet{Channel: 0, Data: []byte(thousand(2))}, p.cb)
		after(time.Second)
		for _, r := range []*recorder{p.ra, p.rb} {
			if numbers, at := arrivals(t, r, start); len(at) != 1 || at[0] != 10*time.Millisecond {
				t.Errorf("heard %v at %v, want one after 10ms", numbers, at)
			}
		}
	})
}

func TestPipeRateWithoutAQueueLengthHoldsTheDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		p.net.SetConfig(Config{Rate: 100_000})
		for i := range 100 {
			p.send(0, false, thousand(i+1))
		}
		after(time.Second)
		if got := len(p.rb.take()); got != 21 { // one at once, twenty that wait 10 to 200 ms
			t.Errorf("%d packets came, want 21", got)
		}
		if s, _ := p.a.Stats(p.ca); s.Loss < 0.5 {
			t.Errorf("measured a loss of %v", s.Loss)
		}
	})
}

func TestPipeRateHoldsForLostPacketsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{})
		defer p.close()
		lossy := rateTest
		lossy.Loss = 1
		p.net.SetConfig(lossy)
		start := time.Since(p.rb.start)
		p.send(0, false, thousand(1))
		p.net.SetConfig(rateTest)
		p.send(0, false, thousand(2))
		after(time.Second)
		if numbers, at := arrivals(t, p.rb, start); len(at) != 1 || at[0] != 20*time.Millisecond {
			t.Errorf("heard %v at %v, want the second after 20ms", numbers, at)
		}
	})
}

func TestPipeSparesWhoDoesNotKeepUpFurtherLivePackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 100 * time.Millisecond})
		defer p.close()
		send := func(live bool, i byte) {
			if err := p.a.Send(netcode.Packet{Live: live, Data: bytes.Repeat([]byte{i}, pipeMaxLive/2)}, p.ca); err != nil {
				t.Fatal(err)
			}
		}
		for i := range byte(4) {
			send(true, i)
		}
		if s, _ := p.a.Stats(p.ca); s.Busy {
			t.Error("busy with live packets")
		}
		send(false, 4)
		if s, _ := p.a.Stats(p.ca); !s.Busy {
			t.Error("not busy with another")
		}
		after(time.Second)
		send(true, 5)
		after(time.Second)
		var got []byte
		for _, h := range p.rb.take() {
			got = append(got, h.what[len(h.what)-1])
		}
		if want := []byte{0, 1, 4, 5}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestPipeLosesPacketsWithAFragment sends two fragments at a time at 20 Hz: of the packets with
// NoResend all are lost of which one fragment is, and no others; the rest come late instead.
func TestPipeLosesPacketsWithAFragment(t *testing.T) {
	for name, c := range map[string]struct {
		noResend bool
		want     float64
	}{
		"with NoResend": {true, 0.64},
		"without":       {false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := connectPair(t, Config{Seed: 3})
				defer p.close()
				p.net.SetConfig(Config{Delay: time.Millisecond, Loss: 0.2, Timeout: time.Hour})
				const sent = 2000
				for range sent {
					if err := p.a.Send(netcode.Packet{NoResend: c.noResend, Data: make([]byte, 2*pipeFragment)}, p.ca); err != nil {
						t.Fatal(err)
					}
					if s, _ := p.a.Stats(p.ca); s.Busy == c.noResend {
						t.Fatalf("busy right after Send: %v", s.Busy)
					}
					after(50 * time.Millisecond)
				}
				after(5 * time.Second)
				share := float64(len(p.rb.take())) / sent
				if share < c.want-0.03 || share > c.want+0.03 {
					t.Errorf("heard %.3f of the packets, want %.3f", share, c.want)
				}
			})
		})
	}
}
