package scripts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/store"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// Options are what [Open] opens a scripted place with. The zero value is the bundled scripts
// on the protocol's port, and keeps nothing.
type Options struct {
	// Dir is the directory of the scripts. "" means those of Scripts.
	Dir string
	// Data is the directory of what the place keeps: its entities, place.store, its key and
	// assets, made if need be. One process at a time may have it. "" means that nothing
	// survives the process.
	Data string
	// Listen is the UDP host:port, IPv4; port 0 takes a free one. "" means that of the
	// protocol, on every interface. It is not used with Place.Transports.
	Listen string
	// Network bounds what connections cost; a zero field means its default. It is not used
	// with Place.Transports.
	Network enet.Limits
	// Scripts are the other options of the scripts. Its Dir, Store and Logger are those of
	// Options where they are set there; place.store is kept in Data unless Store is set.
	Scripts Config
	// Place are the other options of the place. Open sets its Behaviour, and its Store and
	// Key with Data: they must be nil then. Its Assets are the scripts', kept in Data, where
	// their Folder and Dir are empty.
	Place engine.Config
	// Logger gets what place, scripts, store and network log. Nil means [slog.Default].
	Logger *slog.Logger
}

// Place is a place that runs scripts, with all that belongs to it.
type Place struct {
	*engine.Place
	// Scripts are those that the place runs.
	Scripts *Runtime

	kept   *store.Store // nil if nothing is kept
	closed sync.Once
	err    error // of closing
}

// Open loads the scripts, opens what the place keeps, and binds its port. From [Place.Serve]
// on agents can join. Where one of these fails, nothing stays open.
func Open(o Options) (place *Place, err error) {
	if o.Place.Behaviour != nil {
		return nil, errors.New("scripts: Options.Place.Behaviour is set, but the scripts are what the place does; use engine.New")
	}
	if o.Data != "" && (o.Place.Store != nil || o.Place.Key != nil) {
		return nil, errors.New("scripts: Options.Place has a Store or a Key, and Options.Data keeps both: leave one of them out")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	p := &Place{}
	defer func() {
		if err != nil && p.kept != nil {
			err = errors.Join(err, p.kept.Close())
		}
	}()
	if o.Data != "" {
		if err := p.keep(&o); err != nil {
			return nil, err
		}
	}
	if o.Dir != "" {
		o.Scripts.Dir = o.Dir
	}
	o.Scripts.Logger, o.Place.Logger = o.Logger, o.Logger
	if p.Scripts, err = New(o.Scripts); err != nil {
		return nil, err
	}
	o.Place.Behaviour = p.Scripts
	if o.Place.Assets.Folder == "" {
		o.Place.Assets.Folder = p.Scripts.AssetFolder()
	}
	own := len(o.Place.Transports) == 0
	if own {
		if o.Listen == "" {
			o.Listen = fmt.Sprintf("0.0.0.0:%d", netcode.DefaultPort)
		}
		t, err := enet.New(enet.Config{Listen: o.Listen, Logger: o.Logger, Limits: o.Network})
		if err != nil {
			return nil, err
		}
		o.Place.Transports = []netcode.Transport{t}
	}
	if p.Place, err = engine.New(o.Place); err != nil {
		if own {
			err = errors.Join(err, o.Place.Transports[0].Close(netcode.CodePlaceClosed))
		}
		return nil, err
	}
	return p, nil
}

// keep opens what the place keeps.
func (p *Place) keep(o *Options) (err error) {
	if p.kept, err = store.Open(o.Data, store.Options{Logger: o.Logger}); err != nil {
		return err
	}
	if o.Scripts.Store == nil {
		if o.Scripts.Store, err = KeepStore(p.kept); err != nil {
			return err
		}
	}
	if o.Place.Assets.Dir == "" {
		o.Place.Assets.Dir = filepath.Join(o.Data, "assets")
	}
	o.Place.Store = p.kept
	o.Place.Key, err = p.kept.Key()
	return err
}

// Serve serves the place until ctx ends or something fails, and closes it.
func (p *Place) Serve(ctx context.Context) error {
	return errors.Join(p.Place.Serve(ctx), p.Close())
}

// Close closes the place, and what it keeps once the scripts have done with it. It may be
// called more than once.
func (p *Place) Close() error {
	p.closed.Do(func() {
		p.err = p.Place.Close()
		p.Scripts.Wait()
		if p.kept != nil {
			p.err = errors.Join(p.err, p.kept.Close())
		}
	})
	return p.err
}
