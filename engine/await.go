package engine

import (
	"errors"
	"fmt"
	"math"
	"net/netip"

	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// ErrBadAgent says that an agent cannot be waited for.
var ErrBadAgent = errors.New("engine: this agent cannot be waited for")

// Await has the place wait for an agent with a verified key that was in it before it was
// started again, as if its connection had been lost just now: for [Config.Linger] these
// entities, its avatar among them, stand there as its own, and it gets them back when it
// resumes. Without tracks, as the media of before are over: live_media is left out. It
// counts as having joined.
//
// What is to be awaited is what [Turn.Agents] and [Turn.Entity] gave of it before. The
// error is [ErrBadAgent], or [ErrBadEntity]; then it is not waited for.
func (t *Turn) Await(a Agent, entities []Entity) error {
	p := t.on()
	d, ok := netcode.DialectOf(a.Version)
	switch {
	case p.cfg.Linger < 0:
		return fmt.Errorf("%w: the place waits for nobody", ErrBadAgent)
	case !ok || a.Verified == "" || a.ID == "" || a.ID == PlaceID || p.agents[a.ID] != nil:
		return fmt.Errorf("%w: %.100q of version %d", ErrBadAgent, a.ID, a.Version)
	case p.waiting() >= p.cfg.Limits.Lingering:
		return fmt.Errorf("%w: %d are waited for already", ErrBadAgent, p.waiting())
	}
	if err := p.standAgain(a, entities); err != nil {
		return err
	}
	ag := p.newAgent(a, d)
	q, _ := p.intake.usage.begin(netip.Addr{}, p.now())
	p.holdings.await(ag.id)
	ag.session = &session{quota: q, refused: true}
	ag.media = p.media.Join(ag.id, 0, d, &media.Voice{})
	p.media.Suspend(ag.media)
	ag.stayed = math.MaxInt64 // it was here before the place was
	ag.until = p.now().Add(p.cfg.Linger)
	ag.log.Info("was here before; waiting for it", "for", p.cfg.Linger, "entities", len(entities))
	p.joined(ag)
	return nil
}

// standAgain puts an agent's entities up, or none of them.
func (p *Place) standAgain(a Agent, entities []Entity) (err error) {
	hasAvatar := false
	var made []string
	for _, e := range entities {
		components := map[string]any{}
		for name, c := range e.Components {
			if name != "live_media" {
				components[name] = c
			}
		}
		if _, err = p.world.Spawn(e.ID, a.ID, components); err != nil {
			break
		}
		made = append(made, e.ID)
		hasAvatar = hasAvatar || e.ID == a.Avatar
	}
	if err == nil && !hasAvatar {
		err = fmt.Errorf("its avatar %.100q is not among them", a.Avatar)
	}
	if err != nil {
		for _, id := range made {
			p.world.Remove(id, world.Cascade)
		}
		return fmt.Errorf("%w: %w", ErrBadEntity, err)
	}
	for _, id := range made {
		p.hooks.watcher.Spawned(p.world.Entity(id))
	}
	return nil
}
