package enet

import (
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/rawenet"
)

// Whatever a connected peer puts behind a valid header, the place goes on serving
// others.
func FuzzENetDatagram(f *testing.F) {
	place := startENet(f, Config{Listen: "127.0.0.1:0"}, func(place *enetEnd) {
		place.onReceived = func(c netcode.Conn, channel uint8, data []byte) {
			if len(data) == 1 {
				_ = place.Send(netcode.Packet{Channel: 1, Reliable: true, Data: data}, c)
			}
		}
	})
	bystander := startENetClient(f)
	here, _ := joinENet(f, bystander, place)
	peer, err := rawenet.Dial(place.Addr(), 6)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = peer.Close() })
	await.Next(f, place.connected, "connection")

	whole := rawenet.Fragment{
		Command: rawenet.SendFragment | rawenet.WantsAcknowledgement, Sequence: 2, Start: 2,
		Count: 2, Total: 8, Data: []byte{1, 2, 3, 4},
	}
	f.Add(true, rawenet.AppendPing(nil, 1))
	f.Add(true, rawenet.AppendReliable(nil, 1, 2, []byte("packet")))
	f.Add(false, rawenet.AppendUnreliable(nil, 0, 0, 1, []byte("packet")))
	f.Add(true, rawenet.AppendDisconnect(rawenet.AppendAcknowledgement(nil, 1, 1, 1), 2, 1001))
	f.Add(true, whole.Append(nil))
	f.Fuzz(func(t *testing.T, timed bool, commands []byte) {
		if len(commands) > 1400 {
			return
		}
		header := peer.UntimedHeader()
		if timed {
			header = peer.Header()
		}
		rawWrite(t, peer, append(header, commands...))
		mustSendENet(t, bystander, netcode.Packet{Channel: 1, Reliable: true, Data: []byte{1}}, here)
		await.Next(t, bystander.received, "echo")
		for len(place.received) > 0 {
			<-place.received
		}
		if len(place.disconnected) > 0 {
			<-place.disconnected
			_ = peer.Close()
			if peer, err = rawenet.Dial(place.Addr(), 6); err != nil {
				t.Fatal(err)
			}
			await.Next(t, place.connected, "connection")
		}
	})
}
