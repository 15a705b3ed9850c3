package assets

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/loci-place/loci/netcode"
)

// question is a range that a source was asked for.
type question struct {
	open   bool
	offset int64
	at     time.Time
}

// nextSource asks the next agent for it, if there is one: first the owners of the
// entities that are said to have published it, then the others, those last who kept silent
// before, and in the end again those that were slow (netcode/PROTOCOL.md, "Assets").
func (s *asset) nextSource() {
	left := s.centre.cfg.Patience - time.Since(s.began)
	if left > 0 && len(s.others) >= parallel {
		return // one of them answers, or is given up
	}
	s.source = s.pick()
	if s.source == nil && len(s.others) == 0 && len(s.slow) > 0 {
		s.source, s.slow, s.patient = s.slow[0], s.slow[1:], true
	}
	switch {
	case left <= 0:
		s.source = nil
		s.fail("nobody gave it in time")
	case s.source == nil && len(s.others) > 0:
	case s.source == nil:
		s.fail("nobody has it")
	case !s.mayAsk():
		s.source = nil
	default:
		s.asked[s.source] = true
		s.given, s.spent = 0, 0
		s.step()
		if s.phase == searching {
			s.ask(0)
		}
	}
}

// mayAsk reports whether one of those who wait may have somebody asked now; if not, it is
// tried again when one may.
func (s *asset) mayAsk() bool {
	const longest = time.Second // what a bucket takes to fill
	c, wait := s.centre, longest
	rate := float64(c.cfg.Questions)
	for _, w := range s.wants {
		left := w.agent.asking.Take(1, rate, rate, time.Now())
		if left == 0 {
			return true
		}
		wait = min(wait, left)
	}
	if !s.paused {
		s.paused = true
		time.AfterFunc(wait, func() {
			c.logic.do(func() {
				s.paused = false
				s.step()
			})
		})
	}
	return false
}

func (s *asset) pick() *Agent {
	may := func(a *Agent) bool { return !a.gone && !s.asked[a] }
	if i := slices.IndexFunc(s.preferred, may); i >= 0 {
		return s.preferred[i]
	}
	var last *Agent
	for _, a := range s.centre.agents {
		switch {
		case s.waits[a] > 0 || !may(a):
		case !a.silent:
			return a
		case last == nil:
			last = a
		}
	}
	return last
}

// ask asks the source for what begins at an offset: a piece, or its share of one where
// it is asked for several assets at once.
func (s *asset) ask(offset int64) {
	a, c := s.source, s.centre
	a.questions++
	s.questions++
	s.question = question{open: true, offset: offset, at: time.Now()}
	length := int64(max(a.in.size/a.questions, leastPiece))
	wait := c.cfg.Timeout
	if s.phase == searching {
		wait = min(wait, c.cfg.Patience-time.Since(s.began))
	} else {
		length = min(length, s.total-offset)
	}
	a.tell(netcode.AssetFrame{
		MID:    netcode.AssetRequest,
		Header: netcode.AssetHeader{ID: s.hash.ID(), Offset: uint64(offset), Length: uint64(length)},
	})
	number := s.questions
	after := func(wait time.Duration, then func()) {
		time.AfterFunc(wait, func() { c.logic.do(then) })
	}
	switch {
	case s.phase == searching:
		after(hedge, func() {
			if s.source == a && s.question.open && s.questions == number && s.phase == searching && s.pick() != nil {
				s.others[a], s.question, s.source = s.question, question{}, nil
				s.step()
			}
		})
	case s.hasOthers():
		wait = min(wait, stall)
	}
	after(wait, func() {
		switch {
		case s.source == a && s.question.open && s.questions == number:
			a.silent = true
			s.lose("did not answer")
		case s.others[a].open:
			a.silent = true
			s.giveUpOther(a)
			s.step()
		}
	})
}

const (
	// parallel is how many may be asked for the same asset at once.
	parallel = 8
	// hedge is how long one is asked alone before another is asked as well.
	hedge = 500 * time.Millisecond
	// stall is how long a source that has begun may be silent while there are others.
	stall = 2 * time.Second
)

// hasOthers reports whether there is somebody else to be asked.
func (s *asset) hasOthers() bool {
	return !s.patient && (len(s.slow) > 0 || len(s.others) > 0 || s.pick() != nil)
}

