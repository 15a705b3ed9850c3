package engine_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/pipe"
)

// closet is a place on a network in memory, served until closed, so that the
// examples need no ports. A place of yours is made by engine.New alone.
type closet struct {
	*engine.Place
	ctx    context.Context
	cancel context.CancelFunc
	pipe   *pipe.Network
	url    string
	served chan error
	hosts  []*client.Dialer // of agents
}

func open(cfg engine.Config) *closet {
	pipe := pipe.New(pipe.Config{})
	end := pipe.Listen()
	cfg.Transports, cfg.Logger = []netcode.Transport{end}, slog.New(slog.DiscardHandler)
	place, err := engine.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	c := &closet{Place: place, pipe: pipe, url: "alloplace://" + end.Addr().String(), served: make(chan error, 1)}
	c.ctx, c.cancel = context.WithTimeout(context.Background(), 10*time.Second)
	go func() { c.served <- place.Serve(c.ctx) }()
	return c
}

// join lets an agent in.
func (c *closet) join(name string, handle func(*client.Client, netcode.Interaction)) *client.Client {
	host := client.NewDialer(c.pipe.Host())
	c.hosts = append(c.hosts, host)
	agent, err := host.Dial(c.ctx, c.url, client.Config{
		Identity: map[string]any{"display_name": name},
		Handle:   handle,
	})
	if err != nil {
		log.Fatal(err)
	}
	return agent
}

