package badlink

import (
	"math"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// journey is what became of one datagram.
type journey struct {
	took   time.Duration
	copies int
}

// travel admits n datagrams of so many bytes to a lane, one every gap.
func travel(l *lane, link Link, n, size int, gap time.Duration) (all []journey) {
	now := time.Unix(0, 0)
	for range n {
		due, copies := l.admit(&link, size, now)
		j := journey{copies: copies}
		if copies > 0 {
			j.took = due.Sub(now)
		}
		all = append(all, j)
		now = now.Add(gap)
	}
	return all
}

func TestLaneTreatsTheShareAskedFor(t *testing.T) {
	const n = 20_000
	cases := map[string]struct {
		link                         Link
		lost, overflowed, twice, far float64 // shares of all, and of what arrived
		least, mean, most            time.Duration
	}{
		"nothing at all":  {link: Link{}},
		"loss":            {link: Link{Loss: 0.05}, lost: 0.05},
		"blackout":        {link: Link{Loss: 1}, lost: 1},
		"duplicate":       {link: Link{Duplicate: 0.1}, twice: 0.1},
		"delay":           {link: Link{Delay: 30 * ms}, least: 30 * ms, mean: 30 * ms, most: 30 * ms},
		"jitter":          {link: Link{Delay: 30 * ms, Jitter: 20 * ms}, least: 30 * ms, mean: 40 * ms, most: 50 * ms},
		"reorder":         {link: Link{Reorder: 0.2}, far: 0.2, mean: 12 * ms, most: 60 * ms},
		"late and slow":   {link: Link{Delay: 10 * ms, Reorder: 0.2}, far: 0.2, least: 10 * ms, mean: 26 * ms, most: 90 * ms},
		"over the rate":   {link: Link{Rate: 50_000}, overflowed: 0.5, least: 2 * ms, mean: 201 * ms, most: 202 * ms},
		"under the rate":  {link: Link{Rate: 200_000}, least: ms / 2, mean: ms / 2, most: ms / 2},
		"a shorter queue": {link: Link{Rate: 50_000, RateQueue: 20 * ms}, overflowed: 0.5, least: 2 * ms, mean: 21 * ms, most: 22 * ms},
		"all together": {
			link: Link{Delay: 30 * ms, Jitter: 20 * ms, Loss: 0.2, Duplicate: 0.1, Reorder: 0.1, Rate: 1_000_000},
			lost: 0.2, twice: 0.1, far: 0.1, least: 30 * ms, mean: 56 * ms, most: 210 * ms,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var counts Counts
			l := newLane(7, 0, &counts)
			var arrived, lost, twice int
			var sum, least, most time.Duration
			least = math.MaxInt64
			for _, j := range travel(&l, c.link, n, 100, ms) {
				if j.copies == 0 {
					lost++
					continue
				}
				arrived++
				twice += j.copies - 1
				sum += j.took
				least, most = min(least, j.took), max(most, j.took)
			}
			share := func(what string, got uint64, of int, want float64) {
				if s := float64(got) / float64(max(of, 1)); math.Abs(s-want) > 0.01 {
					t.Errorf("%s: %.3f, want %.3f", what, s, want)
				}
			}
			share("lost", counts.Lost, n, c.lost)
			share("overflowed", counts.Overflowed, n, c.overflowed)
			share("duplicated", counts.Duplicated, arrived, c.twice)
			share("reordered", counts.Reordered, arrived, c.far)
			if counts.Received != n || counts.ReceivedBytes != 100*n || counts.Lost+counts.Overflowed != uint64(lost) || counts.Duplicated != uint64(twice) {
				t.Errorf("counted %+v, saw %d lost and %d twice", counts, lost, twice)
			}
			if arrived == 0 {
				return
			}
			near := func(what string, got, want, within time.Duration) {
				if (got - want).Abs() > within {
					t.Errorf("%s delay %v, want %v", what, got, want)
				}
			}
			near("least", least, c.least, ms)
			near("mean", sum/time.Duration(arrived), c.mean, ms)
			near("greatest", most, c.most, 2*ms)
			if least < c.link.Delay {
				t.Errorf("one took %v, less than the delay", least)
			}
		})
	}
}

func TestLaneSendsAtTheRate(t *testing.T) {
	var counts Counts
	l := newLane(1, 0, &counts)
	link := Link{Delay: 5 * ms, Rate: 100_000, RateQueue: 30 * ms}
	burst := travel(&l, link, 6, 1000, 0)
	for i, want := range []time.Duration{15 * ms, 25 * ms, 35 * ms, 45 * ms, 0, 0} {
		if burst[i].took != want {
			t.Errorf("datagram %d of the burst took %v, want %v", i, burst[i].took, want)
		}
	}
	later := time.Unix(60, 0)
	if due, _ := l.admit(&link, 1000, later); due != later.Add(15*ms) {
		t.Errorf("after a minute of silence one took %v, want 15ms", due.Sub(later))
	}
}

func TestLostDatagramsTakeTheirShareOfTheRate(t *testing.T) {
	var counts Counts
	l := newLane(1, 0, &counts)
	link := Link{Rate: 100_000, Loss: 1}
	travel(&l, link, 3, 1000, 0)
	link.Loss = 0
	if got := travel(&l, link, 1, 1000, 0)[0].took; got != 40*ms {
		t.Errorf("behind three lost ones it took %v, want 40ms", got)
	}
}

func TestOneSettingDoesNotChangeWhatAnotherDraws(t *testing.T) {
	fates := func(link Link) (lost, twice []bool) {
		var counts Counts
		l := newLane(3, 0, &counts)
		for _, j := range travel(&l, link, 2000, 100, ms) {
			lost, twice = append(lost, j.copies == 0), append(twice, j.copies == 2)
		}
		return lost, twice
	}
	lost, _ := fates(Link{Loss: 0.1})
	also, _ := fates(Link{Loss: 0.1, Jitter: 20 * ms, Reorder: 0.1, Duplicate: 0.1, Rate: 1_000_000})
	if !slices.Equal(lost, also) {
		t.Error("other datagrams are lost with jitter, reordering and duplication")
	}
	_, twice := fates(Link{Duplicate: 0.1})
	_, also = fates(Link{Duplicate: 0.1, Delay: 10 * ms, Jitter: 20 * ms, Reorder: 0.1})
	if !slices.Equal(twice, also) {
		t.Error("other datagrams come twice with jitter and reordering")
	}
}

func TestEveryLaneDrawsItsOwnNumbers(t *testing.T) {
	journeys := func(seed, number uint64) []journey {
		var counts Counts
		l := newLane(seed, number, &counts)
		return travel(&l, Link{Jitter: ms, Loss: 0.5}, 100, 100, ms)
	}
	if !slices.Equal(journeys(1, 2), journeys(1, 2)) {
		t.Error("the same lane differs from itself")
	}
	if slices.Equal(journeys(1, 2), journeys(1, 3)) || slices.Equal(journeys(1, 2), journeys(2, 2)) {
		t.Error("two lanes are alike")
	}
}
