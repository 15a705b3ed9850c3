package pipe_test

import (
	"testing"

	"github.com/loci-place/loci/netcode/pipe"
	"github.com/loci-place/loci/netcode/transporttest"
)

func TestPipeKeepsToTheSeam(t *testing.T) {
	transporttest.Run(t, func(testing.TB) transporttest.Rig {
		n := pipe.New(pipe.Config{MaxPacket: 200_000})
		end := n.Listen()
		return transporttest.Rig{Transport: end, MaxPacket: 200_000, Connect: func(t testing.TB, a transporttest.Agent) transporttest.Peer {
			return transporttest.Dial(t, n.Host(), end.Addr(), a)
		}}
	})
}
