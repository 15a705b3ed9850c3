package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/pipe"
)

// runSwarm runs a swarm against a place, both on a network in memory. During runs
// beside it, if it is not nil.
func runSwarm(
	t *testing.T, place engine.Config, cfg config, network pipe.Config, during func(p *engine.Place, s *swarm),
) (r *report, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := pipe.New(network)
		end := n.Listen()
		place.Transports, place.Logger = []netcode.Transport{end}, slog.New(slog.DiscardHandler)
		p, placeErr := engine.New(place)
		if placeErr != nil {
			t.Fatal(placeErr)
		}
		served := make(chan error, 1)
		go func() { served <- p.Serve(context.Background()) }()
		cfg.url = "alloplace://" + end.Addr().String()
		if err = cfg.complete(nil); err != nil {
			t.Fatal(err)
		}
		s, openErr := newSwarm(cfg, func(hosts, _ int) (open []netcode.Dialer, _ error) {
			for range hosts {
				open = append(open, n.Host())
			}
			return open, nil
		})
		if openErr != nil {
			t.Fatal(openErr)
		}
		if during != nil {
			go during(p, s)
		}
		r, err = s.run(t.Context())
		s.close()
		if closeErr := errors.Join(p.Close(), <-served); closeErr != nil {
			t.Error(closeErr)
		}
	})
	return r, err
}

func swarmOf(agents int) config {
	return config{
		agents: agents, warmup: 2 * time.Second, measure: 5 * time.Second, walk: true,
		requestTo: toPlace, joinRate: 100, near: defaultNear,
		listeners: defaultListeners, mediaRate: defaultMediaRate, mediaBytes: defaultMediaBytes, mix: versionMix{{3, 1}, {4, 1}},
	}
}

