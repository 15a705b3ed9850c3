package pipe

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

func TestPipeSparesWhoDoesNotKeepUpFurtherLivePackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connectPair(t, Config{Delay: 100 * time.Millisecond})
		defer p.close()
		send := func(live bool, i byte) {
			if err := p.a.Send(netcode.Packet{Live: live, Data: bytes.Repeat([]byte{i}, pipeMaxLive/2)}, p.ca); err != nil {
				t.Fatal(err)
			}
		}
		for i := range byte(4) {
			send(true, i)
		}
		if s, _ := p.a.Stats(p.ca); s.Busy {
			t.Error("busy with live packets")
		}
		send(false, 4)
		if s, _ := p.a.Stats(p.ca); !s.Busy {
			t.Error("not busy with another")
		}
		after(time.Second)
		send(true, 5)
		after(time.Second)
		var got []byte
		for _, h := range p.rb.take() {
			got = append(got, h.what[len(h.what)-1])
		}
		if want := []byte{0, 1, 4, 5}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
