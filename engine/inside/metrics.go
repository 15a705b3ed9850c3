package inside

import (
	"context"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loci-place/loci/engine"
)

var _ prometheus.Collector = (*view)(nil)

// Describe implements [prometheus.Collector]: it names none, as what is there depends
// on what has happened in the place.
func (v *view) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector]. It asks the place at most once.
func (v *view) Collect(to chan<- prometheus.Metric) {
	m := metrics{v, to}
	ready := 0.0
	if v.notReady() == "" {
		ready = 1
	}
	m.gauge("ready", "1 while agents can join, the heartbeat is at most a second late, and the behaviour works.", ready)
	m.gauge("heartbeat_overdue_seconds", "How long a heartbeat has been due.", v.place.Health().Late.Seconds())
	n, age, ok := v.numbers.get(context.Background())
	if !ok {
		return
	}
	m.gauge("stats_age_seconds", "How old the numbers of the place are: more than a moment where it does not come to its turn.", age.Seconds())
	m.place(&n)
	m.heartbeat(&n)
	m.overload(&n)
	m.agents(&n)
	m.traffic(&n)
	m.scripts(&n.scripts)
}

// metrics sends metrics of a place.
type metrics struct {
	view *view
	to   chan<- prometheus.Metric
}

// desc describes a metric, which always has labels of the same names.
func (m metrics) desc(name, help string, labels []string) *prometheus.Desc {
	if d, ok := m.view.descs.Load(name); ok {
		return d.(*prometheus.Desc)
	}
	d := prometheus.NewDesc("loci_"+name, help, labels, nil)
	m.view.descs.Store(name, d)
	return d
}

func (m metrics) gauge(name, help string, value float64, labels ...string) {
	m.send(prometheus.GaugeValue, name, help, value, labels)
}

func (m metrics) counter(name, help string, value float64, labels ...string) {
	m.send(prometheus.CounterValue, name, help, value, labels)
}

// send takes labels as names and values in turn.
func (m metrics) send(kind prometheus.ValueType, name, help string, value float64, labels []string) {
	names, values := split(labels)
	m.to <- prometheus.MustNewConstMetric(m.desc(name, help, names), kind, value, values...)
}

func (m metrics) histogram(name, help string, h *engine.Histogram, labels ...string) {
	names, values := split(labels)
	buckets, sum := map[float64]uint64{}, uint64(0)
	for i, bound := range h.Bounds {
		sum += h.Counts[i]
		buckets[bound] = sum
	}
	m.to <- prometheus.MustNewConstHistogram(m.desc(name, help, names), h.Total(), h.Sum, buckets, values...)
}

// quantiles tells what values there are over the agents at the moment.
func (m metrics) quantiles(name, help string, values map[float64]float64) {
	for share, value := range values {
		m.gauge(name, help, value, "quantile", strconv.FormatFloat(share, 'g', -1, 64))
	}
}

func split(labels []string) (names, values []string) {
	for i := 0; i < len(labels); i += 2 {
		names = append(names, labels[i])
		values = append(values, strings.ToValidUTF8(labels[i+1], "\uFFFD"))
	}
	return names, values
}

func (m metrics) place(n *numbers) {
	m.gauge("place_info", "1, for the name of the place.", 1, "name", n.Name)
	m.gauge("uptime_seconds", "How long the place has been there, on its own clock.", n.Uptime.Seconds())
	m.gauge("entities", "Entities in the place.", float64(n.Entities))
	m.gauge("acl_rules", "Access rules in force.", float64(n.Rules))
	for _, c := range n.Interactions {
		m.counter("interactions_total", "Interactions from agents, by verb (other: none of the official ones) and by what became of them.",
			float64(c.Count), "verb", c.Verb, "outcome", c.Outcome)
	}
	for _, d := range n.Decisions {
		m.counter("acl_decisions_total", "What the access rules decided, and why: by a rule, by default, because of a guard's error, or of a rule's failure.",
			float64(d.Count), "verdict", d.Verdict, "because", d.Because)
	}
	m.gauge("asset_cache_assets", "Assets in the cache.", float64(n.Assets.Assets))
	m.gauge("asset_cache_bytes", "Bytes that these take.", float64(n.Assets.Bytes))
	m.gauge("asset_cache_limit_bytes", "Bytes that they may take.", float64(n.Assets.Limit))
	m.counter("asset_cache_hits_total", "Ranges that agents asked for, of assets that were here.", float64(n.Assets.Hits))
	m.counter("asset_cache_misses_total", "Ranges that agents asked for, of assets that had to be looked for elsewhere.", float64(n.Assets.Misses))
}

