package badlink

import (
	"slices"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

func TestRelayPassesEverythingInOrderByDefault(t *testing.T) {
	server := startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr()})
	got, s := stream(t, r, server, 2000)
	if !slices.Equal(numbers(got), upTo(2000)) {
		t.Errorf("%d of 2000 arrived, or not in order", len(got))
	}
	if want := (Counts{Received: 2000, ReceivedBytes: 200_000, Delivered: 2000}); s.Up != want || s.Down != (Counts{}) || s.Clients != 1 {
		t.Errorf("counted %+v", s)
	}
}

func TestRelayKeepsOrderUnderDelayAndRate(t *testing.T) {
	server := startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr(), Link: Link{Delay: 20 * ms, Rate: 1_000_000}})
	got, _ := stream(t, r, server, 500)
	if !slices.Equal(numbers(got), upTo(500)) {
		t.Errorf("%d of 500 arrived, or not in order", len(got))
	}
}

func TestRelayLosesTheShareAskedFor(t *testing.T) {
	server := startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr(), Link: Link{Loss: 0.05}, Seed: 1})
	got, s := stream(t, r, server, 3000)
	if s.Up.Lost < 115 || s.Up.Lost > 185 { // three times the deviation of 12
		t.Errorf("%d of 3000 were lost, want about 150", s.Up.Lost)
	}
	if len(got) != 3000-int(s.Up.Lost) || !slices.IsSorted(numbers(got)) {
		t.Errorf("%d arrived, %d were lost", len(got), s.Up.Lost)
	}
}

func TestRelayDelaysEveryDatagram(t *testing.T) {
	for name, link := range map[string]Link{
		"delay":  {Delay: 30 * ms},
		"jitter": {Delay: 20 * ms, Jitter: 40 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			server := startPeer(t, 0)
			r := startRelay(t, Config{To: server.addr(), Link: link, Seed: 5})
			got, s := stream(t, r, server, 1000)
			want := delays(link, 5, 1000)
			slices.SortFunc(got, func(a, b receipt) int { return int(want[a.number] - want[b.number]) })
			var excess []time.Duration
			for _, d := range got {
				excess = append(excess, d.took-want[d.number])
			}
			if least := slices.Min(excess); least < 0 {
				t.Errorf("one is %v early", -least)
			}
			if late := slices.Max(excess); s.MaxLag <= 0 || s.MaxLag > late {
				t.Errorf("the greatest lag is given as %v, but none was over %v late", s.MaxLag, late)
			}
			// A busy machine makes some of them later, but not all.
			for part := range slices.Chunk(excess, len(excess)/4) {
				if least := slices.Min(part); least > 3*ms {
					t.Errorf("of %d that take about as long all are at least %v late", len(part), least)
				}
			}
		})
	}
}

// delays returns those that the first client's datagrams to the server are to have.
func delays(link Link, seed uint64, n int) (all []time.Duration) {
	l := newLane(seed, 0, &Counts{})
	for _, j := range travel(&l, link, n, 100, 0) {
		all = append(all, j.took)
	}
	return all
}

func TestRelayHoldsTheRate(t *testing.T) {
	server, client := startPeer(t, 0), startPeer(t, 0)
	link := Link{Rate: 200_000, RateQueue: 100 * ms}
	r := startRelay(t, Config{To: server.addr(), Link: link})
	start := time.Now()
	for i := range 60 {
		client.send(t, r.Addr(), uint64(i), 1000)
	}
	await.Until(t, "the relay has all", func() bool { return r.Stats().Up.Received == 60 })
	s := atRest(t, r)
	got := server.want(t, int(s.Up.Delivered))
	// One leaves every 5 ms: the first at once, twenty wait up to 100 ms, and
	// more only where sending took its time.
	if s.Up.Overflowed+s.Up.Delivered != 60 || s.Up.Delivered < 21 || s.Up.Delivered > 30 {
		t.Errorf("counted %+v", s.Up)
	}
	for i, d := range got {
		arrived, soonest := d.sent.Add(d.took), start.Add(time.Duration(i+1)*5*ms)
		if d.number != uint64(i) && i < 21 || arrived.Before(soonest) {
			t.Errorf("the %dth to arrive is number %d, after %v", i, d.number, arrived.Sub(start))
		}
	}
}

func TestRelayReordersTheConfiguredShare(t *testing.T) {
	server := startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr(), Link: Link{Delay: 5 * ms, Reorder: 0.1}, Seed: 2})
	got, s := stream(t, r, server, 1000)
	overtaken, newest := 0, uint64(0)
	for _, d := range got {
		if d.number < newest {
			overtaken++
		}
		newest = max(newest, d.number)
	}
	if len(got) != 1000 || s.Up.Reordered < 70 || s.Up.Reordered > 130 {
		t.Errorf("%d arrived, %d were made late, want about 100 of 1000", len(got), s.Up.Reordered)
	}
	if overtaken+3 < int(s.Up.Reordered) { // the last ones have nothing behind them
		t.Errorf("%d of %d late ones were overtaken", overtaken, s.Up.Reordered)
	}
}

func TestRelayDuplicatesTheShareAskedFor(t *testing.T) {
	server := startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr(), Link: Link{Duplicate: 0.1}, Seed: 2})
	got, s := stream(t, r, server, 1000)
	if s.Up.Duplicated < 70 || s.Up.Duplicated > 130 || len(got) != 1000+int(s.Up.Duplicated) {
		t.Errorf("%d arrived, %d were duplicated, want about 100 of 1000", len(got), s.Up.Duplicated)
	}
	if !slices.Equal(slices.Compact(numbers(got)), upTo(1000)) {
		t.Error("the copies do not follow their originals")
	}
}

func TestRelayLosesTheSameDatagramsWithTheSameSeed(t *testing.T) {
	run := func(seed uint64) (up, down []uint64) {
		server := startPeer(t, 0)
		r := startRelay(t, Config{To: server.addr(), Link: Link{Loss: 0.3}, Seed: seed})
		client := startPeer(t, 0)
		const n = 200
		for i := range n {
			client.send(t, r.Addr(), uint64(i), 100)
			await.Until(t, "taken", func() bool { return r.Stats().Up.Received == uint64(i)+1 })
		}
		got := server.want(t, int(atRest(t, r).Up.Delivered))
		for i := range n {
			server.send(t, got[0].from, uint64(i), 100)
			await.Until(t, "taken", func() bool { return r.Stats().Down.Received == uint64(i)+1 })
		}
		back := client.want(t, int(atRest(t, r).Down.Delivered))
		return numbers(got), numbers(back)
	}
	up, down := run(1)
	upAgain, downAgain := run(1)
	if !slices.Equal(up, upAgain) || !slices.Equal(down, downAgain) {
		t.Error("two runs with one seed differ")
	}
	if slices.Equal(up, down) {
		t.Error("both directions lose the same")
	}
	if other, _ := run(2); slices.Equal(up, other) {
		t.Error("two seeds lose the same")
	}
}
