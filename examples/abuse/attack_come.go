package main

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/badlink"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
)

func newKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	return key
}

// entities is an avatar of so many entities.
func entities(n int) map[string]any {
	children := make([]any, n-1)
	for i := range children {
		children[i] = map[string]any{}
	}
	return map[string]any{"children": children}
}

func storm(a *attacker) {
	avatar := entities(1024)
	var storming sync.WaitGroup
	for range 4 {
		h := a.newHost(0)
		storming.Go(func() {
			for a.goOn() {
				x, err := a.dial(h, client.Config{Avatar: avatar, Mode: client.AcknowledgeOnly})
				if err != nil {
					a.say("did not get in: %v", err)
					continue
				}
				_ = x.Close()
			}
		})
	}
	storming.Wait()
}

// debt has one connection take very much of the place's time and leave; a victim comes next
// from the same address.
func debt(a *attacker) {
	x := a.join(deaf("attacker"))
	for _, prefix := range []string{"a", "b"} {
		x.change(x.Avatar(), map[string]any{"x": keys(prefix, 49_980)})
	}
	for range 2000 {
		_ = x.Send(x.Avatar(), "wave")
	}
	_ = x.Close()
	for range 3 {
		at := time.Now()
		next, err := a.dial(a.newHost(0), deaf("victim"))
		if took := time.Since(at); err != nil || took > time.Second {
			a.harm("who comes next from there waits %v: %v", took.Round(time.Millisecond), err)
		}
		if next != nil {
			if _, err := next.Request(a.ctx, "place", "list_agents"); err != nil && a.goOn() {
				a.harm("who comes next from there is refused: %v", err)
			}
		}
	}
}

// linger fills the places of those who are waited for, by goodbyes and by silence, while a
// victim with a key loses its connection.
func linger(a *attacker) {
	go silence(a)
	go func() {
		for h := a.newHost(netcode.CodeConnectionLost); a.goOn(); {
			if x, err := a.dial(h, client.Config{Key: newKey(), Avatar: entities(64), Mode: client.AcknowledgeOnly}); err == nil {
				_ = x.Close()
			}
		}
	}()
	if !a.sleep(3 * time.Second) {
		return
	}
	link, err := badlink.Listen(badlink.Config{To: a.addr()})
	if err != nil {
		panic(err)
	}
	cfg := deaf("victim")
	cfg.Key = newKey()
	victim, err := a.through(link).dial(a.newHost(0), cfg)
	if err != nil {
		a.say("the victim did not get in: %v", err)
		return
	}
	avatar := victim.Avatar()
	_ = link.Close()
	looker := a.join(watcher("looker"))
	for stood := false; a.sleep(500 * time.Millisecond); {
		_, stands := looker.at(avatar)
		if stood = stood || stands; stood && !stands {
			a.harm("the place does not wait for who has lost its connection")
			return
		}
		if answer := looker.ask("list_agents"); isAway(answer, avatar) {
			a.say("the victim is waited for")
			<-a.ctx.Done()
		}
	}
}

// isAway reports whether list_agents says that the agent has lost its connection.
func isAway(answer []any, avatar string) bool {
	if len(answer) < 3 {
		return false
	}
	list, _ := answer[2].([]any)
	for _, item := range list {
		m, _ := item.(map[string]any)
		stats, _ := m["stats"].(string)
		if m["avatar_id"] == avatar && len(stats) >= 10 && stats[:10] == "connection" {
			return true
		}
	}
	return false
}

// through is the attacker with a link between it and the place.
func (a *attacker) through(link *badlink.Relay) *attacker {
	return &attacker{ctx: a.ctx, url: fmt.Sprint("alloplace://", link.Addr()), seen: a.seen}
}

// silence has agents with a key join and fall silent, fifty at a time.
func silence(a *attacker) {
	for a.goOn() {
		link, err := badlink.Listen(badlink.Config{To: a.addr()})
		if err != nil {
			panic(err)
		}
		t, err := enet.New(enet.Config{Peers: 60, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			panic(err)
		}
		d := client.NewDialer(t)
		for range 50 {
			_, _ = d.Dial(a.ctx, fmt.Sprint("alloplace://", link.Addr()), client.Config{Key: newKey(), Mode: client.AcknowledgeOnly})
		}
		_ = link.Close()
		_ = d.Close()
	}
}
