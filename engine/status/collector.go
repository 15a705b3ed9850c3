package status

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loci-place/loci/engine"
)

// metric is one kind of metric: its name, help and labels.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

var described []*prometheus.Desc

func newMetric(kind prometheus.ValueType, name, help string, labels []string) metric {
	m := metric{prometheus.NewDesc("loci_"+name, help, labels, nil), kind}
	described = append(described, m.desc)
	return m
}

func gauge(name, help string, labels ...string) metric {
	return newMetric(prometheus.GaugeValue, name, help, labels)
}

func counter(name, help string, labels ...string) metric {
	return newMetric(prometheus.CounterValue, name, help, labels)
}

func histogram(name, help string, labels ...string) metric {
	return newMetric(prometheus.UntypedValue, name, help, labels)
}

var (
	ready            = gauge("ready", "1 while agents can join, the heartbeat is at most a second late, and the behaviour works.")
	heartbeatOverdue = gauge("heartbeat_overdue_seconds", "How long a heartbeat has been due.")
	statsAge         = gauge("stats_age_seconds", "How old the metrics of the place are: more than a moment where it does not come to its turn.")

	placeInfo       = gauge("place_info", "1, for the name of the place.", "name")
	uptime          = gauge("uptime_seconds", "How long the place has been there, on its own clock.")
	entities        = gauge("entities", "Entities in the place.")
	aclRules        = gauge("acl_rules", "Access rules in force.")
	interactions    = counter("interactions_total", "Interactions from agents, by verb (other: none of the official ones) and by what became of them.", "verb", "outcome")
	aclDecisions    = counter("acl_decisions_total", "What the access rules decided, and why: by a rule, by default, because of a guard's error, or of a rule's failure.", "verdict", "because")
	cacheAssets     = gauge("asset_cache_assets", "Assets in the cache.")
	cacheBytes      = gauge("asset_cache_bytes", "Bytes that these take.")
	cacheLimit      = gauge("asset_cache_limit_bytes", "Bytes that they may take.")
	cacheHits       = counter("asset_cache_hits_total", "Ranges that agents asked for, of assets that were here.")
	cacheMisses     = counter("asset_cache_misses_total", "Ranges that agents asked for, of assets that had to be looked for elsewhere.")
	memoryHeld      = gauge("memory_held_bytes", "Memory that agents make the place hold, by what for.", "kind")
	memoryLimit     = gauge("memory_limit_bytes", "How much they may make it hold in all.")
	heartbeatRate   = gauge("heartbeat_rate_hertz", "Heartbeats a second that there are to be.")
	heartbeats      = histogram("heartbeat_seconds", "How long heartbeats take.")
	heartbeatsLate  = histogram("heartbeat_late_seconds", "How late heartbeats begin.")
	heartbeatPhases = histogram("heartbeat_phase_seconds", "How long the phases of heartbeats take.", "phase")
	statesSent      = counter("states_sent_total", "States sent: the first from scratch to an agent, one from scratch again, or what has changed.", "style")
	shedding        = gauge("shedding", "What the place does without while it is overloaded, each with all before it: 0 nothing, 1 far, 2 states, 3 video, 4 media.")
	shed            = counter("shed_total", "What was shed: heartbeats without what is far, states, and packets of video and of other media.", "what")
	limitHits       = counter("limit_hits_total", "How often agents hit limits: what was refused or dropped, waits for their share of the turn, or connections that it cost.", "limit")
	agents          = gauge("agents", "Agents in the place, by the version they announced.", "version")
	agentsJoined    = counter("agents_joined_total", "Agents that have joined.")
	roundTrip       = gauge("transport_round_trip_seconds", "Round trips to agents at the moment: how long at most for a share of them.", "share")
	loss            = gauge("transport_loss_ratio", "Packets lost on the way to agents lately: how many at most for a share of them.", "share")
	dropped         = counter("transport_dropped_total", "What the guards of transports dropped, by reason.", "reason")

	// The versions of agents are 1-3 together where those are sent the same, none before the announce.
	sentBytes       = counter("sent_bytes_total", "Bytes of packets sent, by what they are and the version of the agents.", "kind", "version")
	sentPackets     = counter("sent_packets_total", "Packets sent, likewise.", "kind", "version")
	receivedBytes   = counter("received_bytes_total", "Bytes of packets received, by what they are and the version of the agents.", "kind", "version")
	receivedPackets = counter("received_packets_total", "Packets received, likewise.", "kind", "version")

	scriptGeneration   = gauge("script_generation", "Generation of the scripts in force.")
	scriptReloads      = counter("script_reloads_total", "Reloads of the scripts, by whether they worked; if not, the old scripts run on.", "outcome")
	scriptCalls        = counter("script_calls_total", "Calls of scripts' handlers, by kind.", "handler")
	scriptSeconds      = counter("script_seconds_total", "Time that scripts' handlers took, by kind.", "handler")
	scriptErrors       = counter("script_errors_total", "Errors of scripts' handlers, by kind.", "handler")
	scriptCutOffs      = counter("script_cut_offs_total", "Of these, calls that were cut off for what they cost.", "handler")
	scriptInstructions = counter("script_instructions_total", "Instructions that scripts' handlers ran, by kind.", "handler")
	scriptResting      = gauge("script_resting", "Handlers that rest because they were cut off, each for one agent or for the place, 100 at most.")
	scriptRefused      = counter("script_refused_total", "Requests refused to agents that had scripts do too much.")
	scriptWaiting      = gauge("script_waiting", "Calls of scripts that wait for a heartbeat that they fit into.")
)