func TestSwarmMeasuresAPlaceThatKeepsUp(t *testing.T) {
	for _, to := range []string{toPlace, toAgent} {
		t.Run("requests to "+to, func(t *testing.T) {
			cfg := swarmOf(20)
			cfg.requestRate, cfg.requestTo, cfg.hosts = 2, to, 3
			r, err := runSwarm(t, engine.Config{}, cfg, pipe.Config{Delay: 10 * time.Millisecond}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Agents != 20 || r.Versions[3] != 10 || r.Versions[4] != 10 || r.Disconnected != 0 || r.JoinError != "" {
				t.Errorf("agents: %+v", r)
			}
			if r.StatesMin < 19 || r.StatesMean > 21 || r.Gaps.P50 < 45 || r.Gaps.Max > 110 {
				t.Errorf("states: %+v", r)
			}
			if r.BytesState < 100 || r.BytesSecond < 19*100 || r.Resent != 0 || r.Unusable != 0 {
				t.Errorf("bytes: %+v", r)
			}
			trip := 20.0 // milliseconds, twice as long by way of another agent
			if to == toAgent {
				trip = 40
			}
			if r.Requests < 180 || r.Requests > 220 || r.RequestsFailed != 0 || r.Trips.P50 < trip || r.Trips.P99 > trip+5 {
				t.Errorf("requests: %+v", r)
			}
		})
	}
}

func TestWatchersMeasureWhatAPlaceOwes(t *testing.T) {
	for _, budget := range []int{0, 2000} {
		t.Run(fmt.Sprint("state budget ", budget), func(t *testing.T) {
			cfg := swarmOf(40)
			cfg.spread, cfg.watchers, cfg.near = 100, 3, 4
			r, err := runSwarm(t, engine.Config{Limits: engine.Limits{StateBudget: budget}}, cfg, pipe.Config{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			a := r.Ages
			if a == nil || a.Watchers != 3 || a.Visible != 39 || r.Unusable != 0 {
				t.Fatalf("%+v", r)
			}
			if a.Nearest.Fresh.P50 != 0 || a.Nearest.Worn.P50 != 50 {
				t.Errorf("nearest %v", a.Nearest)
			}
			if everything := budget == 0; everything != (a.Oldest.Fresh.Max == 0) || everything != (a.Farthest.Worn.P99 == 50) {
				t.Errorf("farthest %v, oldest %v", a.Farthest, a.Oldest)
			}
		})
	}
}

func TestEveryListenerHearsItsSpeakersAndNobodyElse(t *testing.T) {
	for name, c := range map[string]struct{ listeners, want int }{"all": {defaultListeners, 9}, "some": {3, 3}} {
		t.Run(name, func(t *testing.T) {
			cfg := swarmOf(10)
			cfg.speakers, cfg.listeners = 4, c.listeners
			r, err := runSwarm(t, engine.Config{}, cfg, pipe.Config{Delay: 10 * time.Millisecond}, nil)
			if err != nil {
				t.Fatal(err)
			}
			m := r.Media
			if m == nil || m.Speakers != 4 || m.Listeners != c.want || m.Bytes != defaultMediaBytes {
				t.Fatalf("%+v", m)
			}
			if m.Sent < 990 || m.Sent > 1010 || m.Delivered != 1 || m.Heard != m.Sent*uint64(c.want) {
				t.Errorf("%+v", m)
			}
			if m.Trips.P50 < 20 || m.Trips.Max > 25 {
				t.Errorf("%v there and back", m.Trips)
			}
		})
	}
}

func TestLostMediaShows(t *testing.T) {
	cfg := swarmOf(10)
	cfg.speakers = 4
	r, err := runSwarm(t, engine.Config{}, cfg, pipe.Config{Loss: 0.2, Seed: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Media.Delivered; d < 0.61 || d > 0.67 { // 0.8 of 0.8
		t.Errorf("%+v", r.Media)
	}
}

func TestAgentsWalkCirclesFromTheirSpots(t *testing.T) {
	cfg := swarmOf(10)
	cfg.spread, cfg.watchers = 1000, 1
	type begin struct {
		circle circle
		x, z   float64
	}
	spots := map[any]begin{}
	for n := range cfg.agents {
		x, z := cfg.spot(n)
		spots[fmt.Sprintf("swarm %d", n)] = begin{circleOf(n), x, z}
	}
	look := func(_ *engine.Place, s *swarm) {
		time.Sleep(3 * time.Second)
		s.mu.Lock()
		watching := s.agents[slices.IndexFunc(s.agents, func(a *agent) bool { return a.watcher != nil })]
		s.mu.Unlock()
		watching.watcher.mu.Lock()
		walked := time.Since(watching.watcher.began)
		watching.watcher.mu.Unlock()
		watching.client.View(func(d *netcode.Document) {
			found := 0
			for id := range d.Entities {
				visor, ok := d.Component(id, "visor")
				if !ok {
					continue
				}
				found++
				m, spot := matrixOf(d, id), spots[visor["display_name"]]
				// Intents, heartbeats and states, 50 ms apart, make them this late.
				x, z := spot.circle.offset(walked)
				if off := math.Hypot(m[12]-spot.x-x, m[14]-spot.z-z); off > 0.15*walkingSpeed {
					t.Errorf("%v is %v m off", visor, off)
				}
			}
			if found != cfg.agents {
				t.Errorf("%d avatars", found)
			}
		})
	}
	if _, err := runSwarm(t, engine.Config{}, cfg, pipe.Config{}, look); err != nil {
		t.Fatal(err)
	}
}

func TestSwarmNoticesAPlaceThatCloses(t *testing.T) {
	closeSoon := func(p *engine.Place, _ *swarm) {
		time.Sleep(4 * time.Second)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	r, err := runSwarm(t, engine.Config{}, swarmOf(10), pipe.Config{}, closeSoon)
	if err != nil {
		t.Fatal(err)
	}
	if r.Disconnected != 10 || !strings.Contains(r.DisconnectOf, "1100") {
		t.Errorf("disconnected: %d, %q", r.Disconnected, r.DisconnectOf)
	}
	if r.StatesMean > 10 || r.Gaps.Max < 2000 {
		t.Errorf("%v states a second, %v: the silence does not show", r.StatesMean, r.Gaps)
	}
}

func TestSwarmOutsideEveryPlaceFails(t *testing.T) {
	lost := pipe.Config{Loss: 1}
	if _, err := runSwarm(t, engine.Config{}, swarmOf(3), lost, nil); err == nil || !strings.Contains(err.Error(), "no agent could join") {
		t.Errorf("got %v", err)
	}
}

func TestAgentCountsGapsAcrossTheWindowsEdges(t *testing.T) {
	cases := map[string]struct {
		states []time.Duration // when they come; the window is from 1 s to 2 s
		want   []time.Duration
	}{
		"steady": {[]time.Duration{900, 1100, 1300, 1500, 1700, 1900, 2100}, []time.Duration{200, 200, 200, 200, 200}},
		"silent": {nil, []time.Duration{1000}},
		"ended":  {[]time.Duration{900, 1100}, []time.Duration{200, 900}},
		"late":   {[]time.Duration{100, 1900}, []time.Duration{1800}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a agent
				start := time.Now()
				var got tally
				time.AfterFunc(time.Second, func() { a.start(time.Now()) })
				time.AfterFunc(2*time.Second, func() { got = a.stop(time.Now()) })
				for _, at := range c.states {
					time.Sleep(time.Until(start.Add(at * time.Millisecond)))
					a.observe(client.StateHeader{Held: true})
				}
				time.Sleep(time.Until(start.Add(3 * time.Second)))
				synctest.Wait()
				if len(got.gaps) != len(c.want) {
					t.Fatalf("gaps %v, want %v ms", got.gaps, c.want)
				}
				for i, want := range c.want {
					if got.gaps[i] != want*time.Millisecond {
						t.Errorf("gaps %v, want %v ms", got.gaps, c.want)
					}
				}
			})
		})
	}
}

func TestReportIsPrintedForPeopleAndMachines(t *testing.T) {
	media := &mediaReport{Speakers: 2, Listeners: 3, Bytes: 120, Sent: 50, Heard: 147, Delivered: 0.98, Trips: spread{1, 2, 3}}
	r := &report{Media: media, Agents: 2, Asked: 3, Versions: map[int]int{3: 1, 4: 1}, JoinError: "too many", Seconds: 2, measuredServer: true, ServerCPU: 0.003, ServerRSS: 2e6}
	near, far := &ages{ranks: 4, watchers: 1, samples: 1, seen: 3}, &ages{ranks: 4, watchers: 1, samples: 1, seen: 4}
	for _, age := range []time.Duration{10, 10, 30} {
		near.near.fresh.add(age * time.Millisecond)
	}
	far.far.worn.add(70 * time.Millisecond)
	r.add([]tally{
		{states: 40, bytes: 4e6, ages: near, sets: 3, gaps: []time.Duration{40 * time.Millisecond, 60 * time.Millisecond}, trips: []time.Duration{time.Millisecond}},
		{states: 20, bytes: 2e6, ages: far, sets: 1, unusable: 1, gaps: []time.Duration{100 * time.Millisecond}, failed: 1},
	})
	var table strings.Builder
	if err := r.table(&table); err != nil {
		t.Fatal(err)
	}
	want := `agents     2 of 3 joined in 0.0 s (1 of version 3, 1 of version 4), 0 disconnected
           first join that failed: too many
states     15.00 a second and agent, 10.00 for the agent with the fewest
bytes      100000 a state, 1500000 a second and agent
gaps       p50 60.0 ms, p99 100.0 ms, max 100.0 ms; p99 100.0 ms for the agent with the longest
watchers   2, with 3.5 others in sight on average
nearest    of 4: p50 10.0 ms, p99 30.0 ms, max 30.0 ms; before the next state p50 0.0 ms, p99 0.0 ms, max 0.0 ms
farthest   of 4: p50 0.0 ms, p99 0.0 ms, max 0.0 ms; before the next state p50 70.0 ms, p99 70.0 ms, max 70.0 ms
oldest     of all: p50 0.0 ms, p99 0.0 ms, max 0.0 ms; before the next state p50 0.0 ms, p99 0.0 ms, max 0.0 ms
resent     2 full states after the first, 1 states unusable
requests   1.0 a second, p50 1.0 ms, p99 1.0 ms, max 1.0 ms, 1 failed
media      2 speakers sent 50 packets of 120 bytes to 3 listeners each, 98.00 % arrived, p50 1.0 ms, p99 2.0 ms, max 3.0 ms
server     0.003 CPU s/s, 1.00 ms for each MB of states, 2.0 MB of memory at the end
swarm      0.000 CPU s/s, over 2.0 s
`
	if table.String() != want {
		t.Errorf("got\n%swant\n%s", table.String(), want)
	}
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"states_per_second_min":10`, `"gap_ms":{"p50":60,"p99":100,"max":100}`, `"full_states_resent":2`, `"versions":{"3":1,"4":1}`,
		`"nearest":{"age_ms":{"p50":10,"p99":30,"max":30},"worn_ms":{"p50":0,"p99":0,"max":0}}`, `"visible":3.5`, `"gap_p99_ms_max":100`, `"server_cpu_ms_per_mb":1`, `"delivered":0.98`,
	} {
		if !strings.Contains(string(encoded), part) {
			t.Errorf("%s lacks %s", encoded, part)
		}
	}
}

func TestReportWithoutStatesIsValidJSON(t *testing.T) {
	r := &report{Seconds: 1}
	r.add([]tally{{}})
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}
