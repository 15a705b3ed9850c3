package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// logOptions is how a command that stays is to log.
type logOptions struct{ level, format choice }

// flags adds those that say it.
func (o *logOptions) flags(flags *pflag.FlagSet) {
	o.level = choice{"info", []string{"debug", "info", "warn", "error"}}
	o.format = choice{"text", []string{"text", "json"}}
	flags.Var(&o.level, "log-level", "log nothing below this level")
	flags.Var(&o.format, "log-format", "how log lines on stderr are written")
}

func (o *logOptions) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level.value)); err != nil {
		panic(err) // choice lets no other word through
	}
	options := &slog.HandlerOptions{Level: level}
	if o.format.value == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(newTerminalHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// terminalHandler logs as text, for a person: a traceback comes on lines of its own.
type terminalHandler struct {
	slog.Handler // writes to buffer
	out          *terminalOutput
}

// terminalOutput is what all handlers of a logger share.
type terminalOutput struct {
	mu     sync.Mutex
	buffer bytes.Buffer
	w      io.Writer
}

func newTerminalHandler(w io.Writer, options *slog.HandlerOptions) terminalHandler {
	out := &terminalOutput{w: w}
	return terminalHandler{slog.NewTextHandler(&out.buffer, options), out}
}

func (h terminalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return terminalHandler{h.Handler.WithAttrs(attrs), h.out}
}

func (h terminalHandler) WithGroup(name string) slog.Handler {
	return terminalHandler{h.Handler.WithGroup(name), h.out}
}

func (h terminalHandler) Handle(ctx context.Context, r slog.Record) error {
	trace := ""
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "traceback" && a.Value.Kind() == slog.KindString {
			trace = a.Value.String()
		} else {
			line.AddAttrs(a)
		}
		return true
	})
	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	h.out.buffer.Reset()
	if err := h.Handler.Handle(ctx, line); err != nil {
		return err
	}
	for frame := range strings.Lines(trace) {
		h.out.buffer.WriteString("    " + strings.TrimSuffix(frame, "\n") + "\n")
	}
	_, err := h.out.w.Write(h.out.buffer.Bytes())
	return err
}
