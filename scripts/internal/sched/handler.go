package sched

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/internal/bind"
)

// Handler is a function of a script, and what it is there for: `event "join"`.
type Handler struct {
	Fn   *lua.LFunction
	What string
	kind int // index into Kinds
	// guard: it is asked whether something may be. One that is cut off denies that, and
	// does not rest.
	guard bool
	// urgent: it is a guard that cannot wait for the next heartbeat. Where the quota of
	// its cause is used up, it has [Limits].Reserve.
	urgent bool
}

// NewHandler returns a function as a handler. Its kind is the first word of what it is for.
func NewHandler(fn *lua.LFunction, what string) *Handler {
	h := &Handler{Fn: fn, What: what, kind: kindOf(what)}
	announce := strings.HasSuffix(what, ` "announce"`)
	switch Kinds[h.kind] {
	case "validate", "hears":
		h.guard, h.urgent = true, true
	case "guard":
		h.guard, h.urgent = true, announce
	case "verb":
		h.guard, h.urgent = announce, announce
	}
	return h
}

// HandlerArg returns the function that is argument n as a handler.
func HandlerArg(L *lua.LState, n int, what string) *Handler {
	return NewHandler(bind.Function(L, n), what)
}

// Spot returns where the function begins: "lib/doors.lua:3".
func (h *Handler) Spot() string { return SpotOf(h.Fn.Proto) }

// SpotOf returns where a function begins: "lib/doors.lua:3".
func SpotOf(p *lua.FunctionProto) string {
	return fmt.Sprintf("%s:%d", p.SourceName, p.LineDefined)
}

// Kinds are the kinds of handlers that costs are counted by.
var Kinds = [...]string{
	"event", "guard", "verb", "hears", "timer", "task", "subscription",
	"validate", "added", "changed", "removed", "tick", "other",
}

// kindOf finds the kind in what a handler is there for: `event "join"`,
// "component door.tick".
func kindOf(what string) int {
	word, rest, _ := strings.Cut(what, " ")
	switch word {
	case "component":
		word = rest[strings.LastIndexByte(rest, '.')+1:]
	case "place.hears":
		word = "hears"
	}
	if kind := slices.Index(Kinds[:], word); kind >= 0 {
		return kind
	}
	return len(Kinds) - 1
}
