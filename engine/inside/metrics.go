package inside

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/loci-place/loci/engine"
)

// gather makes the metrics, in the order in which they are told here. It asks the place at
// most once. A registry would do it by goroutines, and sort and check what comes: that takes
// several times as long.
func (v *view) gather() ([]*dto.MetricFamily, error) {
	m := &metrics{by: map[string]*dto.MetricFamily{}}
	ready := 0.0
	if v.notReady() == "" {
		ready = 1
	}
	m.gauge("ready", "1 while agents can join, the heartbeat is at most a second late, and the behaviour works.", ready)
	m.gauge("heartbeat_overdue_seconds", "How long a heartbeat has been due.", v.place.Health().Late.Seconds())
	n, age, ok := v.numbers.get(context.Background())
	if !ok {
		return m.families, nil
	}
	m.gauge("stats_age_seconds", "How old the numbers of the place are: more than a moment where it does not come to its turn.", age.Seconds())
	m.place(&n)
	m.heartbeat(&n)
	m.overload(&n)
	m.agents(&n)
	m.traffic(&n)
	m.scripts(&n.scripts)
	return m.families, nil
}

// metrics are those of a place.
type metrics struct {
	families []*dto.MetricFamily
	by       map[string]*dto.MetricFamily // name without loci_
}

// add adds a metric without a value, with labels as names and values in turn.
func (m *metrics) add(kind dto.MetricType, name, help string, labels []string) *dto.Metric {
	f := m.by[name]
	if f == nil {
		f = &dto.MetricFamily{Name: new("loci_" + name), Help: &help, Type: &kind}
		m.by[name] = f
		m.families = append(m.families, f)
	}
	metric := &dto.Metric{}
	for i := 0; i < len(labels); i += 2 {
		metric.Label = append(metric.Label, &dto.LabelPair{Name: &labels[i], Value: new(strings.ToValidUTF8(labels[i+1], "\uFFFD"))})
	}
	f.Metric = append(f.Metric, metric)
	return metric
}

func (m *metrics) gauge(name, help string, value float64, labels ...string) {
	m.add(dto.MetricType_GAUGE, name, help, labels).Gauge = &dto.Gauge{Value: &value}
}

func (m *metrics) counter(name, help string, value float64, labels ...string) {
	m.add(dto.MetricType_COUNTER, name, help, labels).Counter = &dto.Counter{Value: &value}
}

func (m *metrics) histogram(name, help string, h *engine.Histogram, labels ...string) {
	out := &dto.Histogram{SampleCount: new(h.Total()), SampleSum: &h.Sum}
	sum := uint64(0)
	for i := range h.Bounds {
		sum += h.Counts[i]
		out.Bucket = append(out.Bucket, &dto.Bucket{UpperBound: &h.Bounds[i], CumulativeCount: new(sum)})
	}
	m.add(dto.MetricType_HISTOGRAM, name, help, labels).Histogram = out
}

// quantiles tells what values there are over the agents at the moment.
func (m *metrics) quantiles(name, help string, values map[float64]float64) {
	for _, share := range shares {
		if value, ok := values[share]; ok {
			m.gauge(name, help, value, "quantile", strconv.FormatFloat(share, 'g', -1, 64))
		}
	}
}

func (m *metrics) place(n *numbers) {
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
	for _, k := range n.Memory.Kinds {
		m.gauge("memory_held_bytes", "Memory that agents make the place hold, by what for.", float64(k.Held), "kind", k.Kind)
	}
	m.gauge("memory_limit_bytes", "How much they may make it hold in all.", float64(n.Memory.Limit))
	m.counter("asset_cache_hits_total", "Ranges that agents asked for, of assets that were here.", float64(n.Assets.Hits))
	m.counter("asset_cache_misses_total", "Ranges that agents asked for, of assets that had to be looked for elsewhere.", float64(n.Assets.Misses))
}

func (m *metrics) heartbeat(n *numbers) {
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

func (m *metrics) overload(n *numbers) {
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

func (m *metrics) agents(n *numbers) {
	by := map[string]int{"1": 0, "2": 0, "3": 0, "4": 0}
	for i := range n.Agents {
		by[strconv.Itoa(n.Agents[i].Version)]++
	}
	for _, version := range slices.Sorted(maps.Keys(by)) {
		m.gauge("agents", "Agents in the place, by the version they announced.", float64(by[version]), "version", version)
	}
	m.counter("agents_joined_total", "Agents that have joined.", float64(n.Joined))
	trips, losses := n.links()
	m.quantiles("enet_round_trip_seconds", "Round trips to agents at the moment: how long at most for a part of them.", trips)
	m.quantiles("enet_loss_ratio", "Packets lost on the way to agents lately: how many at most for a part of them.", losses)
	for _, drop := range n.Drops {
		m.counter("enet_dropped_total", "What the transport's guards dropped, by reason.", float64(drop.Count), "reason", drop.Reason)
	}
}

func (m *metrics) traffic(n *numbers) {
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

func (m *metrics) scripts(s *Scripts) {
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
		m.counter("script_cut_offs_total", "Of these, calls that were cut off for what they cost.", float64(h.CutOffs), "handler", h.Kind)
		m.counter("script_instructions_total", "Instructions that scripts' handlers ran, by kind.", float64(h.Instructions), "handler", h.Kind)
	}
	m.gauge("script_resting", "Handlers that rest because they were cut off, each for one agent or for the place, 100 at most.", float64(len(s.Resting)))
	m.counter("script_refused_total", "Requests refused to agents that had scripts do too much.", float64(s.Refused))
	m.gauge("script_waiting", "Calls of scripts that wait for a heartbeat that they fit into.", float64(s.Waiting))
}