// changeTo makes one of those the source who were asked before, and have answered now.
func (s *asset) changeTo(a *Agent) {
	q := s.others[a]
	delete(s.others, a)
	if s.source != nil && s.question.open {
		s.others[s.source] = s.question
	}
	s.source, s.question = a, q
	s.given, s.spent = 0, 0
}

// giveUpOther waits no longer for one of those who were asked before.
func (s *asset) giveUpOther(a *Agent) {
	if s.others[a].open {
		delete(s.others, a)
		a.questions--
	}
}

func (s *asset) forgetOthers() {
	for a := range s.others {
		s.giveUpOther(a)
		delete(s.asked, a) // what it would have given is not known
	}
}

func (s *asset) closeQuestion() {
	if s.question.open {
		s.question.open = false
		s.source.questions--
	}
}

// answered takes data from the source.
func (s *asset) answered(f *netcode.AssetFrame) {
	offset, total := int64(f.Header.Offset), int64(f.Header.TotalLength)
	switch {
	case s.question.open && offset != s.question.offset:
		return
	case s.question.open:
		s.learn(len(f.Data))
		s.closeQuestion()
		if short := int64(len(f.Data)) < min(leastPiece, total-offset); short && s.phase == searching && len(f.Data) > 0 && s.hasOthers() {
			s.slow = append(s.slow, s.source)
			s.lose("gave little")
			return
		}
	case s.phase != spooling || offset != s.have:
		return // nobody asked for it
	}
	switch {
	case len(f.Data) == 0 && offset < total:
		s.lose("gave nothing")
		return
	case s.phase == searching:
		if !s.begin(total) {
			return
		}
	case total != s.total:
		s.lose("changed the asset's size")
		return
	}
	if s.phase == spooling {
		s.take(f.Data)
	} else {
		s.pass(offset, f.Data)
	}
	s.goOn()
}

// goOn asks for the rest, unless the source is too slow, or sends it unasked.
func (s *asset) goOn() {
	switch {
	case s.source != nil && s.spent > s.centre.cfg.Timeout, s.source != nil && s.spent > stall && s.hasOthers():
		s.slow = append(s.slow, s.source)
		s.lose("is too slow")
	case s.phase == spooling && s.pusher != nil && len(s.wants) == 0 && s.questions == 0:
		s.awaitPush()
	default:
		s.step()
	}
}

// learn measures the speed of the source, which must send a piece within each timeout, so that
// a source that sends a byte now and then does not hold up the waiting agents.
func (s *asset) learn(n int) {
	a, took := s.source, time.Since(s.question.at)
	stats, _ := s.centre.cfg.Transport.Stats(a.to[0])
	a.in.took(n, took, stats.RTT)
	s.given += n
	s.spent += took
	if s.given >= leastPiece {
		s.began = s.began.Add(s.spent) // that is no time that was lost
		s.given, s.spent = 0, 0
	}
}

// begin decides how it comes in, once its size is known, and reports false if it does
// not.
func (s *asset) begin(total int64) bool {
	c := s.centre
	if total > c.cfg.MaxBytes {
		s.lose("has something too large")
		return false
	}
	s.total = total
	if c.cache == nil || !c.cache.reserve(total) {
		s.beginStream()
		return true
	}
	spool, err := c.cache.storage.spool()
	if err != nil {
		c.cache.release(total)
		c.log.Warn("an asset cannot be cached", "asset", s.hash.ID(), "error", err)
		s.beginStream()
		return true
	}
	s.phase, s.spool, s.have, s.sum = spooling, spool, 0, sha256.New()
	s.forgetOthers()
	return true
}

// lose gives up a source, throws away what it gave, and asks the next.
func (s *asset) lose(why string) {
	if s.phase == committing || s.phase == over {
		return
	}
	s.centre.log.Debug("an agent is no source of an asset", "asset", s.hash.ID(), "agent", s.source.id, "reason", "it "+why)
	s.closeQuestion()
	s.source = nil
	s.discard()
	s.unpush()
	if s.phase == streaming { // which may have been long idle
		s.began = time.Now()
	}
	if s.phase == spooling {
		s.phase = searching
	}
	if len(s.wants) == 0 && s.phase == searching {
		s.end()
		return
	}
	s.step()
}
