package scripts

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// luatestLog keeps what is logged in the place of a test.
type luatestLog struct {
	mu       sync.Mutex
	lines    []string // by scripts, and what the place warns of
	said     []string // by scripts alone
	errors   []string
	expected []expectedError
}

type expectedError struct{ text, where string }

func (l *luatestLog) logger() *slog.Logger { return slog.New(luatestHandler{log: l}) }

// luatestHandler writes to a luatestLog.
type luatestHandler struct{ log *luatestLog }

func (luatestHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelDebug
}
func (h luatestHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h luatestHandler) WithGroup(string) slog.Handler      { return h }

func (h luatestHandler) Handle(_ context.Context, r slog.Record) error {
	attrs := map[string]string{}
	var all strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		attrs[a.Key] = a.Value.String()
		fmt.Fprintf(&all, " %s=%s", a.Key, a.Value)
		return true
	})
	level := strings.ToLower(r.Level.String())
	text := r.Message
	switch {
	case attrs["from"] == "script":
		text = strings.TrimSpace(text)
	case attrs["handler"] != "" && attrs["error"] != "":
		text = fmt.Sprintf("%s (%s)", attrs["error"], attrs["handler"])
		if trace := attrs["traceback"]; strings.Contains(trace, "\n") {
			text += "\n" + trace
		}
	default:
		text += all.String()
	}
	l := h.log
	l.mu.Lock()
	defer l.mu.Unlock()
	byScript := attrs["from"] == "script"
	if byScript {
		l.said = append(l.said, level+" "+text)
	}
	if byScript || r.Level >= slog.LevelWarn {
		l.lines = append(l.lines, level+" "+text)
	}
	if r.Level >= slog.LevelError {
		if at := attrs["at"]; at != "" {
			text = at + ": " + text
		}
		l.errors = append(l.errors, text)
	}
	return nil
}

func (l *luatestLog) expect(text, where string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected = append(l.expected, expectedError{text, strings.TrimRight(where, ": ")})
}

// surprises are the errors that were not expected, and the expected ones that did not
// come. Where is of the test.
func (l *luatestLog) surprises(where string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	came := make([]bool, len(l.expected))
	for _, text := range l.errors {
		known := false
		for i, e := range l.expected {
			if strings.Contains(text, e.text) {
				known, came[i] = true, true
			}
		}
		if !known {
			all = append(all, fmt.Sprintf("%s: an error was logged: %s", where, text))
		}
	}
	for i, e := range l.expected {
		if !came[i] {
			all = append(all, fmt.Sprintf("%s: no error with %q was logged", e.where, e.text))
		}
	}
	return all
}
