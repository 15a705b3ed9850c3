package engine

import (
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/media"
)

// Shedding is what the place does without while its heartbeats are late or take too long,
// each with all before it. Commands are never shed, nor is anything lost for good but
// media: what one state leaves out comes with a later one.
type Shedding int32

const (
	// ShedNothing is how it should be.
	ShedNothing Shedding = iota
	// ShedFar: what agents are behind with comes in single datagrams, so what is far or
	// has not changed for long waits.
	ShedFar
	// ShedStates: agents are sent every other state.
	ShedStates
	// ShedVideo: packets of video tracks are dropped.
	ShedVideo
	// ShedMedia: those of all tracks are.
	ShedMedia
	sheddings
)

var sheddingNames = [sheddings]string{"nothing", "far", "states", "video", "media"}

func (s Shedding) String() string { return sheddingNames[s] }

// overload finds out how much there is to be shed.
type overload struct {
	level    atomic.Int32
	bad      int // heartbeats that were late or took long, less those that did not
	good     int // in a row that did not
	reported time.Time
	told     bool // the log, that something is shed
}

func (o *overload) sheds(s Shedding) bool { return o.level.Load() >= int32(s) }

const (
	// shedAfter is how long heartbeats must be bad in all to shed more, and recoverAfter
	// how long good in a row to shed less.
	shedAfter    = 500 * time.Millisecond
	recoverAfter = 2 * time.Second
	// tolerable is how late any heartbeat may be, as machines wake up late.
	tolerable = 10 * time.Millisecond
)

// felt takes how late a heartbeat was and how long it took, and sheds more or less.
func (p *Place) felt(late, took time.Duration) {
	if p.intake.driven {
		return // heartbeats come when they are told to
	}
	o, period := &p.overload, p.period()
	if late > max(period/2, tolerable) || took > period*3/4 {
		o.bad, o.good = o.bad+1, 0
	} else {
		o.bad, o.good = max(0, o.bad-1), o.good+1
	}
	switch level := Shedding(o.level.Load()); {
	case time.Duration(o.bad)*period >= shedAfter && level < ShedMedia:
		p.shed(level + 1)
	case time.Duration(o.good)*period >= recoverAfter && level > ShedNothing:
		p.shed(level - 1)
	}
	if o.sheds(ShedFar) {
		p.counts.shed[ShedFar].Add(1)
	}
}

// shed sheds so much from now on.
func (p *Place) shed(level Shedding) {
	o := &p.overload
	before := Shedding(o.level.Swap(int32(level)))
	o.bad, o.good = 0, 0
	p.views.Lean(level >= ShedFar)
	switch now := p.now(); {
	case level > before && now.Sub(o.reported) >= lateReport:
		o.reported, o.told = now, true
		p.log.Warn("heartbeats are late or take too long", "shedding", level, "before", before)
	case level == ShedNothing && o.told:
		o.told = false
		p.log.Info("heartbeats are in time again", "shedding", level)
	}
}

// skips reports whether the agent at a position is not sent this state.
func (p *Place) skips(i int) bool {
	if !p.overload.sheds(ShedStates) || (p.beat.count+i)%2 == 0 {
		return false
	}
	p.counts.shed[ShedStates].Add(1)
	return true
}

// skipsMedia reports whether a packet of a track is not relayed. It may be called from any
// goroutine.
func (p *Place) skipsMedia(kind string) bool {
	what := ShedMedia
	if kind == media.Video {
		what = ShedVideo
	}
	if !p.overload.sheds(what) {
		return false
	}
	p.counts.shed[what].Add(1)
	return true
}
