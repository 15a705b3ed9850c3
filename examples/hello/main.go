// Command hello is a small agent: it joins a place, walks in a circle, and tells
// who else is there as they come and go.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

func main() {
	url := flag.String("url", "alloplace://localhost", "the `place` to join")
	name := flag.String("name", "hello", "the agent's `name`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	agent, err := client.Dial(ctx, *url, client.Config{
		Identity: map[string]any{"display_name": *name},
		Avatar:   map[string]any{"visor": map[string]any{"display_name": *name}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer agent.Close()
	fmt.Println("joined", agent.PlaceName())

	there := map[string]any{}
	for yaw := 0.0; ctx.Err() == nil && agent.Err() == nil; yaw += 0.05 {
		// Ahead at half of 2 m/s, turning a radian a second: a circle of 1 m.
		agent.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -0.5, Yaw: yaw})
		agent.View(func(d *netcode.Document) { there = greet(d, agent.Avatar(), there) })
		time.Sleep(50 * time.Millisecond)
	}
	if agent.Err() != nil {
		fmt.Println(agent.Err())
	}
}

// greet prints who has come and gone since before, and returns who is there:
// names by the ids of avatars.
func greet(d *netcode.Document, self string, before map[string]any) map[string]any {
	now := map[string]any{}
	for id := range d.Entities {
		if visor, ok := d.Component(id, "visor"); ok && id != self {
			now[id] = visor["display_name"]
			if _, known := before[id]; !known {
				fmt.Println("here:", now[id])
			}
		}
	}
	for id, name := range before {
		if _, still := now[id]; !still {
			fmt.Println("gone:", name)
		}
	}
	return now
}
