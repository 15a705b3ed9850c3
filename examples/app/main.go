// Command app is a small app that a gateway boots into a place: a sign that says who
// has launched it, with a button that counts.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

func main() {
	log.SetFlags(0) // the gateway's log has the time
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		log.Fatal(err)
	}
}

// run joins the place that the environment names and stays until ctx or the place ends
// it.
func run(ctx context.Context, getenv func(string) string) error {
	l, err := readLaunch(getenv)
	if err != nil {
		return err
	}
	s := newSign(l)
	agent, err := client.Dial(ctx, l.place, client.Config{
		Identity: map[string]any{"display_name": "sign"},
		Avatar:   s.avatar(),
		Handle:   s.handle,
	})
	if err != nil {
		return err
	}
	defer agent.Close()
	for _, mesh := range s.meshes {
		agent.PublishAsset(mesh)
	}
	fmt.Printf("joined %q, launched by %q\n", agent.PlaceName(), l.by)
	select {
	case <-ctx.Done():
		return nil
	case <-agent.Done():
	}
	if end, ok := errors.AsType[*client.DisconnectError](agent.Err()); ok && end.Code == netcode.CodePlaceClosed {
		return nil
	}
	return agent.Err()
}
