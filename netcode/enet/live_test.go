package enet

import (
	"bytes"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

// Pictures of 20 kB to one who acknowledges and to one who does not.
func TestENetSparesWhoDoesNotKeepUpFurtherLivePackets(t *testing.T) {
	const maxLive, size, pictures = 50_000, 20_000, 60
	place, client := startENetPlace(t, Limits{MaxLive: maxLive, MaxOutgoing: 4 * maxLive}), startENetClient(t)
	rawDial(t, place)
	deaf := await.Next(t, place.connected, "connection")
	_, there := joinENet(t, client, place)
	for i := range byte(pictures) {
		mustSendENet(t, place, netcode.Packet{Channel: 4, Live: true, Data: bytes.Repeat([]byte{i}, size)}, deaf, there)
		if got := await.Next(t, client.received, "picture"); len(got.data) != size || got.data[0] != i {
			t.Fatalf("picture %d came as %d bytes of %d", i, len(got.data), got.data[0])
		}
	}
	select {
	case got := <-place.disconnected:
		t.Errorf("%+v: it cost the connection", got)
	default:
	}
	// The deaf one was sent as many as the limit holds.
	const missed = pictures - maxLive/size
	await.Until(t, "all are counted", func() bool { return place.Dropped().Live == missed })
	if got := place.Dropped(); got.Outgoing != 0 {
		t.Errorf("dropped %+v", got)
	}
}

func TestENetSendsLivePacketOverTheLimitAlone(t *testing.T) {
	place := startENetPlace(t, Limits{MaxLive: 50_000})
	rawDial(t, place)
	deaf := await.Next(t, place.connected, "connection")
	for range 3 {
		mustSendENet(t, place, netcode.Packet{Channel: 4, Live: true, Data: make([]byte, 700_000)}, deaf)
	}
	await.Until(t, "the others are dropped", func() bool { return place.Dropped().Live == 2 })
}

// Ten seconds of twenty voices, at once.
func TestENetQueuesUpNoLiveDatagramsForWhoDoesNotKeepUp(t *testing.T) {
	place, client := startENetPlace(t, Limits{MaxOutgoing: 1 << 20, MaxOutbox: 1 << 20}), startENetClient(t)
	rawDial(t, place)
	deaf := await.Next(t, place.connected, "connection")
	_, there := joinENet(t, client, place)
	voice := make([]byte, 120)
	for i := range 10_000 {
		mustSendENet(t, place, netcode.Packet{Channel: 0, Live: true, Data: voice}, deaf, there)
		if i%100 == 99 { // it keeps up
			mustSendENet(t, place, netcode.Packet{Channel: 1, Reliable: true, Data: []byte("so far")}, there)
			for await.Next(t, client.received, "packet").channel != 1 {
			}
		}
	}
	select {
	case got := <-place.disconnected:
		t.Errorf("%+v: it cost the connection", got)
	default:
	}
	if got := place.Dropped(); got.Outgoing != 0 || got.Outbox != 0 || got.Live != 0 {
		t.Errorf("dropped %+v", got)
	}
}

func TestENetSendsLivePacketsTogether(t *testing.T) {
	place, client := startENetPlace(t, Limits{}), startENetClient(t)
	_, there := joinENet(t, client, place)
	// They wait for each other, but in the end all come.
	for i := range byte(50) {
		mustSendENet(t, place, netcode.Packet{Channel: 0, Live: true, Data: []byte{i}}, there)
	}
	for i := range byte(50) {
		if got := await.Next(t, client.received, "packet"); got.data[0] != i {
			t.Fatalf("packet %d came as the %dth", got.data[0], i)
		}
	}
	// A live packet goes along with what does not wait, in its order.
	mustSendENet(t, place, netcode.Packet{Channel: 0, Live: true, Data: []byte("1")}, there)
	mustSendENet(t, place, netcode.Packet{Channel: 0, Live: true, Data: []byte("2")}, there)
	mustSendENet(t, place, netcode.Packet{Channel: 0, Data: []byte("3")}, there)
	for _, want := range []string{"1", "2", "3"} {
		if got := await.Next(t, client.received, "packet"); string(got.data) != want {
			t.Errorf("got %q, want %q", got.data, want)
		}
	}
}

func TestENetOutboxHoldsLivePacketsForAMomentAfterAFlush(t *testing.T) {
	live, other := enetOrder{kind: orderSend, live: true}, enetOrder{kind: orderSend}
	for name, c := range map[string]struct {
		orders []enetOrder
		after  time.Duration // of the flush before
		taken  bool
	}{
		"live soon":             {[]enetOrder{live}, enetLiveEvery - 1, false},
		"live in time":          {[]enetOrder{live}, enetLiveEvery, true},
		"another kind":          {[]enetOrder{other}, 0, true},
		"live and another kind": {[]enetOrder{live, other, live}, 0, true},
		"a disconnect":          {[]enetOrder{live, {kind: orderDisconnect}}, 0, true},
		"reliable":              {[]enetOrder{{kind: orderSend, live: true, reliable: true}}, 0, true},
	} {
		box := enetOutbox{limit: 1 << 20}
		flushed := time.Now()
		box.add(other)
		box.take(enetOrders{}, flushed)
		for _, o := range c.orders {
			box.add(o)
		}
		now := flushed.Add(c.after)
		if wait := box.pause(now) > 0; wait == c.taken {
			t.Errorf("%s: pauses %v", name, wait)
		}
		if orders, _ := box.take(enetOrders{}, now); len(orders.list) > 0 != c.taken {
			t.Errorf("%s: %d orders were taken", name, len(orders.list))
		}
	}
}
