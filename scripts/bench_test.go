package scripts

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/scripts/internal/sched"
)

// benched opens a place whose log is silent.
func benched(b *testing.B, sources files) *rig {
	b.Helper()
	return opened(b, sources, func(c *Config) { c.Logger = slog.New(slog.DiscardHandler) })
}

// global gives a function that the scripts made global.
func (r *rig) global(name string) *sched.Handler {
	return sched.NewHandler(r.rt.gen.L.GetGlobal(name).(*lua.LFunction), name)
}

// A handler called with an entity and a number, with its budget.
func BenchmarkCallingAHandler(b *testing.B) {
	r := benched(b, lua1(`function f(entity, n) return n end place.scene{ a = {} }`))
	r.do(func(*engine.Turn) {
		g, h := r.rt.gen, r.global("f")
		entity, n := g.Entities.Value("a"), lua.LNumber(1)
		r.rt.sched.RefillWith(1<<60, 1<<60)
		for b.Loop() {
			if _, err := g.Calls.Call(h, "", entity, n); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A request of an agent's to a verb of the place's, all of it but the network.
func BenchmarkAnsweringARequest(b *testing.B) {
	r := benched(b, lua1(`place.handle("knock", function(request) return "ok", request.args[1] end)`))
	ann := r.join("ann")
	for b.Loop() {
		r.rt.sched.RefillWith(1<<60, 1<<60)
		if got := ann.request("place", `["knock",1]`); got != `["knock","ok",1]` {
			b.Fatal(got)
		}
	}
}

// A task that is started and ends.
func BenchmarkStartingATask(b *testing.B) {
	r := benched(b, lua1(`local function body() end function f() place.task(body) end`))
	r.do(func(*engine.Turn) {
		g, h := r.rt.gen, r.global("f")
		for b.Loop() {
			r.rt.sched.RefillWith(1<<60, 1<<60)
			if _, err := g.Calls.Call(h, ""); err != nil {
				b.Fatal(err)
			}
			r.rt.sched.Drain()
		}
	})
}

// Reading a component's key through a proxy: a loop of reads less the empty loop.
func BenchmarkReading(b *testing.B) {
	const times = 1000
	loops := map[string]string{
		"empty":       ``,
		"held":        `local v = held.lit`,
		"by entity":   `local v = lamp.lamp.lit`,
		"nested":      `local v = held.colors[2]`,
		"plain table": `local v = plain.lit`,
	}
	for _, name := range []string{"empty", "plain table", "held", "by entity", "nested"} {
		b.Run(name, func(b *testing.B) {
			r := benched(b, lua1(fmt.Sprintf(`place.scene{ lamp = { lamp = { lit = true, colors = {1, 2, 3} } } }
				function f() local lamp = place.entity("lamp") local held = lamp.lamp local plain = { lit = true }
					for i = 1, %d do %s end end`, times, loops[name])))
			r.Advance(time.Second)
			r.do(func(*engine.Turn) {
				g, h := r.rt.gen, r.global("f")
				for b.Loop() {
					r.rt.sched.RefillWith(1<<60, 1<<60)
					if _, err := g.Calls.Call(h, ""); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/times, "ns/read")
		})
	}
}

// Writing one key of a component, with the place's checks.
func BenchmarkWriting(b *testing.B) {
	r := benched(b, lua1(`place.scene{ lamp = { lamp = { lit = true, watts = 40 } } }
		function f(n) place.entity("lamp").lamp.watts = n end`))
	r.do(func(*engine.Turn) {
		g, h := r.rt.gen, r.global("f")
		for i := 0; b.Loop(); i++ {
			r.rt.sched.RefillWith(1<<60, 1<<60)
			if _, err := g.Calls.Call(h, "", lua.LNumber(i)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A heartbeat's ticks of 1,000 components, that read, and that write.
func BenchmarkThousandTicks(b *testing.B) {
	for name, body := range map[string]string{
		"nothing": ``,
		"reads":   `if spin.speed < 0 then error("backwards") end`,
		"writes":  `spin.angle = spin.angle + spin.speed * dt`,
	} {
		b.Run(name, func(b *testing.B) {
			r := benched(b, files{
				"place.lua": `place.on("open", function()
					for i = 1, 1000 do place.spawn{ spin = { angle = 0, speed = i } } end end)`,
				"components/spin.lua": fmt.Sprintf(`return { tick = function(entity, spin, dt) %s end }`, body),
			})
			r.Advance(time.Second)
			r.do(func(*engine.Turn) {
				for b.Loop() {
					r.rt.sched.RefillWith(1<<60, 1<<60)
					r.rt.gen.Components.Tick(0.05, r.rt.gen.Events.Tick)
				}
			})
		})
	}
}

// Loading and putting in force a small place again.
func BenchmarkReload(b *testing.B) {
	sources := files{
		"place.lua":           `place.scene{ door = { door = {} } } place.on("join", function(agent) print(agent.id) end)`,
		"components/door.lua": `return { defaults = { open = false }, poke = function(entity) entity.door.open = not entity.door.open return "ok" end }`,
	}
	r := benched(b, sources)
	for b.Loop() {
		if err := r.reload(sources); err != nil {
			b.Fatal(err)
		}
	}
}
