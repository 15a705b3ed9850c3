package lib

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

// Class describes place.log.
func (l *Log) Class() api.Class {
	return api.Class{
		Name: "loci.Log", At: "place.log",
		Doc: "The place's log. What is given is written as tostring has it, with blanks between, 16 KiB of a line at most.",
		Functions: []api.Function{
			{Name: "debug", Signature: "(...: any)", Doc: "Writes a line that is shown with --log-level debug.", Call: l.logger(slog.LevelDebug), Price: 200},
			{Name: "info", Signature: "(...: any)", Doc: "Writes a line.", Call: l.logger(slog.LevelInfo), Price: 200},
			{Name: "warn", Signature: "(...: any)", Doc: "Writes a warning.", Call: l.logger(slog.LevelWarn), Price: 200},
			{Name: "error", Signature: "(...: any)", Doc: "Writes an error.", Call: l.logger(slog.LevelError), Price: 200},
		},
	}
}

func (l *Log) logger(level slog.Level) lua.LGFunction {
	return func(L *lua.LState) int {
		words := make([]string, L.GetTop())
		size := 0
		for i := range words {
			words[i] = L.ToStringMeta(L.Get(i + 1)).String()
			size += len(words[i])
			words[i] = words[i][:min(len(words[i]), MaxLine+1)] // the rest is not shown
			if size > sandbox.MaxString {
				L.RaiseError("a line of the log has at most %d bytes, of which %d are shown", sandbox.MaxString, MaxLine)
			}
		}
		l.Say(level, strings.Join(words, " "), "at", bind.Where(L))
		return 0
	}
}

// MaxLine is how much of a line that a script writes is shown in the log, in bytes.
const MaxLine = 16 << 10

// cut is a line as the log shows it.
func cut(line string) string {
	if len(line) <= MaxLine {
		return line
	}
	return strings.ToValidUTF8(line[:MaxLine], "") + "…"
}

// Log is place.log.
type Log struct {
	*Env
	lines *Lines
}

// Say writes a line of a script's, unless there have been too many.
func (l *Log) Say(level slog.Level, line string, args ...any) {
	left, ok := l.lines.take(time.Now(), l.Limits.LogLines)
	if left > 0 {
		l.lines.Log.Warn("scripts write too much: lines are left out", "lines", left)
	}
	if !ok {
		return
	}
	l.lines.Log.Log(context.Background(), level, cut(line), append(args, "from", "script")...)
}

// Lines keeps what scripts write within a rate. Loads of the scripts share it: one that is
// not in force yet writes too.
type Lines struct {
	Log    *slog.Logger
	mu     sync.Mutex
	since  time.Time
	spent  float64 // lines, less what time has made up for
	missed int
}

// take reports whether a line may be written, and how many have been left out before it.
func (l *Lines) take(now time.Time, rate int) (left int, ok bool) {
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
