package media

import (
	"fmt"
	"maps"
	"slices"
)

// Subscribe has an agent hear a track from now on. Once more changes nothing.
func (t *Table) Subscribe(a *Agent, id uint32) error { return t.choose(a, id, true) }

// Unsubscribe has an agent no longer hear a track, if it does.
func (t *Table) Unsubscribe(a *Agent, id uint32) error { return t.choose(a, id, false) }

// choose notes what differs from how the agent's dialect has it by default.
func (t *Table) choose(a *Agent, id uint32, hear bool) error {
	tr := t.tracks[id]
	switch {
	case tr == nil:
		return fmt.Errorf("%w: %d", ErrNoTrack, id)
	case tr.owner == a:
		return ErrOwn
	}
	_, chosen := a.chosen[tr]
	if wants := hear != a.dialect.HearsEveryone; wants == chosen {
		return nil
	}
	if chosen {
		delete(a.chosen, tr)
		tr.forget(a)
	} else {
		if len(a.chosen) >= t.cfg.Choices {
			return fmt.Errorf("%w: the agent has chosen about %d", ErrChoices, len(a.chosen))
		}
		a.chosen[tr] = struct{}{}
		tr.choosers = append(tr.choosers, a)
	}
	switch {
	case !hear:
		tr.remove(a)
	case a.dialect.HearsEveryone:
		t.refresh(tr) // back into its place among the others
	case t.reaches(tr, a):
		tr.add(a)
	}
	return nil
}

// SetHears replaces [Config.Hears], and asks it of everybody.
func (t *Table) SetHears(hears func(listener, speaker string) bool) {
	t.cfg.Hears = hears
	for _, tr := range t.tracks {
		t.refresh(tr)
	}
}

// Ask asks [Config.Hears] of everybody who wants to hear a track, for one in so many of
// all tracks, and publishes the answers that have changed: called so many times it has
// asked about each. With a thousand agents that hear a thousand tracks that is a
// million times.
func (t *Table) Ask(parts int) {
	if t.cfg.Hears == nil {
		return
	}
	if t.asked%parts == 0 {
		t.asked, t.done = 0, 0
		t.round = slices.AppendSeq(t.round[:0], maps.Keys(t.tracks))
	}
	t.asked++
	for ; t.done < t.asked*len(t.round)/parts; t.done++ {
		if tr := t.tracks[t.round[t.done]]; tr != nil {
			t.refresh(tr)
		}
	}
}
