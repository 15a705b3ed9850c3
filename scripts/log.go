package scripts

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/sandbox"
)

func (g *generation) logClass() api.Class {
	return api.Class{
		Name: "loci.Log", At: "place.log",
		Doc: "The place's log. What is given is written as tostring has it, with blanks between, 16 KiB of a line at most.",
		Functions: []api.Function{
			{Name: "debug", Signature: "(...: any)", Doc: "Writes a line that is shown with --log-level debug.", Call: g.logger(slog.LevelDebug), Price: 200},
			{Name: "info", Signature: "(...: any)", Doc: "Writes a line.", Call: g.logger(slog.LevelInfo), Price: 200},
			{Name: "warn", Signature: "(...: any)", Doc: "Writes a warning.", Call: g.logger(slog.LevelWarn), Price: 200},
			{Name: "error", Signature: "(...: any)", Doc: "Writes an error.", Call: g.logger(slog.LevelError), Price: 200},
		},
	}
}

func (g *generation) logger(level slog.Level) lua.LGFunction {
	return func(L *lua.LState) int {
		words := make([]string, L.GetTop())
		size := 0
		for i := range words {
			words[i] = L.ToStringMeta(L.Get(i + 1)).String()
			size += len(words[i])
			words[i] = words[i][:min(len(words[i]), maxLine+1)] // the rest is not shown
			if size > sandbox.MaxString {
				L.RaiseError("a line of the log has at most %d bytes, of which %d are shown", sandbox.MaxString, maxLine)
			}
		}
		g.say(level, strings.Join(words, " "), "at", bind.Where(L))
		return 0
	}
}

// maxLine is how much of a line that a script writes is shown in the log, in bytes.
const maxLine = 16 << 10

// cut is a line as the log shows it.
func cut(line string) string {
	if len(line) <= maxLine {
		return line
	}
	return strings.ToValidUTF8(line[:maxLine], "") + "…"
}

// say writes a line of a script's, unless there have been too many.
func (g *generation) say(level slog.Level, line string, args ...any) {
	left, ok := g.r.lines.take(time.Now(), g.r.config.Limits.LogLines)
	if left > 0 {
		g.r.log.Warn("scripts write too much: lines are left out", "lines", left)
	}
	if !ok {
		return
	}
	g.r.log.Log(context.Background(), level, cut(line), append(args, "from", "script")...)
}

// lines keeps what scripts write within a rate. Generations that load write too, beside
// the one in force.
type lines struct {
	mu     sync.Mutex
	since  time.Time
	spent  float64 // lines, less what time has made up for
	missed int
}

// take tells whether a line may be written, and how many have been left out before it.
func (l *lines) take(now time.Time, rate int) (left int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spent = max(0, l.spent-now.Sub(l.since).Seconds()*float64(rate))
	l.since = now
	if l.spent+1 > float64(rate) {
		l.missed++
		return 0, false
	}
	l.spent++
	left, l.missed = l.missed, 0
	return left, true
}
