package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

// runSwarm runs a swarm against a place, both on a network in memory.
func runSwarm(t *testing.T, cfg config, network netcode.PipeConfig, during func(p *engine.Place)) (r *report, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := netcode.NewPipe(network)
		end := n.Listen()
		place, placeErr := engine.New(engine.Config{Transport: end, Logger: slog.New(slog.DiscardHandler)})
		if placeErr != nil {
			t.Fatal(placeErr)
		}
		served := make(chan error, 1)
		go func() { served <- place.Serve(context.Background()) }()
		cfg.url = "alloplace://" + end.Addr().String()
		if err = cfg.complete(nil); err != nil {
			t.Fatal(err)
		}
		s, openErr := newSwarm(cfg, func(hosts, _ int) (open []netcode.Transport, _ error) {
			for range hosts {
				open = append(open, n.Host())
			}
			return open, nil
		})
		if openErr != nil {
			t.Fatal(openErr)
		}
		if during != nil {
			go during(place)
		}
		r, err = s.run(t.Context())
		s.close()
		if closeErr := errors.Join(place.Close(), <-served); closeErr != nil {
			t.Error(closeErr)
		}
	})
	return r, err
}

func swarmOf(agents int) config {
	return config{
		agents: agents, warmup: 2 * time.Second, measure: 5 * time.Second, walk: true,
		requestTo: toPlace, joinRate: 100, mix: versionMix{{3, 1}, {4, 1}},
	}
}

func TestSwarmMeasuresAPlaceThatKeepsUp(t *testing.T) {
	for _, to := range []string{toPlace, toAgent} {
		t.Run("requests to "+to, func(t *testing.T) {
			cfg := swarmOf(20)
			cfg.requestRate, cfg.requestTo, cfg.hosts = 2, to, 3
			r, err := runSwarm(t, cfg, netcode.PipeConfig{Delay: 10 * time.Millisecond}, nil)
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

func TestSwarmNoticesAPlaceThatCloses(t *testing.T) {
	closeSoon := func(p *engine.Place) {
		time.Sleep(4 * time.Second)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	r, err := runSwarm(t, swarmOf(10), netcode.PipeConfig{}, closeSoon)
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
	lost := netcode.PipeConfig{Loss: 1}
	if _, err := runSwarm(t, swarmOf(3), lost, nil); err == nil || !strings.Contains(err.Error(), "no agent could join") {
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
					a.observe(netcode.StateHeader{Held: true})
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
	r := &report{Agents: 2, Asked: 3, Versions: map[int]int{3: 1, 4: 1}, JoinError: "too many", Seconds: 2, measuredServer: true}
	r.add([]tally{
		{states: 40, bytes: 4000, sets: 3, gaps: []time.Duration{40 * time.Millisecond, 60 * time.Millisecond}, trips: []time.Duration{time.Millisecond}},
		{states: 20, bytes: 2000, sets: 1, unusable: 1, gaps: []time.Duration{100 * time.Millisecond}, failed: 1},
	})
	var table strings.Builder
	if err := r.table(&table); err != nil {
		t.Fatal(err)
	}
	want := `agents     2 of 3 joined in 0.0 s (1 of version 3, 1 of version 4), 0 disconnected
           first join that failed: too many
states     15.00 a second and agent, 10.00 for the agent with the fewest
bytes      100 a state, 1500 a second and agent
gaps       p50 60.0 ms, p99 100.0 ms, max 100.0 ms
resent     2 full states after the first, 1 states unusable
requests   1.0 a second, p50 1.0 ms, p99 1.0 ms, max 1.0 ms, 1 failed
server     0.000 CPU s/s, 0.0 MB
swarm      0.000 CPU s/s, over 2.0 s
`
	if table.String() != want {
		t.Errorf("got\n%swant\n%s", table.String(), want)
	}
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"states_per_second_min":10`, `"gap_ms":{"p50":60,"p99":100,"max":100}`, `"full_states_resent":2`, `"versions":{"3":1,"4":1}`} {
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
