package direct_test

import (
	"testing"

	"github.com/loci-place/loci/netcode/direct"
	"github.com/loci-place/loci/netcode/transporttest"
)

func TestDirectKeepsToTheSeam(t *testing.T) {
	transporttest.Run(t, func(testing.TB) transporttest.Rig {
		transport := direct.New()
		return transporttest.Rig{Transport: transport, Connect: func(_ testing.TB, a transporttest.Agent) transporttest.Peer {
			return transport.Connect(direct.Config{Received: a.Received, Disconnected: a.Disconnected})
		}}
	})
}
