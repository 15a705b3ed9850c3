package enet_test

import (
	"log/slog"
	"testing"

	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/transporttest"
)

func TestENetKeepsToTheSeam(t *testing.T) {
	open := func(t testing.TB, cfg enet.Config) *enet.Transport {
		cfg.Logger = slog.New(slog.DiscardHandler)
		cfg.Limits.MaxPacket = 200_000
		e, err := enet.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	transporttest.Run(t, func(t testing.TB) transporttest.Rig {
		place := open(t, enet.Config{Listen: "127.0.0.1:0"})
		return transporttest.Rig{Transport: place, MaxPacket: 200_000, Connect: func(t testing.TB, a transporttest.Agent) transporttest.Peer {
			return transporttest.Dial(t, open(t, enet.Config{Peers: 1}), place.Addr(), a)
		}}
	})
}
