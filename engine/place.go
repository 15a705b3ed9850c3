package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/engine/internal/transports"
	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/engine/view"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/internal/cputime"
	"github.com/loci-place/loci/netcode"
)

// PlaceID is the id of the place's own entity, and what its entities are owned by.
const PlaceID = "place"

var (
	// ErrClosed is what a place that has been closed answers.
	ErrClosed = errors.New("engine: place is closed")
	// ErrServed is what a place answers to all but the first Serve or Drive.
	ErrServed = errors.New("engine: the place is served or driven already: it is once, make another with New")
)

// Place is an open or opening place.
type Place struct {
	cfg       Config
	log       *slog.Logger
	transport netcode.Transport
	key       *placeKey
	clock
	turns    *turns
	intake   *intake
	upkeep   *upkeep
	holdings *holdings
	backlogs *backlogs
	turn     turnLock // held while anything below is used
	counts   *counters
	served   atomic.Bool // or driven
	closed   atomic.Bool
	closing  chan struct{} // closed when closing begins
	done     chan struct{} // closed when it is over
	closeErr error
	working  sync.WaitGroup // what works outside of the place's turn, as long as life lasts
	life     context.Context
	end      context.CancelFunc
	assets   *assets.Centre

	host  Turn
	hooks hooks

	// All below is used on the place's turn only.
	world      *world.World
	views      *view.Views
	media      *media.Table
	self       *world.Entity
	agents     map[string]*agent          // by agent id
	order      []*agent                   // in the order they came
	verbs      map[string]map[string]Verb // of the host's, by entity and name
	access     access
	offers     offers
	news       publications
	asking     map[string]*Asking // the host's open requests, by id
	questions  int                // to agents so far, of agents' and of the host's
	complained time.Time
	launches   launches
	leftovers  []*leftovers
	beat       beat // what the heartbeats reuse
	kept       keeper
	overload   overload
}

// New makes a place and binds its transport. Nobody is let in before
// [Place.Serve].
func New(cfg Config) (*Place, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	launcher, err := apps.NewLauncher(cfg.Apps, cfg.Limits.LaunchTimeout)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	transport, ours, err := newTransport(&cfg)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	p := &Place{
		cfg: cfg, log: cfg.Logger, transport: transport,
		clock:   clock{started: time.Now(), now: time.Now, wall: cfg.wall, cpu: cputime.Thread},
		counts:  newCounters(),
		beat:    beat{timer: time.NewTimer(0)},
		hooks:   newHooks(cfg.Behaviour),
		asking:  map[string]*Asking{},
		turns:   newTurns(),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		world:   world.New(1),
		agents:  map[string]*agent{},
		verbs:   map[string]map[string]Verb{},
	}
	p.backlogs = newBacklogs(&cfg.Limits, transport.Stats)
	p.holdings = newHoldings(&cfg.Limits, p.world, cfg.Logger)
	if err := p.openAssets(); err != nil {
		if ours {
			err = errors.Join(err, transport.Close(netcode.CodePlaceClosed))
		}
		return nil, err
	}
	p.upkeep = newUpkeep(cfg.Limits.UpkeepTime, cfg.Limits.PlaceUpkeepTime, p.slowed)
	p.life, p.end = context.WithCancel(context.Background())
	p.intake = &intake{
		limits: &p.cfg.Limits, clock: &p.clock, turns: p.turns, usage: newUsage(&p.cfg.Limits),
		admission: newAdmission(cfg.Limits.AnnounceTime, p.closing), backlogs: p.backlogs, decoding: &p.holdings.decoding,
		log: p.log, place: p, free: func() time.Duration { return p.news.took }, life: p.life, closing: p.closing,
	}
	if p.key, err = newPlaceKey(&p.cfg, addresses(cfg.Transports)); err != nil {
		return nil, errors.Join(err, p.giveUp(ours))
	}
	p.launches = launches{launcher: launcher, open: map[string]*launch{}}
	p.host.place = p
	p.access.set(nil, *cfg.Rules)
	p.offers = newOffers(cfg.Limits.Offers, func(agent string) {
		if a := p.agents[agent]; a != nil {
			p.limited(a.session, a.log, limitOffers, fmt.Sprintf("it has offered more than %d entities: the oldest offer ends", cfg.Limits.Offers))
		}
	})
	p.views = view.NewViews(p.world, view.Config{
		Window: p.window(), Period: p.period(), Distance: cfg.ViewDistance, Budget: cfg.Limits.StateBudget, Together: cfg.Limits.PlaceStateBudget,
	})
	p.media = media.New(media.Config{
		Tracks: cfg.Limits.Tracks, Choices: cfg.Limits.TrackSubscriptions, Hears: cfg.Hears,
	})
	self, err := p.world.Spawn(PlaceID, PlaceID, map[string]any{
		"transform": map[string]any{"matrix": netcode.Identity},
		"clock":     map[string]any{"time": p.Time()},
	})
	if err != nil {
		return nil, err
	}
	p.self = self
	p.kept = keeper{store: cfg.Store, world: p.world, clock: &p.clock, comesBack: p.comesBack, log: p.log, entities: map[string]string{}}
	if err := p.restore(); err != nil {
		return nil, errors.Join(err, p.giveUp(ours))
	}
	return p, nil
}

// restore makes the place what it was.
func (p *Place) restore() error {
	if p.kept.store == nil {
		return nil
	}
	if err := p.kept.restoreClock(); err != nil {
		return err
	}
	added, given, err := p.kept.restoreRules()
	if err != nil {
		return err
	}
	p.access.given = given
	p.access.set(added, p.access.rules)
	p.kept.restoreEntities()
	return nil
}

