package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts"
)

// builtIn are the foyer's scripts as they were when the command was built.
//
//go:embed place
var builtIn embed.FS

// foyer is the place.
type foyer struct {
	place   *engine.Place
	runtime *scripts.Runtime
	office  *boxOffice
}

// openFoyer loads the scripts and binds the port. The error names the flag to blame, and
// the line if it is a script's.
func openFoyer(cfg config, office *boxOffice) (*foyer, error) {
	sources, err := builtInScripts()
	if err != nil {
		return nil, err
	}
	runtime, err := scripts.New(scripts.Config{
		Dir:     cfg.scripts, // watched, where there is one
		Sources: sources,
		Modules: map[string]scripts.Module{"tickets": office.module()},
		Logger:  cfg.log,
	})
	if err != nil {
		return nil, fmt.Errorf("--scripts: %w", err)
	}
	place, err := engine.New(engine.Config{Listen: cfg.listen, Behaviour: runtime, Logger: cfg.log})
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	return &foyer{place: place, runtime: runtime, office: office}, nil
}

func builtInScripts() (scripts.Sources, error) {
	place, err := fs.Sub(builtIn, "place")
	if err != nil {
		return nil, err
	}
	return scripts.FS(place)
}

// serve lets agents in until ctx ends. When it returns, nothing of the scripts' is at
// work any more, the watch on their directory included.
func (f *foyer) serve(ctx context.Context) error {
	defer f.runtime.Wait()
	return f.place.Serve(ctx)
}

// tell publishes how many tickets are left: ["tickets_left", 99]. The office is asked on
// the place's turn, so that of two who tell at once the later has the last word.
func (f *foyer) tell() error {
	err := f.place.Do(func(t *engine.Turn) error {
		return t.Publish(engine.PlaceID, "tickets_left", f.office.left())
	})
	if errors.Is(err, engine.ErrClosed) {
		return nil // nobody is there to hear it
	}
	return err
}

// url is where agents on this machine find the foyer.
func (f *foyer) url() string { return "alloplace://" + f.place.Addr().String() }
