package main

import (
	"strings"
	"testing"
)

func TestNetworkTakesWhatThePlaceLetsWait(t *testing.T) {
	const memory = 1 << 30
	for limit, want := range map[string]struct{ outgoing, outbox, total int }{
		"":                                {16 << 20, memory / 16, memory / 8},
		"send-queue-bytes=1MiB":           {16 << 20, memory / 16, memory / 8},
		"send-queue-bytes=8MiB":           {32 << 20, memory / 16, memory / 8},
		"command-bytes=4MiB":              {32 << 20, memory / 16, memory / 8},
		"send-queue-bytes=4GiB":           {1 << 30, memory / 16, memory / 8},
		"place-send-queue-bytes=10MiB":    {16 << 20, memory / 16, memory / 8},
		"place-send-queue-bytes=100MiB":   {16 << 20, 200 << 20, 200 << 20},
		"place-send-queue-bytes=1000 GiB": {16 << 20, 512 << 20, 512 << 20},
	} {
		t.Run(limit, func(t *testing.T) {
			o := serveOptions{memory: memory}
			if limit != "" {
				o.limits = []string{strings.ReplaceAll(limit, " ", "")}
			}
			limits, err := o.engineLimits()
			if err != nil {
				t.Fatal(err)
			}
			got := o.networkLimits(limits)
			if got.MaxOutgoing != want.outgoing || got.MaxOutbox != want.outbox || got.MaxOutgoingTotal != want.total {
				t.Errorf("%d for one, %d given and %d for all; want %d, %d and %d",
					got.MaxOutgoing, got.MaxOutbox, got.MaxOutgoingTotal, want.outgoing, want.outbox, want.total)
			}
		})
	}
}