// giveUp lets go of what a place holds that is not to be, the transport if it is ours.
func (p *Place) giveUp(ours bool) error {
	p.end()
	err := p.assets.Close()
	if ours {
		err = errors.Join(err, p.transport.Close(netcode.CodePlaceClosed))
	}
	return err
}

// Serve opens the place and runs it until ctx ends or [Place.Close] is called.
// The agents are then told [netcode.CodePlaceClosed]. It returns nil unless the
// transports have all failed or were closed by somebody else. A place is served once; it answers [ErrServed] then, or [ErrClosed].
func (p *Place) Serve(ctx context.Context) error {
	p.turn.leave("Place.Serve")
	if err := p.begin(); err != nil {
		return err
	}
	if err := p.open(); err != nil {
		return errors.Join(err, p.Close())
	}
	failed := make(chan error, 1)
	go func() {
		failed <- p.transport.Serve(&gate{place: p, sessions: map[netcode.Conn]*session{}})
	}()
	p.assets.Start()
	var err error
	done := false
	for !done {
		done, err = p.step(ctx, failed)
	}
	err = errors.Join(err, p.Close())
	p.intake.readers.Wait()
	p.working.Wait()
	p.safely("closing", p.finish)
	return err
}

// begin reports why the place cannot be opened, if it was before or is closed.
func (p *Place) begin() error {
	switch {
	case p.closed.Load():
		return ErrClosed
	case p.served.Swap(true):
		return ErrServed
	}
	return nil
}

// open begins the place's life.
func (p *Place) open() error {
	p.beat.next, p.beat.last = p.now(), p.now()
	err := p.Do(func(t *Turn) error {
		if err := p.hooks.behaviour.Open(t); err != nil {
			return err
		}
		t.awaitKept()
		return nil
	})
	if err != nil {
		return err
	}
	if p.cfg.Opened != nil {
		p.cfg.Opened(p)
	}
	p.expectBeat()
	return nil
}

// finish tells the host of the agents that were here when the place closed, and that it is
// over.
func (p *Place) finish() {
	for _, a := range slices.Clone(p.order) {
		p.dismiss(a, netcode.CodePlaceClosed)
	}
	p.clearAway(math.MaxInt)
	p.hooks.behaviour.Settle(&p.host)
	p.hooks.behaviour.Close(&p.host)
	p.kept.keep(nil, nil)
	if p.kept.store != nil {
		p.kept.store.Put([]Record{p.kept.clockRecord()}, nil)
	}
}

// Addr is where the place listens, with the real port: the address of the first of its
// transports that knows one.
func (p *Place) Addr() netip.AddrPort {
	for _, addr := range addresses(p.cfg.Transports) {
		return addr
	}
	return netip.AddrPort{}
}

// URL is where agents reach the place: alloplace://host:port.
func (p *Place) URL() string {
	addr, host := p.Addr(), p.cfg.PublicHost
	switch {
	case host != "":
	case addr.Addr().IsUnspecified():
		host = "localhost"
	default:
		host = addr.Addr().String()
	}
	return fmt.Sprintf("alloplace://%s:%d", host, addr.Port())
}

// step waits for the next thing to do and does it. A due heartbeat goes before
// anything that waits in the inbox.
func (p *Place) step(ctx context.Context, failed <-chan error) (done bool, err error) {
	if wait := p.beat.until(time.Now()); wait <= 0 {
		p.safely("heartbeat", p.heartbeat)
		return p.catchUp(ctx), nil
	}
	wait := p.beat.until(time.Now())
	if p.kept.store != nil {
		wait = min(wait, keepEvery)
	}
	p.beat.timer.Reset(wait)
	select {
	case <-p.turns.ready:
		p.doNext()
	case <-p.beat.timer.C:
		p.safely("keeping", func() { p.kept.keepSome(p.now()) }) // heartbeats may be rare
	case <-ctx.Done():
		return true, nil
	case <-p.closing:
		return true, nil
	case err := <-failed:
		if err == nil && !p.closed.Load() {
			err = transports.ErrClosed
		}
		return true, err
	}
	return false, nil
}

// catchUp does some of what waits, so that heartbeats which take too long do not keep
// the place from hearing those that could make them shorter, or that it is to end.
func (p *Place) catchUp(ctx context.Context) (done bool) {
	const most = 5 * time.Millisecond
	for end := time.Now().Add(most); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return true
		case <-p.closing:
			return true
		case <-p.turns.ready:
			p.doNext()
		default:
			return false
		}
	}
	return false
}

// Close ends the place: its agents are told, its transport is closed, and Serve
// returns. Closing twice is fine; both wait until it is done.
func (p *Place) Close() error {
	if p.closed.CompareAndSwap(false, true) {
		close(p.closing)
		p.end()
		p.closeErr = errors.Join(p.transport.Close(netcode.CodePlaceClosed), p.assets.Close())
		close(p.done)
	}
	<-p.done
	return p.closeErr
}

// Time is the place's clock in seconds: what place.clock.time says, and what
// clock requests are answered with. It counts from when the place was first opened, as far
// as [Config.Store] knows, and does not go back, whatever becomes of the machine's clock,
// but by a minute at most if that was set back after the place was killed. Safe from any
// goroutine.
func (p *Place) Time() float64 { return p.clock.Time() }

// doNext does what is next of what waits for the turn.
func (p *Place) doNext() {
	if f := p.turns.take(); f != nil {
		p.safely("message", f)
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// mostBehind is how many seconds of the turn a newcomer from an address that has had much
// comes behind others at most.
const mostBehind = 1.0
