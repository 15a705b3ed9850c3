package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode"
)

// report is the outcome of a run. Times are in milliseconds, sizes in bytes.
type report struct {
	Agents       int         `json:"agents"` // that joined
	Asked        int         `json:"agents_asked"`
	Versions     map[int]int `json:"versions"` // agents of each
	JoinSeconds  float64     `json:"join_seconds"`
	JoinError    string      `json:"join_error,omitempty"` // the first
	Disconnected int         `json:"disconnected"`         // before the end
	DisconnectOf string      `json:"disconnect_error,omitempty"`
	Seconds      float64     `json:"seconds"` // measured

	StatesMin   float64 `json:"states_per_second_min"` // of the agent that got the fewest
	StatesMean  float64 `json:"states_per_second_mean"`
	BytesState  float64 `json:"bytes_per_state"`
	BytesSecond float64 `json:"bytes_per_second"` // and agent
	Gaps        spread  `json:"gap_ms"`
	GapsWorst   float64 `json:"gap_p99_ms_max"`     // p99 of the agent with the highest
	Resent      int     `json:"full_states_resent"` // after each agent's first
	Unusable    int     `json:"unusable_states"`

	Requests       int    `json:"requests"`
	RequestsFailed int    `json:"requests_failed"`
	Trips          spread `json:"request_ms"`

	Media *mediaReport `json:"media,omitempty"` // with speakers

	Ages *agesReport `json:"staleness,omitempty"` // with watchers

	ServerCPU   float64 `json:"server_cpu"`           // seconds per second
	ServerPerMB float64 `json:"server_cpu_ms_per_mb"` // milliseconds per 1e6 bytes of states
	ServerRSS   uint64  `json:"server_rss"`           // at the end
	OwnCPU      float64 `json:"swarm_cpu"`

	measuredServer bool
}

// spread describes many durations, in milliseconds.
type spread struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func (s *swarm) report(joined time.Duration, tallies []tally, used usage) *report {
	r := &report{
		Agents: len(s.agents), Asked: s.cfg.agents, Versions: map[int]int{},
		JoinSeconds: joined.Seconds(), Seconds: used.seconds,
		ServerCPU: used.serverCPU, ServerRSS: used.serverRSS, OwnCPU: used.ownCPU,
		measuredServer: s.cfg.serverPID != 0,
	}
	if len(s.errs) > 0 {
		r.JoinError = s.errs[0].Error()
	}
	for _, a := range s.agents {
		r.Versions[a.version]++
		if err := a.client.Err(); err != nil {
			r.Disconnected++
			r.DisconnectOf = err.Error()
		}
	}
	r.add(tallies)
	return r
}

// add sums up what the agents counted.
func (r *report) add(tallies []tally) {
	var states, bytes uint64
	var gaps, trips []time.Duration
	var held ages
	r.StatesMin = math.Inf(1)
	for i := range tallies {
		t := &tallies[i]
		states, bytes = states+t.states, bytes+t.bytes
		r.GapsWorst = max(r.GapsWorst, spreadOf(t.gaps).P99)
		gaps, trips = append(gaps, t.gaps...), append(trips, t.trips...)
		r.StatesMin = min(r.StatesMin, float64(t.states)/r.Seconds)
		r.Resent += max(t.sets-1, 0)
		r.Unusable += t.unusable
		r.RequestsFailed += t.failed
		if t.ages != nil {
			held.merge(t.ages)
		}
	}
	if held.watchers > 0 {
		r.Ages = held.report()
	}
	agentSeconds := r.Seconds * float64(len(tallies))
	r.StatesMean = float64(states) / agentSeconds
	r.BytesSecond = float64(bytes) / agentSeconds
	r.BytesState = float64(bytes) / float64(max(states, 1))
	r.Requests = len(trips) + r.RequestsFailed
	r.Gaps, r.Trips = spreadOf(gaps), spreadOf(trips)
	if bytes > 0 {
		r.ServerPerMB = r.ServerCPU * r.Seconds * 1e3 / (float64(bytes) / 1e6)
	}
}

// spreadOf sorts the durations.
func spreadOf(all []time.Duration) spread {
	if len(all) == 0 {
		return spread{}
	}
	slices.Sort(all)
	rank := func(share float64) float64 {
		at := int(math.Ceil(share*float64(len(all)))) - 1
		return milliseconds(all[max(at, 0)])
	}
	return spread{P50: rank(0.5), P99: rank(0.99), Max: rank(1)}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (s spread) String() string {
	return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, max %.1f ms", s.P50, s.P99, s.Max)
}

// table prints the report for people.
func (r *report) table(w io.Writer) error {
	var t strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&t, "%-10s "+format+"\n", append([]any{name}, args...)...)
	}
	row("agents", "%d of %d joined in %.1f s (%s), %d disconnected", r.Agents, r.Asked, r.JoinSeconds, r.versions(), r.Disconnected)
	if r.JoinError != "" {
		row("", "first join that failed: %s", r.JoinError)
	}
	if r.DisconnectOf != "" {
		row("", "disconnected with: %s", r.DisconnectOf)
	}
	row("states", "%.2f a second and agent, %.2f for the agent with the fewest", r.StatesMean, r.StatesMin)
	row("bytes", "%.0f a state, %.0f a second and agent", r.BytesState, r.BytesSecond)
	row("gaps", "%v; p99 %.1f ms for the agent with the longest", r.Gaps, r.GapsWorst)
	if a := r.Ages; a != nil {
		row("watchers", "%d, with %.1f others in sight on average", a.Watchers, a.Visible)
		row("nearest", "of %d: %v", a.Near, a.Nearest)
		row("farthest", "of %d: %v", a.Near, a.Farthest)
		row("oldest", "of all: %v", a.Oldest)
	}
	row("resent", "%d full states after the first, %d states unusable", r.Resent, r.Unusable)
	if r.Requests > 0 {
		row("requests", "%.1f a second, %v, %d failed", float64(r.Requests)/r.Seconds, r.Trips, r.RequestsFailed)
	}
	if r.Media != nil {
		row("media", "%v", r.Media)
	}
	if r.measuredServer {
		row("server", "%.3f CPU s/s, %.2f ms for each MB of states, %.1f MB of memory at the end", r.ServerCPU, r.ServerPerMB, float64(r.ServerRSS)/1e6)
	}
	row("swarm", "%.3f CPU s/s, over %.1f s", r.OwnCPU, r.Seconds)
	_, err := io.WriteString(w, t.String())
	return err
}

func (r *report) versions() string {
	var parts []string
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		if n := r.Versions[version]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d of version %d", n, version))
		}
	}
	return strings.Join(parts, ", ")
}
