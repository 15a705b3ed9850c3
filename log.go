package main

import (
	"io"
	"log/slog"

	"github.com/spf13/pflag"
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
	return slog.New(slog.NewTextHandler(w, options))
}
