package engine

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
)

// Driver runs a place by hand, in the stead of [Place.Serve]: for tests of what a host
// or a script makes of it, in which nothing happens by itself and no time passes unless
// told. Its methods are called from one goroutine, which may use a [Turn] in between.
type Driver struct {
	place *Place
	now   atomic.Int64 // nanoseconds since the place was made
	ended sync.Once
}

// Drive opens the place and returns what drives it, or the error of its behaviour, with
// which the place closes. The place must have one transport, a [netcode.Inline] such as direct.Transport. A place is driven or served, and once: the error is [ErrServed]
// then, or [ErrClosed].
func (p *Place) Drive() (*Driver, error) {
	p.turn.leave("Place.Drive")
	if err := p.begin(); err != nil {
		return nil, err
	}
	transport, ok := p.transport.(netcode.Inline)
	if !ok {
		err := fmt.Errorf("engine: a place is driven over one transport, a netcode.Inline, not a %T", p.transport)
		return nil, errors.Join(err, p.Close())
	}
	d := &Driver{place: p}
	p.intake.driven = true
	p.now = func() time.Time { return p.started.Add(time.Duration(d.now.Load())) }
	p.upkeep.clock = p.now
	if err := p.open(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.assets.Start()
	if err := transport.ServeInline(&gate{place: p, sessions: map[netcode.Conn]*session{}}); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return d, nil
}

// Settle handles all that agents have sent so far, and what has come meanwhile of what
// works outside of the place's turn: a launched app, a search for an asset.
func (d *Driver) Settle() {
	d.place.turn.leave("Driver.Settle")
	for d.place.intake.unread.Load() > 0 {
		<-d.place.turns.ready
		d.place.doNext()
	}
	for {
		select {
		case <-d.place.turns.ready:
			d.place.doNext()
		default:
			return
		}
	}
}

// Advance lets time pass, a heartbeat after the other, and handles what agents send
// meanwhile.
func (d *Driver) Advance(by time.Duration) {
	d.place.turn.leave("Driver.Advance")
	period := d.place.period()
	for end := d.now.Load() + int64(by); d.now.Load() < end; {
		d.now.Store(min(end, d.now.Load()+int64(period)))
		d.Settle()
		d.place.safely("heartbeat", d.place.heartbeat)
	}
	d.Settle()
}

// Close ends the place as Serve does. Closing twice is fine.
func (d *Driver) Close() error {
	d.place.turn.leave("Driver.Close")
	err := d.place.Close()
	d.ended.Do(func() {
		d.place.intake.readers.Wait()
		d.place.working.Wait()
		d.place.safely("closing", d.place.finish)
	})
	return err
}
