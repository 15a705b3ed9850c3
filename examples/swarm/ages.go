package main

import "fmt"

// ages is what watchers have measured, each thing once for every state.
type ages struct {
	near, far staleness // of the nearest and the farthest avatars in the document
	oldest    staleness // of whichever is the oldest
	ranks     int       // how many are the nearest at most, and the farthest
	watchers  int
	samples   uint64
	seen      uint64 // others in the document, summed up over the samples
}

// staleness is ages as of two moments: right after a state was applied, and
// right before the next one is, when what is held is at its oldest. Only the
// second shows how long a silent place leaves agents without news.
type staleness struct{ fresh, worn histogram }

func (s *staleness) add(r ranked) {
	s.fresh.add(r.fresh)
	if r.worn >= 0 {
		s.worn.add(r.worn)
	}
}

func (s *staleness) merge(o *staleness) {
	s.fresh.merge(&o.fresh)
	s.worn.merge(&o.worn)
}

func (a *ages) merge(o *ages) {
	a.near.merge(&o.near)
	a.far.merge(&o.far)
	a.oldest.merge(&o.oldest)
	a.ranks = o.ranks // the same for all
	a.watchers += o.watchers
	a.samples += o.samples
	a.seen += o.seen
}

// agesReport is ages for the report, times in milliseconds.
type agesReport struct {
	Watchers int     `json:"watchers"`
	Visible  float64 `json:"visible"` // others in a watcher's document, on average
	Near     int     `json:"near"`    // how many are the nearest at most, and the farthest

	Nearest  stalenessReport `json:"nearest"`
	Farthest stalenessReport `json:"farthest"`
	Oldest   stalenessReport `json:"oldest"`
}

type stalenessReport struct {
	Fresh spread `json:"age_ms"`
	Worn  spread `json:"worn_ms"`
}

func (a *ages) report() *agesReport {
	return &agesReport{
		Watchers: a.watchers,
		Visible:  float64(a.seen) / float64(max(a.samples, 1)),
		Near:     a.ranks,
		Nearest:  a.near.report(),
		Farthest: a.far.report(),
		Oldest:   a.oldest.report(),
	}
}

func (s *staleness) report() stalenessReport {
	return stalenessReport{Fresh: s.fresh.spread(), Worn: s.worn.spread()}
}

func (s stalenessReport) String() string {
	return fmt.Sprintf("%v; before the next state %v", s.Fresh, s.Worn)
}
