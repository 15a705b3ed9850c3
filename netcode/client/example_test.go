package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// An agent that waits for company, waves, and walks ahead.
func ExampleDial() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	agent, err := client.Dial(ctx, "alloplace://localhost", client.Config{
		Identity: map[string]any{"display_name": "Ada"},
		Avatar:   map[string]any{"visor": map[string]any{"display_name": "Ada"}},
		Handle: func(c *client.Client, i netcode.Interaction) {
			fmt.Printf("%s says %s\n", i.From, i.Body)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer agent.Close()

	var friend string
	err = agent.WaitFor(ctx, func(d *netcode.Document) bool {
		for id := range d.Entities {
			if _, ok := d.Component(id, "visor"); ok && id != agent.Avatar() {
				friend = id
			}
		}
		return friend != ""
	})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := agent.Request(ctx, friend, "wave", "hello")
	fmt.Println(answer, err)
	if err := agent.SetIntent(netcode.Intent{WantsStickMovement: true, ZMovement: -1}); err != nil {
		log.Fatal(err)
	}
	<-agent.Done()
}

// A copy of a document stays what it was.
func ExampleDocument_Apply() {
	var doc netcode.Document
	states := []string{
		`{"patch_style":"set","entities":{"lamp":{"components":{"light":{"on":false}}}},"revision":1}`,
		`{"patch_style":"merge","patch_from":1,"entities":{"lamp":{"components":{"light":{"on":true}}}},"revision":2}`,
	}
	var before netcode.Document
	for _, data := range states {
		before = doc
		state, err := netcode.ParseState([]byte(data))
		if err != nil {
			log.Fatal(err)
		}
		if err := doc.Apply(&state); err != nil {
			log.Fatal(err)
		}
	}
	was, _ := before.Component("lamp", "light")
	is, _ := doc.Component("lamp", "light")
	fmt.Println("revision", before.Revision, was)
	fmt.Println("revision", doc.Revision, is)
	// Output:
	// revision 1 map[on:false]
	// revision 2 map[on:true]
}
