package web

import (
	"testing"

	"github.com/loci-place/loci/netcode/transporttest"
)

func TestSocketKeepsToTheSeam(t *testing.T) {
	transporttest.Run(t, func(t testing.TB) transporttest.Rig {
		place, server := begin(t, Config{Limits: Limits{MaxPacket: 200_000}})
		return transporttest.Rig{Transport: place, MaxPacket: 200_000, Connect: func(t testing.TB, a transporttest.Agent) transporttest.Peer {
			return dial(t, server.URL, a)
		}}
	})
}

func TestDataChannelsKeepToTheSeam(t *testing.T) {
	transporttest.Run(t, func(t testing.TB) transporttest.Rig {
		place, server := begin(t, Config{UDP: "127.0.0.1:0", Limits: Limits{MaxPacket: 200_000}})
		return transporttest.Rig{Transport: place, MaxPacket: 200_000, Connect: func(t testing.TB, a transporttest.Agent) transporttest.Peer {
			return dialRTC(t, server.URL, a)
		}}
	})
}