func (m metrics) heartbeat(n *numbers) {
	m.gauge("heartbeat_rate_hertz", "Heartbeats a second that there are to be.", n.Rate)
	m.histogram("heartbeat_seconds", "How long heartbeats take.", &n.Beats)
	m.histogram("heartbeat_late_seconds", "How late heartbeats begin.", &n.Late)
	for i := range n.Phases {
		m.histogram("heartbeat_phase_seconds", "How long the phases of heartbeats take.", &n.Phases[i].Histogram, "phase", n.Phases[i].Name)
	}
	for _, c := range n.States {
		m.counter("states_sent_total", "States sent: the first from scratch to an agent, one from scratch again, or what has changed.",
			float64(c.Count), "style", c.Style)
	}
}

func (m metrics) overload(n *numbers) {
	m.gauge("shedding", "What the place does without while it is overloaded, each with all before it: 0 nothing, 1 far, 2 states, 3 video, 4 media.",
		float64(n.Shedding))
	for _, c := range n.Shed {
		m.counter("shed_total", "What was shed: heartbeats without what is far, states, and packets of video and of other media.",
			float64(c.Count), "what", c.What)
	}
	for _, c := range n.Limited {
		m.counter("limit_hits_total", "How often agents hit limits: what was refused or dropped, waits for their share of the turn, or connections that it cost.",
			float64(c.Count), "limit", c.Limit)
	}
}

func (m metrics) agents(n *numbers) {
	by := map[string]int{"1": 0, "2": 0, "3": 0, "4": 0}
	for i := range n.Agents {
		by[strconv.Itoa(n.Agents[i].Version)]++
	}
	for version, count := range by {
		m.gauge("agents", "Agents in the place, by the version they announced.", float64(count), "version", version)
	}
	m.counter("agents_joined_total", "Agents that have joined.", float64(n.Joined))
	trips, losses := n.links()
	m.quantiles("enet_round_trip_seconds", "Round trips to agents at the moment: how long at most for a part of them.", trips)
	m.quantiles("enet_loss_ratio", "Packets lost on the way to agents lately: how many at most for a part of them.", losses)
	drops := reflect.ValueOf(n.Drops)
	for i := range drops.NumField() {
		m.counter("enet_dropped_total", "What the transport's guards dropped, by reason.",
			float64(drops.Field(i).Uint()), "reason", snake(drops.Type().Field(i).Name))
	}
}

// snake makes half_open of HalfOpen.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func (m metrics) traffic(n *numbers) {
	for _, t := range n.Traffic {
		direction := "received"
		if t.Sent {
			direction = "sent"
		}
		m.counter(direction+"_bytes_total", "Bytes of packets "+direction+", by what they are and the version of the agents (1-3 where those are sent the same, none before the announce).",
			float64(t.Bytes), "kind", t.Kind, "version", t.Version)
		m.counter(direction+"_packets_total", "Packets "+direction+", likewise.",
			float64(t.Packets), "kind", t.Kind, "version", t.Version)
	}
}

func (m metrics) scripts(s *Scripts) {
	if s.Generation == 0 {
		return
	}
	m.gauge("script_generation", "Generation of the scripts in force.", float64(s.Generation))
	const reloads = "Reloads of the scripts, by whether they worked; if not, the old scripts run on."
	m.counter("script_reloads_total", reloads, float64(s.Reloads), "outcome", "ok")
	m.counter("script_reloads_total", reloads, float64(s.Failed), "outcome", "failed")
	for _, h := range s.Handlers {
		m.counter("script_calls_total", "Calls of scripts' handlers, by kind.", float64(h.Calls), "handler", h.Kind)
		m.counter("script_seconds_total", "Time that scripts' handlers took, by kind.", h.Seconds, "handler", h.Kind)
		m.counter("script_errors_total", "Errors of scripts' handlers, by kind.", float64(h.Errors), "handler", h.Kind)
	}
}
