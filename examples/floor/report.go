package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// report is the outcome of a run, each list by rounds.
type report struct {
	Agents  int     `json:"agents"`
	Seconds float64 `json:"seconds"` // of each measurement

	Place     []measured `json:"place"`
	Bare      []measured `json:"bare,omitempty"`           // peers send as agents do
	Listening []measured `json:"bare_listening,omitempty"` // peers only listen

	// The least of each at 20 Hz.
	PlaceMin     float64 `json:"place_cpu_min"`
	BareMin      float64 `json:"bare_cpu_min,omitempty"`
	ListeningMin float64 `json:"bare_listening_cpu_min,omitempty"`

	// How many times the bare loop's minimum the place's is.
	Ratio          float64 `json:"ratio,omitempty"`
	RatioListening float64 `json:"ratio_listening,omitempty"`
}

// measured is one measurement of a place or of a bare loop.
type measured struct {
	CPU     float64 `json:"cpu"`       // seconds per second
	At20Hz  float64 `json:"cpu_20_hz"` // the same, for 20 packets a second to each
	Packets float64 `json:"packets"`   // that each agent or peer received a second
	Bytes   float64 `json:"bytes"`     // of a packet, on average
}

// measuredOf is what took so much CPU time, for packets to so many agents or peers.
// On a busy machine some get less than 20 packets a second, and must not count as
// cheap for that.
func measuredOf(cpu, seconds float64, agents int, packets uint64, bytes float64) measured {
	m := measured{CPU: cpu / seconds, Packets: float64(packets) / seconds / float64(agents), Bytes: bytes}
	if packets > 0 {
		m.At20Hz = m.CPU * heartbeat / m.Packets
	}
	return m
}

// complete works out what follows from the measurements.
func (r *report) complete() {
	r.PlaceMin, r.BareMin, r.ListeningMin = least(r.Place), least(r.Bare), least(r.Listening)
	r.Ratio, r.RatioListening = ratio(r.PlaceMin, r.BareMin), ratio(r.PlaceMin, r.ListeningMin)
}

// least is the smallest CPU time at 20 Hz, 0 of none: whatever disturbs a
// measurement adds to it.
func least(all []measured) float64 {
	if len(all) == 0 {
		return 0
	}
	cpu := math.Inf(1)
	for _, m := range all {
		cpu = min(cpu, m.At20Hz)
	}
	return cpu
}

// ratio is 0 if there is none.
func ratio(of, to float64) float64 {
	if to == 0 {
		return 0
	}
	return of / to
}

// table prints the report for people.
func (r *report) table(w io.Writer) error {
	var t strings.Builder
	fmt.Fprintf(&t, "%d agents or peers; CPU s/s over %g s (packets a second to each)\n\n", r.Agents, r.Seconds)
	row := func(name string, place, bare, listening, bytes string) {
		line := fmt.Sprintf("%-10s %-16s %-16s %-16s %s", name, place, bare, listening, bytes)
		t.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	row("", "place", "bare", "bare, listening", "bytes")
	for i, place := range r.Place {
		row(fmt.Sprint("round ", i+1), cell(r.Place, i), cell(r.Bare, i), cell(r.Listening, i), fmt.Sprintf("%.0f", place.Bytes))
	}
	row("least", figure(r.PlaceMin), figure(r.BareMin), figure(r.ListeningMin), "at 20 Hz")
	row("ratio", "", times(r.Ratio), times(r.RatioListening), "")
	_, err := io.WriteString(w, t.String())
	return err
}

func cell(all []measured, round int) string {
	if round >= len(all) {
		return ""
	}
	return fmt.Sprintf("%.4f (%.2f)", all[round].CPU, all[round].Packets)
}

func figure(cpu float64) string {
	if cpu == 0 {
		return ""
	}
	return fmt.Sprintf("%.4f", cpu)
}

func times(ratio float64) string {
	if ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", ratio)
}