// metrics receives what is collected.
type metrics chan<- prometheus.Metric

func (ch metrics) add(m metric, value float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(m.desc, m.kind, value, valid(labels)...)
}

func (ch metrics) histogram(m metric, h *engine.Histogram, labels ...string) {
	buckets, sum := make(map[float64]uint64, len(h.Bounds)), uint64(0)
	for i, bound := range h.Bounds {
		sum += h.Counts[i]
		buckets[bound] = sum
	}
	ch <- prometheus.MustNewConstHistogram(m.desc, h.Total(), h.Sum, buckets, valid(labels)...)
}

// atMost adds a metric of how large values are at most, for several shares of them.
func (ch metrics) atMost(m metric, values []float64) {
	for share, value := range at(shares, values) {
		ch.add(m, value, strconv.FormatFloat(share, 'g', -1, 64))
	}
}

// valid makes values such as the place's name UTF-8, which labels must be.
func valid(labels []string) []string {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, "\uFFFD")
	}
	return labels
}

// Describe implements [prometheus.Collector].
func (s *Status) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range described {
		ch <- desc
	}
}

// Collect implements [prometheus.Collector]. It waits for the place's turn up to
// [Options].Patience, and then collects what the place told last.
func (s *Status) Collect(to chan<- prometheus.Metric) {
	ch := metrics(to)
	isReady := 0.0
	if s.notReady() == "" {
		isReady = 1
	}
	ch.add(ready, isReady)
	ch.add(heartbeatOverdue, s.place.Health().Late.Seconds())
	n, age, ok := s.numbers.get(context.Background())
	if !ok {
		return
	}
	ch.add(statsAge, age.Seconds())
	ch.place(&n.Stats)
	ch.heartbeat(&n.Stats)
	ch.overload(&n.Stats)
	ch.agents(&n.Stats)
	ch.traffic(&n.Stats)
	ch.scripts(&n.scripts)
}

func (ch metrics) place(n *engine.Stats) {
	ch.add(placeInfo, 1, n.Name)
	ch.add(uptime, n.Uptime.Seconds())
	ch.add(entities, float64(n.Entities))
	ch.add(aclRules, float64(n.Rules))
	for _, c := range n.Interactions {
		ch.add(interactions, float64(c.Count), c.Verb, c.Outcome)
	}
	for _, d := range n.Decisions {
		ch.add(aclDecisions, float64(d.Count), d.Verdict, d.Because)
	}
	ch.add(cacheAssets, float64(n.Assets.Assets))
	ch.add(cacheBytes, float64(n.Assets.Bytes))
	ch.add(cacheLimit, float64(n.Assets.Limit))
	ch.add(cacheHits, float64(n.Assets.Hits))
	ch.add(cacheMisses, float64(n.Assets.Misses))
	for _, k := range n.Memory.Kinds {
		ch.add(memoryHeld, float64(k.Held), k.Kind)
	}
	ch.add(memoryLimit, float64(n.Memory.Limit))
}

