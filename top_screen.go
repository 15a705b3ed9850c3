package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/loci-place/loci/engine/status"
)

const (
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// rawLines writes to a raw terminal, where a line's end does not lead to the next one's
// begin.
type rawLines struct{ io.Writer }

func (w *rawLines) Write(p []byte) (int, error) {
	_, err := w.Writer.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n")))
	return len(p), err
}

// write shows a report, cut to the size of a terminal unless that is 0.
func (t *top) write(r *status.Report, width, height int) error {
	lines := strings.Split(strings.TrimRight(screenOf(r, t.before, height), "\n"), "\n")
	t.before = r
	var b strings.Builder
	for i, line := range lines {
		if height > 0 && i == height-1 {
			break
		}
		if runes := []rune(line); width > 0 && len(runes) > width {
			line = string(runes[:width])
		}
		b.WriteString(line)
		if width > 0 {
			b.WriteString(clearLine)
		}
		b.WriteByte('\n')
	}
	if height > 0 {
		b.WriteString(clearRest)
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// screenOf is a report as text: what went on since the one before, if there is one.
func screenOf(r, before *status.Report, height int) string {
	var b strings.Builder
	state := "ready"
	if r.NotReady != "" {
		state = "NOT READY: " + r.NotReady
	}
	if r.Age > 3 {
		state += fmt.Sprintf(", and what follows is %s old", status.Span(r.Age))
	}
	fmt.Fprintf(&b, "%s, %s\n", plainText(r.Name), state)
	fmt.Fprintf(&b, "up %s, %d agents (%d ever), %d entities, %s sent, %s received\n", status.Span(r.Uptime),
		r.Present, r.Joined, r.Entities.Count, rate(r, before, sentBytes), rate(r, before, receivedBytes))
	fmt.Fprintf(&b, "heartbeat ms: %.2f whole", since(r, before, wholeBeat))
	for i, p := range r.Phases {
		fmt.Fprintf(&b, ", %.2f %s", since(r, before, func(r *status.Report) status.Timing { return r.Phases[i] }), p.Name)
	}
	fmt.Fprintf(&b, "; begins %.2f late\n", since(r, before, func(r *status.Report) status.Timing { return r.Late }))
	writeOverload(&b, r)
	writeScripts(&b, &r.Scripts)
	writeRules(&b, r)

	agents := slices.Clone(r.Agents)
	slices.SortStableFunc(agents, func(x, y status.Agent) int { return cmp.Compare(y.Entities, x.Entities) })
	if left := height - strings.Count(b.String(), "\n") - 4; height > 0 {
		agents = agents[:min(len(agents), max(left, 0))]
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nAGENT\tNAME\tKEY\tVERSION\tRTT ms\tLOSS %\tHERE\tENTITIES\tSENT\tRECEIVED")
	for _, a := range agents {
		fmt.Fprintf(w, "%s\t%s\t%.12s\t%d\t%.1f\t%.1f\t%s\t%d\t%s\t%s\n", a.ID, short(nameOf(&a), 32), a.Verified, a.Version, a.RTT, a.Loss*100,
			status.Span(a.Here), a.Entities, status.Bytes(a.Sent), status.Bytes(a.Received))
	}
	_ = w.Flush()
	return b.String()
}

func nameOf(a *status.Agent) string {
	if a.Away {
		return a.Name + " (away)"
	}
	return a.Name
}

// writeOverload tells what the place does without, and the limits hit most.
func writeOverload(b *strings.Builder, r *status.Report) {
	if len(r.Shedding) > 0 {
		fmt.Fprintf(b, "OVERLOADED: does without %s\n", strings.Join(r.Shedding, ", "))
	}
	for i, l := range r.Limits[:min(len(r.Limits), 5)] {
		between := ", "
		if i == 0 {
			between = "limits hit: "
		}
		fmt.Fprintf(b, "%s%d× %s", between, l.Hits, l.Name)
	}
	if len(r.Limits) > 0 {
		b.WriteByte('\n')
	}
}

func writeScripts(b *strings.Builder, s *status.Scripts) {
	if s.Generation == 0 {
		return
	}
	fmt.Fprintf(b, "scripts: generation %d, %d files, %d reloads failed\n", s.Generation, s.Files, s.Failed)
	if s.Failure != nil {
		fmt.Fprintf(b, "  not reloaded: %s\n", short(s.Failure.Error, 200))
	}
	for _, r := range s.Resting[:min(len(s.Resting), 5)] {
		who := "the place"
		if r.For != "" {
			who = plainText(r.For)
		}
		fmt.Fprintf(b, "  RESTS for %s: %s at %s, for %s, again in %s: %s\n", who, short(r.Handler, 60), plainText(r.At),
			status.Span(r.Since), status.Span(r.Left), short(r.Why, 120))
	}
	if s.Refused > 0 || s.Waiting > 0 {
		fmt.Fprintf(b, "  %d requests refused to agents that had scripts do too much, %d calls wait\n", s.Refused, s.Waiting)
	}
	for _, e := range s.Errors[:min(len(s.Errors), 5)] {
		fmt.Fprintf(b, "  %d× %s:%d: %s, last %s ago\n", e.Count, plainText(e.File), e.Line, short(e.Message, 120), status.Span(e.Ago))
	}
}

func writeRules(b *strings.Builder, r *status.Report) {
	rules := slices.Clone(r.Rules)
	slices.SortStableFunc(rules, func(x, y status.Rule) int { return cmp.Compare(y.Hits, x.Hits) })
	fmt.Fprintf(b, "rules: %d, else %s\n", len(rules), r.Verdict)
	for _, rule := range rules[:min(len(rules), 5)] {
		if rule.Hits > 0 {
			fmt.Fprintf(b, "  %d× %s %s %s\n", rule.Hits, rule.Verdict, short(rule.ID, 32), short(rule.Pattern, 100))
		}
	}
}

func sentBytes(r *status.Report) int64         { return r.Sent }
func receivedBytes(r *status.Report) int64     { return r.Received }
func wholeBeat(r *status.Report) status.Timing { return r.Heartbeat }

// rate is how many bytes a second there were since the report before, or in all.
func rate(r, before *status.Report, of func(*status.Report) int64) string {
	if before == nil || r.Uptime <= before.Uptime {
		return status.Bytes(of(r))
	}
	return status.Bytes(int64(float64(max(of(r)-of(before), 0))/(r.Uptime-before.Uptime))) + "/s"
}

// since is the mean in milliseconds since the report before, or in all.
func since(r, before *status.Report, of func(*status.Report) status.Timing) float64 {
	now := of(r)
	if before != nil && len(before.Phases) == len(r.Phases) {
		if was := of(before); was.Count < now.Count {
			now.Count, now.Sum = now.Count-was.Count, now.Sum-was.Sum
		}
	}
	return now.Mean()
}

// plainText is what agents say of themselves without what a terminal would obey.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}

func short(text string, most int) string {
	runes := []rune(plainText(text))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}
