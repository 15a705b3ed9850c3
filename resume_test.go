package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// TestVerifiedAgentResumesAfterAKill: by itself, and nobody
// else does.
func TestVerifiedAgentResumesAfterAKill(t *testing.T) {
	data, address := t.TempDir(), freeAddress(t)
	serve := func() *server {
		return start(t, nil, "serve", "--listen", address, "--data", data)
	}
	first := serve()
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("a", ed25519.SeedSize)))
	back := make(chan bool, 1)
	ann := join(t, first.url, client.Config{
		Identity: map[string]any{"display_name": "ann"}, Key: key, Reconnect: true,
		OnReconnect: func(_ *client.Client, resumed bool) { back <- resumed },
	})
	bob := join(t, first.url, client.Config{Identity: map[string]any{"display_name": "bob"}})
	ctx := await.Context(t)
	avatar := ann.Avatar()
	ball := spawned(t, ctx, ann, "ball")
	bobs := spawned(t, ctx, bob, "brick")
	time.Sleep(500 * time.Millisecond) // what nobody was promised is durable within 200 ms
	first.signal(t, syscall.SIGKILL)
	first.wait(t)
	second := serve()

	thief, err := client.Dial(ctx, second.url, client.Config{
		Identity: map[string]any{"display_name": "ann"}, Resume: avatar,
		Key: ed25519.NewKeyFromSeed([]byte(strings.Repeat("t", ed25519.SeedSize))),
	})
	if refused, ok := errors.AsType[*client.AnnounceError](err); !ok || !strings.Contains(refused.Error(), "not the avatar of an agent with the key") {
		t.Errorf("the thief was told %v", err)
		if thief != nil {
			thief.Close()
		}
	}
	if resumed := await.Next(t, back, "ann to come back"); !resumed || ann.Avatar() != avatar {
		t.Fatalf("back as %s, resumed %v, was %s", ann.Avatar(), resumed, avatar)
	}
	// What belonged to somebody unverified has gone.
	err = ann.WaitFor(ctx, func(d *netcode.Document) bool {
		return d.Entities[ball] != nil && d.Entities[avatar] != nil && d.Entities[bobs] == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ann.Request(ctx, "place", "remove_entity", ball); err != nil {
		t.Errorf("the ball is not hers: %v", err)
	}
	second.stop(t, syscall.SIGTERM)
}

func spawned(t *testing.T, ctx context.Context, a *client.Client, what string) string {
	t.Helper()
	answer, err := a.Request(ctx, "place", "spawn_entity", map[string]any{what: map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return answer[1].(string)
}

// freeAddress is one that a place can listen on, again and again.
func freeAddress(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().String()
}
