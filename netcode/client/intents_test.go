package client

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// stateStream is how a place sends states: so many a second, each up to jitter
// late, and a share of them not at all.
type stateStream struct {
	rate   float64 // 0 sends none
	phase  time.Duration
	jitter time.Duration
	loss   float64
}

// send sends states for a time and returns when the place sent each, by
// revision, the first being 1.
func (s stateStream) send(a *fakeAgent, d time.Duration) (sent []time.Time) {
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Now()
	if s.rate == 0 {
		after(d)
		return nil
	}
	for n := 0; ; n++ {
		due := start.Add(s.phase + time.Duration(float64(n)/s.rate*float64(time.Second)))
		if s.jitter > 0 {
			due = due.Add(time.Duration(random.Int64N(int64(s.jitter))))
		}
		if due.Sub(start) > d {
			return sent
		}
		if random.Float64() < s.loss {
			continue
		}
		after(time.Until(due))
		sent = append(sent, time.Now())
		a.set(uint64(len(sent)), `{}`)
	}
}

// intentTimes is when intents have come, since the place started.
func (a *fakeAgent) intentTimes() (times []time.Duration) {
	a.place.mu.Lock()
	defer a.place.mu.Unlock()
	for _, i := range a.intents {
		times = append(times, i.at)
	}
	return times
}

func TestIntentsKeepTheirRateWhateverStatesCome(t *testing.T) {
	const interval = 50 * time.Millisecond
	cases := map[string]struct {
		states stateStream
		most   float64 // intents a second
	}{
		"none":            {stateStream{}, 20},
		"in step":         {stateStream{rate: 20}, 20.1},
		"jumbled":         {stateStream{rate: 20, jitter: 20 * time.Millisecond}, 20.2},
		"very jumbled":    {stateStream{rate: 20, jitter: 50 * time.Millisecond}, 21.5},
		"lossy":           {stateStream{rate: 20, jitter: 10 * time.Millisecond, loss: 0.2}, 20.2},
		"a little slow":   {stateStream{rate: 19}, 20.6},
		"a little fast":   {stateStream{rate: 21}, 21.1},
		"half as often":   {stateStream{rate: 10}, 20.2},
		"thrice as often": {stateStream{rate: 60}, 24},
		"in a flood":      {stateStream{rate: 1000}, 24},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{}, nil, func(t *testing.T, _ *Client, a *fakeAgent) {
				c.states.send(a, time.Second) // to settle
				before := len(a.intentTimes())
				c.states.send(a, 10*time.Second)
				times := a.intentTimes()
				if n := len(times) - before; n < 199 || float64(n) > c.most*10+1 {
					t.Errorf("%d intents in 10 s, want 200 to %v", n, c.most*10)
				}
				for i := 1; i < len(times); i++ {
					if gap := times[i] - times[i-1]; gap < interval*5/6 || gap > interval*3/2 {
						t.Fatalf("%v between intents", gap)
					}
				}
			})
		})
	}
}

// TestStatesAreAcknowledgedAsTheyCome would measure 25 ms on average, and 50 at
// most, if the client did not care when states come.
func TestStatesAreAcknowledgedAsTheyCome(t *testing.T) {
	const ms = time.Millisecond
	cases := map[string]struct {
		states    stateStream
		mode      StateMode
		mean, p99 time.Duration
	}{
		"steady":             {stateStream{rate: 20}, FullDocument, 0, 0},
		"steady, only noted": {stateStream{rate: 20, phase: 30 * ms}, AcknowledgeOnly, 0, 0},
		"out of step":        {stateStream{rate: 20, phase: 15 * ms}, FullDocument, 0, 0},
		"jumbled":            {stateStream{rate: 20, jitter: 10 * ms}, FullDocument, ms / 5, 2 * ms},
		"very jumbled":       {stateStream{rate: 20, jitter: 20 * ms}, FullDocument, 2 * ms, 12 * ms},
		"lossy":              {stateStream{rate: 20, loss: 0.05}, FullDocument, 3 * ms, 17 * ms},
		"lossy and jumbled":  {stateStream{rate: 20, jitter: 10 * ms, loss: 0.05}, FullDocument, 3 * ms, 20 * ms},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			const trip = 2 * 5 * ms // there and back, in inPlace's network
			inPlace(t, Config{Mode: c.mode}, nil, func(t *testing.T, _ *Client, a *fakeAgent) {
				start := a.place.start
				sent := c.states.send(a, 11*time.Second)
				after(100 * ms)
				times := a.intentTimes()
				a.place.mu.Lock()
				defer a.place.mu.Unlock()
				var waits []time.Duration
				var sum time.Duration
				for n := 20; n < len(sent); n++ { // after a second to settle
					i := slices.IndexFunc(a.acks, func(ack uint64) bool { return ack > uint64(n) })
					if i < 0 {
						t.Fatalf("state %d was never acknowledged", n+1)
					}
					wait := times[i] - sent[n].Sub(start) - trip
					waits, sum = append(waits, wait), sum+wait
				}
				slices.Sort(waits)
				if mean, p99 := sum/time.Duration(len(waits)), waits[len(waits)*99/100]; mean > c.mean || p99 > c.p99 {
					t.Errorf("acknowledged after %v, p99 %v, want %v and %v", mean, p99, c.mean, c.p99)
				}
			})
		})
	}
}

func TestIntentsThatAStallMissedAreNotMadeUpFor(t *testing.T) {
	const interval = 60 * time.Millisecond
	start := time.Now()
	r := rhythm{interval: interval, due: start}
	r.sent(start)
	stalled := start.Add(time.Hour)
	r.sent(stalled)
	if wait := r.latest().Sub(stalled); wait != interval*3/2 {
		t.Errorf("next one after %v", wait)
	}
	// What a busy machine delays by less is: the rate must not fall.
	late := stalled.Add(interval + 55*time.Millisecond)
	r.sent(late)
	if wait := r.latest().Sub(late); wait != interval*5/6 {
		t.Errorf("after one that was late the next comes after %v", wait)
	}
}
