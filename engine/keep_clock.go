package engine

import (
	"math"
	"time"

	"github.com/loci-place/loci/netcode"
)

// keptClock is the place's clock as it is kept. Place time never goes back, and over a
// restart never behind what is kept; but the machine's clock, which alone knows for how
// long the place was closed, may be set at any time. If the place was killed and the
// machine's clock set back before it starts again, what it said in between is lost: at most
// keepClockEvery. To begin so much later after each kill would be worse.
type keptClock struct {
	// Began is when it was 0 by the machine's clock, in seconds since 1970.
	Began float64 `json:"began"`
	// Time is what it said when it was kept last, in seconds.
	Time float64 `json:"time"`
}

// How far the machine's clock must have been set, in seconds, to be noted at once; and how
// often the place's is kept where nothing else is.
const (
	clockSet       = 0.1
	keepClockEvery = time.Minute
)

// kept returns what to store of the clock. Time is rounded up, so that the clock never goes back.
func (c *clock) kept() keptClock {
	now := c.Time()
	return keptClock{Began: float64(c.wall().UnixNano())/1e9 - now, Time: math.Ceil(now*1000) / 1000}
}

// clockRecord is for all that is kept, so that nothing that is durable was in what is the
// future after a restart.
func (k *keeper) clockRecord() Record {
	c := k.clock.kept()
	k.clockKept = c
	return Record{Kind: KindPlace, Key: "clock", Value: netcode.AppendValue(nil, map[string]any{"began": c.Began, "time": c.Time})}
}

// keepClock has the clock kept where nothing else was for long, or the machine's was set.
func (k *keeper) keepClock() {
	was, is := k.clockKept, k.clock.kept()
	if math.Abs(is.Began-was.Began) > clockSet || is.Time-was.Time >= keepClockEvery.Seconds() {
		k.store.Put([]Record{k.clockRecord()}, nil)
	}
}

// restoreClock has the clock go on where it would be if the place had never closed, as far
// as the machine's clock knows, and in any case not before what was kept.
func (k *keeper) restoreClock() error {
	var kept keptClock
	found, err := k.one("clock", &kept)
	if err != nil {
		return err
	}
	if found {
		k.restored = true
		k.clock.age = time.Duration(max(kept.Time, k.clock.kept().Began-kept.Began) * float64(time.Second))
	}
	k.store.Put([]Record{k.clockRecord()}, nil)
	return nil
}
