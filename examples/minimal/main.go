// Command minimal serves a place that is scripted in Lua: go run ./examples/minimal examples/lobby
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"

	"github.com/loci-place/loci/scripts"
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	place, err := scripts.Open(scripts.Options{Dir: flag.Arg(0)})
	if err != nil {
		log.Fatal(err)
	}
	log.Print("ready ", place.URL())
	if err := place.Serve(ctx); err != nil {
		log.Fatal(err)
	}
}
