package main

import (
	"log/slog"
	"strings"
	"testing"
)

func TestTracebackHasLinesOfItsOwnOnATerminal(t *testing.T) {
	var out strings.Builder
	options := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	log := slog.New(newTerminalHandler(&out, options)).With("place", "attic")
	log.Error("error in a script", "handler", "join", "traceback", "place.lua:3: function 'greet'\nplace.lua:71: function at place.lua:70")
	log.Info("ready")
	const want = `level=ERROR msg="error in a script" place=attic handler=join
    place.lua:3: function 'greet'
    place.lua:71: function at place.lua:70
level=INFO msg=ready place=attic
`
	if out.String() != want {
		t.Errorf("logged\n%s\nwant\n%s", out.String(), want)
	}
}
