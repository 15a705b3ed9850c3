package assets

import (
	"crypto/sha256"
	"hash"
	"slices"
	"time"

	"github.com/loci-place/loci/netcode"
)

// asset is one that somebody wants and that is not here, or that somebody sends
// unasked.
type asset struct {
	centre *Centre
	hash   netcode.AssetHash
	phase  phase
	wants  []*want
	waits  map[*Agent]int // how many of them are whose
	began  time.Time      // when looking for a source began

	// Where it comes from.
	resolving int      // how many entities' agents are being found out
	preferred []*Agent // those they are of
	asked     map[*Agent]bool
	paused    bool                // until somebody who waits may have another agent asked
	refused   map[*Agent]bool     // those that said that they have not got it
	patient   bool                // nobody is left but those that were slow
	source    *Agent              // nil if nobody is asked at the moment
	others    map[*Agent]question // that were asked before the source, and may still answer
	slow      []*Agent            // asked again when nobody else is left, with all patience
	question  question
	questions int           // that were ever asked
	pusher    *Agent        // who sends it unasked, nil if nobody does
	given     int           // bytes that the source gave since it was last quick enough
	spent     time.Duration // what it took to answer for those

	// What has come.
	total int64
	have  int64 // bytes from the beginning on
	sum   hash.Hash
	spool spool // where they go; nil while streaming
}

type phase uint8

const (
	searching  phase = iota // nobody has given any of it
	verifying               // it is in the cache, which may be damaged
	spooling                // it comes in as a whole
	committing              // it has come, and is being put into the cache
	streaming               // it comes in as it is wanted, and is not kept
	over
)

// search begins to look for an asset; step goes on with it.
func (c *Centre) search(h netcode.AssetHash) *asset {
	s := &asset{centre: c, hash: h, began: time.Now(), waits: map[*Agent]int{}, asked: map[*Agent]bool{}, refused: map[*Agent]bool{}, others: map[*Agent]question{}, sum: sha256.New()}
	c.assets[h] = s
	return s
}

// join adds somebody who waits for it.
func (s *asset) join(w *want) {
	w.asset = s
	if s.waits[w.agent]++; s.waits[w.agent] == 1 {
		w.agent.searches++
	}
	s.wants = append(s.wants, w)
	if w.publishedBy != "" && (s.phase == searching || s.phase == verifying) {
		s.resolve(w.publishedBy)
	}
	s.step()
}

// part is for when w no longer waits for it.
func (s *asset) part(w *want) {
	w.asset = nil
	if s.waits[w.agent]--; s.waits[w.agent] == 0 {
		delete(s.waits, w.agent)
		w.agent.searches--
	}
}

// resolve finds out whose an entity is that is said to have published it.
func (s *asset) resolve(entity string) {
	s.resolving++
	c := s.centre
	c.cfg.Owner(entity, func(agentID string) {
		c.logic.do(func() {
			s.resolving--
			for _, a := range c.agents {
				if a.id == agentID {
					s.preferred = append(s.preferred, a)
				}
			}
			s.step()
		})
	})
}

// step does what is to be done next, if anything.
func (s *asset) step() {
	switch {
	case s.question.open:
	case (s.phase == searching || s.phase == streaming) && s.source == nil:
		if s.resolving == 0 && len(s.wants) > 0 {
			s.nextSource()
		}
	case s.phase == spooling:
		s.ask(s.have)
	case s.phase == streaming:
		s.stream()
	}
}

// verify looks whether what the cache has is undamaged, before it is served for the
// first time.
func (s *asset) verify() {
	s.phase = verifying
	c := s.centre
	c.disk.do(func() {
		err := c.cache.verify(c.ctx, s.hash)
		c.logic.do(func() {
			if err == nil {
				s.finish()
				return
			}
			s.phase, s.began = searching, time.Now()
			if len(s.wants) == 0 {
				s.end()
				return
			}
			s.step()
		})
	})
}

// take adds what has come behind what was there.
func (s *asset) take(data []byte) {
	if _, err := s.spool.Write(data); err != nil {
		s.streamInstead(err)
		return
	}
	s.sum.Write(data)
	s.have += int64(len(data))
	if s.have < s.total {
		return
	}
	if netcode.AssetHash(s.sum.Sum(nil)) != s.hash {
		s.source.lies++
		s.lose("gave something else")
		return
	}
	s.commit()
}

// streamInstead goes on without the cache, which has failed.
func (s *asset) streamInstead(why error) {
	s.centre.log.Warn("an asset cannot be cached", "asset", s.hash.ID(), "error", why)
	s.discard()
	if len(s.wants) == 0 {
		s.end()
		return
	}
	s.beginStream()
	s.step()
}

// commit puts what has come, and is what it should be, into the cache.
func (s *asset) commit() {
	s.phase, s.source = committing, nil
	c, spool, total := s.centre, s.spool, s.total
	c.disk.do(func() {
		err := c.cache.add(spool, s.hash, total, false)
		c.logic.do(func() {
			if err != nil {
				s.streamInstead(err)
				return
			}
			c.log.Debug("cached an asset", "asset", s.hash.ID(), "bytes", total)
			s.finish()
		})
	})
}

// finish serves those who waited: it is here.
func (s *asset) finish() {
	wants := s.end()
	for _, w := range wants {
		w.agent.lookOnSoon()
	}
}

// fail tells those who waited that there is none.
func (s *asset) fail(why string) {
	s.centre.log.Debug("an asset is not to be had", "asset", s.hash.ID(), "reason", why)
	for _, w := range s.end() {
		w.agent.wants = slices.DeleteFunc(w.agent.wants, func(o *want) bool { return o == w })
		if w.push {
			delete(w.agent.pushed, w.hash)
			s.centre.log.Warn("an asset cannot be pushed: it is not to be had", "asset", s.hash.ID(), "agent", w.agent.id)
		} else {
			w.agent.refuse(s.hash.ID(), netcode.AssetNotAvailable, why)
		}
		w.agent.lookOnSoon()
	}
}

// end forgets it, and gives those who still wait.
func (s *asset) end() (wants []*want) {
	if s.phase == over {
		return nil
	}
	s.closeQuestion()
	s.forgetOthers()
	s.discard()
	s.centre.window.drop(s.hash)
	s.unpush()
	delete(s.centre.assets, s.hash)
	wants, s.wants = s.wants, nil
	s.phase, s.source = over, nil
	for _, w := range wants {
		s.part(w)
	}
	return wants
}

// unpush is for when nobody sends it unasked any more.
func (s *asset) unpush() {
	if s.pusher != nil {
		s.pusher.pushes--
		s.pusher.pushBytes -= s.total
		s.pusher = nil
	}
}

// discard throws away what has come.
func (s *asset) discard() {
	if s.spool == nil {
		return
	}
	s.spool.discard()
	s.spool = nil
	s.centre.cache.release(s.total)
}

// unwanted is for when nobody waits any more. Who streams comes back for the next
// range.
func (s *asset) unwanted() {
	switch s.phase {
	case searching, spooling:
		if s.pusher == nil {
			s.end()
		}
	case streaming:
		asked := s.questions
		time.AfterFunc(s.centre.cfg.Timeout, func() {
			s.centre.logic.do(func() {
				if len(s.wants) == 0 && s.questions == asked {
					s.end()
				}
			})
		})
	}
}
