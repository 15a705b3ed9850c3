package engine

import (
	"log/slog"
	"testing"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
)

func BenchmarkDo(b *testing.B) {
	place, err := New(Config{Transports: []netcode.Transport{pipe.New(pipe.Config{}).Listen()}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer place.Close()
	if err := place.Do(func(t *Turn) error {
		_, err := t.Spawn("lamp", map[string]any{"light": map[string]any{"on": true}})
		return err
	}); err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func(t *Turn) error{
		"nothing": func(*Turn) error { return nil },
		"read": func(t *Turn) error {
			_, _ = t.Component("lamp", "light")
			return nil
		},
		"change": func(t *Turn) error {
			return t.Change("lamp", map[string]any{"light": map[string]any{"on": true}})
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = place.Do(f)
			}
		})
	}
}