func (c *closet) close() {
	c.cancel()
	if err := <-c.served; err != nil {
		log.Fatal(err)
	}
	for _, host := range c.hosts {
		if err := host.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

// A place on a free port of this machine's, for as long as a context lasts.
func ExampleNew() {
	transport, err := enet.New(enet.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		log.Fatal(err)
	}
	place, err := engine.New(engine.Config{
		Name: "Attic", Transports: []netcode.Transport{transport}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- place.Serve(ctx) }()

	agent, err := client.Dial(ctx, "alloplace://"+transport.Addr().String(), client.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer agent.Close()
	fmt.Println("joined", agent.PlaceName())
	cancel()
	fmt.Println("served:", <-served)
	<-agent.Done()
	fmt.Println(agent.Err())
	// Output:
	// joined Attic
	// served: <nil>
	// netcode: the place has closed (1100)
}

// What is in a place is changed by its host from any goroutine; those who are there
// see it with the next heartbeat.
func ExamplePlace_Do() {
	place := open(engine.Config{})
	defer place.close()
	err := place.Do(func(t *engine.Turn) error {
		_, err := t.Spawn("lamp", map[string]any{"light": map[string]any{"on": false}})
		if err != nil {
			log.Fatal(err)
		}
		if err := t.Change("lamp", map[string]any{"light": map[string]any{"on": true}}); err != nil {
			log.Fatal(err)
		}
		light, _ := t.Component("lamp", "light")
		fmt.Println("on:", light["on"])
		return nil
	})
	if err != nil { // the place is closed
		log.Fatal(err)
	}

	agent := place.join("Ada", nil)
	err = agent.WaitFor(place.ctx, func(d *netcode.Document) bool {
		light, _ := d.Component("lamp", "light")
		return light["on"] == true
	})
	fmt.Println("seen:", err == nil)
	// Output:
	// on: true
	// seen: true
}

// A table with something on it: children stand relative to their parent.
func ExampleTurn_Spawn() {
	place := open(engine.Config{})
	defer place.close()
	above := netcode.Identity
	above[13] = 0.8 // metres
	_ = place.Do(func(t *engine.Turn) error {
		table, err := t.Spawn("table", map[string]any{
			"children": []any{
				map[string]any{
					"transform": map[string]any{"matrix": above},
					"lamp":      map[string]any{"on": false},
				},
			},
		})
		if err != nil {
			log.Fatal(err)
		}
		for _, id := range t.Entities() {
			e, _ := t.Entity(id)
			if e.Components["relationships"]["parent"] == table {
				fmt.Println("on the table:", e.Components["lamp"], "of", e.Owner)
			}
		}
		return nil
	})
	// Output:
	// on the table: map[on:false] of place
}

// Components are replaced whole, and either all of a change is made or nothing.
func ExampleTurn_Change() {
	place := open(engine.Config{})
	defer place.close()
	_ = place.Do(func(t *engine.Turn) error {
		_, err := t.Spawn("lamp", map[string]any{
			"light": map[string]any{"on": true, "watts": 40},
			"price": map[string]any{"euro": 12.5},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(t.Change("lamp", map[string]any{"light": map[string]any{"on": false}}, "price"))
		fmt.Println(t.Change("lamp", map[string]any{"transform": map[string]any{"matrix": "here"}}, "light"))
		lamp, _ := t.Entity("lamp")
		_, priced := lamp.Components["price"]
		fmt.Println(lamp.Components["light"], "priced:", priced)
		return nil
	})
	// Output:
	// <nil>
	// entity: transform.matrix must be 16 numbers
	// map[on:false] priced: false
}

// A host speaks to an agent on behalf of something that stands in the place.
func ExampleTurn_Send() {
	place := open(engine.Config{})
	defer place.close()
	heard := make(chan string, 1)
	agent := place.join("Ada", func(_ *client.Client, i netcode.Interaction) {
		heard <- fmt.Sprintf("%s says %s", i.From, i.Body)
	})
	_ = place.Do(func(t *engine.Turn) error {
		if _, err := t.Spawn("parrot", nil); err != nil {
			log.Fatal(err)
		}
		t.Send("parrot", agent.Avatar(), "squawk", "hello")
		return nil
	})
	fmt.Println(<-heard)
	// Output:
	// parrot says ["squawk","hello"]
}

// A verb of the host's own. Whatever it needs of the place it finds in the turn.
func ExamplePlace_Handle() {
	place := open(engine.Config{Name: "Attic"})
	defer place.close()
	err := place.Handle("who_is_here", func(r *engine.Request) {
		if len(r.Args) > 0 {
			r.Refuse("want nothing else")
			return
		}
		var names []any
		for _, a := range r.Turn().Agents() {
			names = append(names, a.DisplayName())
		}
		r.OK(names)
	})
	if err != nil {
		log.Fatal(err)
	}

	place.join("Bob", nil)
	agent := place.join("Ada", nil)
	fmt.Println(agent.Request(place.ctx, "place", "who_is_here"))
	fmt.Println(agent.Request(place.ctx, "place", "who_is_here", "?"))
	// Output:
	// [who_is_here ok [Bob Ada]] <nil>
	// [who_is_here error want nothing else] netcode: who_is_here error: want nothing else
}

// A verb that takes time is answered later, from any goroutine: the place does not
// stand still meanwhile.
func ExampleRequest() {
	place := open(engine.Config{})
	defer place.close()
	questions := make(chan *engine.Request, 16)
	_ = place.Handle("oracle", func(r *engine.Request) {
		select {
		case questions <- r:
		default:
			r.Fail("too many questions")
		}
	})
	go func() {
		for r := range questions {
			r.OK(42) // after much thought
		}
	}()

	agent := place.join("Ada", nil)
	fmt.Println(agent.Request(place.ctx, "place", "oracle", "what is it?"))
	// Output:
	// [oracle ok 42] <nil>
}

// An official verb with a condition: what is not refused goes its usual way.
func ExampleRequest_Default() {
	place := open(engine.Config{})
	defer place.close()
	_ = place.Handle("spawn_entity", func(r *engine.Request) {
		if r.Agent.DisplayName() != "Ada" {
			r.Refuse("this place is Ada's to furnish")
			return
		}
		r.Default()
	})

	for _, name := range []string{"Ada", "Bob"} {
		agent := place.join(name, nil)
		_, err := agent.Request(place.ctx, "place", "spawn_entity", map[string]any{})
		fmt.Println(name+":", err)
	}
	// Output:
	// Ada: <nil>
	// Bob: netcode: spawn_entity error: this place is Ada's to furnish
}

// Joined and Left hear of agents on the place's turn, and may use it.
func ExampleConfig_joined() {
	left := make(chan struct{})
	place := open(engine.Config{
		Joined: func(t *engine.Turn, a engine.Agent) {
			fmt.Println(a.DisplayName(), "came; here:", len(t.Agents()))
		},
		Left: func(t *engine.Turn, a engine.Agent, code uint32) {
			_, there := t.Entity(a.Avatar)
			fmt.Println(a.DisplayName(), "left with", code, "- avatar still there:", there)
			close(left)
		},
	})
	defer place.close()
	if err := place.join("Ada", nil).Close(); err != nil {
		log.Fatal(err)
	}
	<-left
	// Output:
	// Ada came; here: 1
	// Ada left with 1001 - avatar still there: false
}

// A file of the host's, and one of an agent's.
func ExamplePlace_AddAsset() {
	place := open(engine.Config{})
	defer place.close()
	ann, bob := place.join("ann", nil), place.join("bob", nil)

	id, err := place.AddAsset(strings.NewReader("a door"))
	if err != nil {
		log.Fatal(err)
	}
	content, err := ann.FetchAsset(place.ctx, id, "")
	fmt.Printf("%s %v\n", content, err)

	content, err = bob.FetchAsset(place.ctx, ann.PublishAsset([]byte("a window")), ann.Avatar())
	fmt.Printf("%s %v\n", content, err)
	// Output:
	// a door <nil>
	// a window <nil>
}

// Rules of a host's own, tried before the usual ones: a janitor may send others away,
// and nobody brings furniture.
func ExampleDefaultRules() {
	rules := engine.DefaultRules()
	for verdict, source := range map[acl.Verdict]string{
		acl.Allow: `["interaction", "request", From, "place", _, ["kick_agent" | _]] when identity(From)["role"] == "janitor"`,
		acl.Deny:  `["interaction", "request", _, "place", _, ["spawn_entity" | _]]`,
	} {
		pattern, err := acl.Compile(source)
		if err != nil {
			log.Fatal(err)
		}
		rules.Own = append(rules.Own, &acl.Rule{ID: verdict.String(), Verdict: verdict, Pattern: pattern, Origin: "the host"})
	}
	place := open(engine.Config{Rules: &rules})
	defer place.close()
	agent := place.join("Ada", nil)
	for _, body := range [][]any{{"kick_agent", "x"}, {"spawn_entity", map[string]any{}}, {"list_agents"}} {
		answer, _ := agent.Request(place.ctx, "place", body...)
		fmt.Println(body[0], answer[0])
	}
	// Output:
	// kick_agent interaction_denied
	// spawn_entity interaction_denied
	// list_agents list_agents
}
