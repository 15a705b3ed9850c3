package scripts_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/pipe"
	"github.com/loci-place/loci/scripts"
)

// attic is a place on a network in memory, with one agent in it, so that the examples
// need no ports. A place of yours is made by engine.New with a Behaviour alone.
type attic struct {
	*engine.Place
	rt     *scripts.Runtime
	agent  *client.Client
	host   *client.Dialer
	ctx    context.Context
	cancel context.CancelFunc
	served chan error
}

func serve(rt *scripts.Runtime) *attic {
	pipe := pipe.New(pipe.Config{})
	end := pipe.Listen()
	place, err := engine.New(engine.Config{Transports: []netcode.Transport{end}, Behaviour: rt, Logger: quiet()})
	if err != nil {
		log.Fatal(err)
	}
	a := &attic{Place: place, rt: rt, host: client.NewDialer(pipe.Host()), served: make(chan error, 1)}
	a.ctx, a.cancel = context.WithTimeout(context.Background(), 10*time.Second)
	go func() { a.served <- place.Serve(a.ctx) }()
	a.agent, err = a.host.Dial(a.ctx, "alloplace://"+end.Addr().String(), client.Config{
		Identity: map[string]any{"display_name": "Ada"},
	})
	if err != nil {
		log.Fatal(err)
	}
	return a
}

// ask prints what an entity answers.
func (a *attic) ask(to string, body ...any) {
	answer, err := a.agent.Request(a.ctx, to, body...)
	if answer == nil {
		log.Fatal(err)
	}
	fmt.Println(answer...)
}

func (a *attic) close() {
	a.cancel()
	if err := <-a.served; err != nil {
		log.Fatal(err)
	}
	a.rt.Wait()
	if err := a.host.Close(); err != nil {
		log.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// The scripts of a place may stand anywhere: here in memory, in a program mostly in an
// embed.FS, which is a file system too.
func ExampleNew() {
	sources, err := scripts.FS(fstest.MapFS{
		"place.lua": {Data: []byte(`
			place.name = "Attic"
			place.scene{ lamp = { transform = { at = {0, 2, -1} }, lamp = {} } }
			place.handle("knock", function(request)
				return "ok", "come in, " .. request.identity.display_name
			end)
		`)},
		"components/lamp.lua": {Data: []byte(`
			return {
				defaults = { lit = false },
				validate = function(lamp) return type(lamp.lit) == "boolean", "lit must be true or false" end,
				poke = function(entity) entity.lamp.lit = not entity.lamp.lit return "ok", entity.lamp.lit end,
			}
		`)},
	})
	if err != nil {
		log.Fatal(err)
	}
	rt, err := scripts.New(scripts.Config{Sources: sources, Logger: quiet()})
	if err != nil {
		log.Fatal(err) // place.lua:3: …
	}
	attic := serve(rt) // engine.New(engine.Config{Behaviour: rt}), Place.Serve, and an agent
	defer attic.close()

	fmt.Println("joined", attic.agent.PlaceName())
	attic.ask("place", "knock")
	attic.ask("lamp", "poke", true)
	attic.ask("place", "spawn_entity", map[string]any{"lamp": map[string]any{"lit": "very"}})
	// Output:
	// joined Attic
	// knock ok come in, Ada
	// poke ok true
	// spawn_entity error entity: lamp: lit must be true or false
}

// What is wrong with scripts is said with file and line, and nothing of them runs.
func ExampleNew_mistake() {
	for _, source := range []string{
		"place.name = 'Attic'\nplace.on('jion', function() end)",
		"place.spawn{ lamp = {} }",
		"place.handle('knock', function(request)\n  return 'ok'",
	} {
		sources, err := scripts.FS(fstest.MapFS{"place.lua": {Data: []byte(source)}})
		if err != nil {
			log.Fatal(err)
		}
		_, err = scripts.New(scripts.Config{Sources: sources})
		fmt.Println(err)
	}
	// Output:
	// place.lua:2: there is no event "jion": did you mean join?
	// place.lua:1: place.spawn works in handlers, not at the top level of a script, which only declares; what should happen once belongs in place.on("open", …)
	// place.lua:2: 'end' expected (to close 'function' at line 1) at the end of the file
}

// A host gives its scripts functions of its own. They run on the place's turn and must
// not block. An error is raised in the script; what the script should deal with is a
// result.
func ExampleConfig_modules() {
	stock := map[string]float64{"bulb": 7}
	shop := scripts.Module{
		"stock": func(_ *engine.Turn, args []any) ([]any, error) {
			item, _ := args[0].(string)
			n, ok := stock[item]
			if !ok {
				return []any{nil, fmt.Sprintf("we do not sell %q", item)}, nil
			}
			return []any{n}, nil
		},
	}
	sources, err := scripts.FS(fstest.MapFS{"place.lua": {Data: []byte(`
		local shop = require "shop"
		place.handle("stock", function(request)
			local n, why = shop.stock(request.args[1])
			if not n then return nil, why end
			return "ok", n
		end)
	`)}})
	if err != nil {
		log.Fatal(err)
	}
	rt, err := scripts.New(scripts.Config{
		Sources: sources, Modules: map[string]scripts.Module{"shop": shop}, Logger: quiet(),
	})
	if err != nil {
		log.Fatal(err)
	}
	attic := serve(rt)
	defer attic.close()

	attic.ask("place", "stock", "bulb")
	attic.ask("place", "stock", "sofa")
	// Output:
	// stock ok 7
	// stock failed we do not sell "sofa"
}

// A directory is watched, and its scripts are put in force again when one is saved. With
// NoReload that happens when the program says so. Place.state crosses over; and where
// the new scripts are wrong, those that run go on.
func ExampleRuntime_Reload() {
	dir, err := os.MkdirTemp("", "attic")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	save := func(source string) {
		if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte(source), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	const script = `
		place.handle("knock", function()
			place.state.knocks = (place.state.knocks or 0) + 1
			return "who is there?", place.state.knocks
		end)
	`
	save(script)
	rt, err := scripts.New(scripts.Config{Dir: dir, NoReload: true, Logger: quiet()})
	if err != nil {
		log.Fatal(err)
	}
	attic := serve(rt)
	defer attic.close()

	attic.ask("place", "knock")
	save(strings.ReplaceAll(script, "who is there?", "come in"))
	fmt.Println("reload:", rt.Reload(attic.Place))
	attic.ask("place", "knock")
	save("place.handle('knock'")
	fmt.Println("reload:", rt.Reload(attic.Place))
	attic.ask("place", "knock")
	// Output:
	// knock who is there? 1
	// reload: <nil>
	// knock come in 2
	// reload: place.lua:1: ')' expected at the end of the file
	// knock come in 3
}