func (ch metrics) heartbeat(n *engine.Stats) {
	ch.add(heartbeatRate, n.Rate)
	ch.histogram(heartbeats, &n.Beats)
	ch.histogram(heartbeatsLate, &n.Late)
	for i := range n.Phases {
		ch.histogram(heartbeatPhases, &n.Phases[i].Histogram, n.Phases[i].Name)
	}
	for _, c := range n.States {
		ch.add(statesSent, float64(c.Count), c.Style)
	}
}

func (ch metrics) overload(n *engine.Stats) {
	ch.add(shedding, float64(n.Shedding))
	for _, c := range n.Shed {
		ch.add(shed, float64(c.Count), c.What)
	}
	for _, c := range n.Limited {
		ch.add(limitHits, float64(c.Count), c.Limit)
	}
}

func (ch metrics) agents(n *engine.Stats) {
	by := map[string]int{"1": 0, "2": 0, "3": 0, "4": 0}
	var trips, losses []float64
	for i := range n.Agents {
		by[strconv.Itoa(n.Agents[i].Version)]++
		trips = append(trips, n.Agents[i].Link.RTT.Seconds())
		losses = append(losses, n.Agents[i].Link.Loss)
	}
	for _, version := range slices.Sorted(maps.Keys(by)) {
		ch.add(agents, float64(by[version]), version)
	}
	ch.add(agentsJoined, float64(n.Joined))
	ch.atMost(roundTrip, trips)
	ch.atMost(loss, losses)
	for _, drop := range n.Drops {
		ch.add(dropped, float64(drop.Count), drop.Reason)
	}
}

func (ch metrics) traffic(n *engine.Stats) {
	for _, t := range n.Traffic {
		bytes, packets := receivedBytes, receivedPackets
		if t.Sent {
			bytes, packets = sentBytes, sentPackets
		}
		ch.add(bytes, float64(t.Bytes), t.Kind, t.Version)
		ch.add(packets, float64(t.Packets), t.Kind, t.Version)
	}
}

func (ch metrics) scripts(s *Scripts) {
	if s.Generation == 0 {
		return
	}
	ch.add(scriptGeneration, float64(s.Generation))
	ch.add(scriptReloads, float64(s.Reloads), "ok")
	ch.add(scriptReloads, float64(s.Failed), "failed")
	for _, h := range s.Handlers {
		ch.add(scriptCalls, float64(h.Calls), h.Kind)
		ch.add(scriptSeconds, h.Seconds, h.Kind)
		ch.add(scriptErrors, float64(h.Errors), h.Kind)
		ch.add(scriptCutOffs, float64(h.CutOffs), h.Kind)
		ch.add(scriptInstructions, float64(h.Instructions), h.Kind)
	}
	ch.add(scriptResting, float64(len(s.Resting)))
	ch.add(scriptRefused, float64(s.Refused))
	ch.add(scriptWaiting, float64(s.Waiting))
}

// numbers is what the metrics are made of.
type numbers struct {
	engine.Stats
	scripts Scripts
}

func askNumbers(place *engine.Place, scripts func(*engine.Turn) Scripts) numbers {
	n := numbers{Stats: place.Stats()}
	_ = place.Do(func(t *engine.Turn) error { // a closed place has no scripts any more
		n.scripts = scripts(t)
		return nil
	})
	return n
}

// shares are those of agents in such metrics.
var shares = []float64{0.5, 0.9, 0.99, 1}

// at returns the smallest value that is not exceeded by a share of the values.
func at(shares, values []float64) map[float64]float64 {
	out := map[float64]float64{}
	slices.Sort(values)
	for _, share := range shares {
		if n := len(values); n > 0 {
			out[share] = values[min(int(share*float64(n)), n-1)]
		}
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
