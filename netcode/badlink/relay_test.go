package badlink

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

func startRelay(t testing.TB, cfg Config) *Relay {
	t.Helper()
	r, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

func mustSetLink(t testing.TB, r *Relay, l Link) {
	t.Helper()
	if err := r.SetLink(l); err != nil {
		t.Fatal(err)
	}
}

// atRest waits until nothing is under way.
func atRest(t testing.TB, r *Relay) Stats {
	t.Helper()
	await.Until(t, "nothing under way", func() bool { return r.Stats().Waiting == 0 })
	s := r.Stats()
	for name, c := range map[string]Counts{"up": s.Up, "down": s.Down} {
		if c.Received+c.Duplicated != c.Delivered+c.Lost+c.Overflowed+c.Failed {
			t.Errorf("%s: the counters do not add up: %+v", name, c)
		}
	}
	return s
}

func TestRelayCanBeChangedWhileItRuns(t *testing.T) {
	server, client := startPeer(t, 0), startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr(), Link: Link{Delay: 50 * ms}})
	sent := 0
	send := func() {
		t.Helper()
		sent++
		client.send(t, r.Addr(), uint64(sent), 100)
		await.Until(t, "taken", func() bool { return r.Stats().Up.Received == uint64(sent) })
	}
	send()
	mustSetLink(t, r, Link{Loss: 1})
	send()
	mustSetLink(t, r, Link{})
	send()
	if got := numbers(server.want(t, 2)); !slices.Equal(got, []uint64{3, 1}) {
		t.Errorf("%v arrived, want 3, which is not delayed, and 1, which had left before the blackout", got)
	}
	if err := r.SetLink(Link{Loss: 2}); err == nil || err.Error() != "badlink: Link.Loss: 2 is not within 0 to 1" {
		t.Errorf("got %v", err)
	}
	send()
	server.want(t, 3)
}

func TestRelayGivesEveryClientAnAddressOfItsOwn(t *testing.T) {
	server := startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr()})
	const clients = 20
	var all []*peer
	for i := range clients {
		all = append(all, startPeer(t, 0))
		all[i].send(t, r.Addr(), uint64(i), 100)
		all[i].send(t, r.Addr(), uint64(i), 100)
	}
	known := make(map[netip.AddrPort]uint64)
	for _, d := range server.want(t, 2*clients) {
		if of, ok := known[d.from]; ok && of != d.number {
			t.Errorf("clients %d and %d have the same address", of, d.number)
		}
		known[d.from] = d.number
	}
	if len(known) != clients || r.Stats().Clients != clients {
		t.Errorf("%d addresses for %d clients, %d counted", len(known), clients, r.Stats().Clients)
	}
	for from, number := range known {
		server.send(t, from, number, 100)
	}
	for i, c := range all {
		if got := c.want(t, 1); got[0].number != uint64(i) || got[0].from != r.Addr() || len(got) != 1 {
			t.Errorf("client %d got %v", i, got)
		}
	}
}

func TestRelayPassesTheLargestAndTheSmallestDatagrams(t *testing.T) {
	server, client := startPeer(t, 0), startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr()})
	if _, err := client.WriteToUDPAddrPort(nil, r.Addr()); err != nil {
		t.Fatal(err)
	}
	client.send(t, r.Addr(), 1, 65_507)
	server.want(t, 1)
	if s := atRest(t, r); s.Up.Delivered != 2 || s.Up.ReceivedBytes != 65_507 {
		t.Errorf("counted %+v", s.Up)
	}
}

func TestRelayForgetsSilentClients(t *testing.T) {
	t.Parallel() // it waits most of the time
	server, client, other := startPeer(t, 0), startPeer(t, 0), startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr(), Idle: 200 * ms})
	client.send(t, r.Addr(), 1, 100)
	other.send(t, r.Addr(), 1, 100)
	await.Until(t, "two clients", func() bool { return r.Stats().Clients == 2 })
	await.Until(t, "one client", func() bool {
		other.send(t, r.Addr(), 1, 100)
		return r.Stats().Clients == 1
	})
	client.send(t, r.Addr(), 2, 100)
	await.Until(t, "the client is back", func() bool {
		return slices.ContainsFunc(server.received(), func(d receipt) bool { return d.number == 2 })
	})
}

func TestRelaySurvivesAServerThatIsNotThere(t *testing.T) {
	gone := startPeer(t, 0)
	addr := gone.addr()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	client := startPeer(t, 0)
	r := startRelay(t, Config{To: addr})
	for i := range 5 {
		client.send(t, r.Addr(), uint64(i), 100)
		await.Until(t, "taken", func() bool { return r.Stats().Up.Received == uint64(i)+1 })
	}
	server := startPeer(t, int(addr.Port()))
	await.Until(t, "the server hears the client", func() bool {
		client.send(t, r.Addr(), 9, 100)
		return server.count() > 0
	})
}

func TestClosedRelayLetsGoOfItsAddress(t *testing.T) {
	server, client := startPeer(t, 0), startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr(), Link: Link{Delay: time.Hour}})
	client.send(t, r.Addr(), 1, 100)
	await.Until(t, "one is under way", func() bool { return r.Stats().Waiting == 1 })
	if err := r.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	again := startRelay(t, Config{Listen: r.Addr(), To: server.addr()})
	if again.Addr() != r.Addr() || again.Addr().Port() == 0 {
		t.Errorf("listens at %v and then at %v", r.Addr(), again.Addr())
	}
	if s := r.Stats(); s.Waiting != 0 || s.Clients != 0 {
		t.Errorf("a closed relay has %+v", s)
	}
}

func TestListenRefusesWhatMakesNoSense(t *testing.T) {
	server := startPeer(t, 0)
	taken := startRelay(t, Config{To: server.addr()})
	self := netip.MustParseAddrPort("127.0.0.1:0")
	cases := map[string]struct {
		cfg  Config
		want string
	}{
		"no server":          {Config{}, "To: invalid AddrPort is not an address with a port"},
		"no port":            {Config{To: self}, "To: 127.0.0.1:0 is not an address with a port"},
		"only a port":        {Config{To: server.addr(), Listen: netip.AddrPortFrom(netip.Addr{}, 1)}, "Listen: invalid AddrPort has no address"},
		"address taken":      {Config{To: server.addr(), Listen: taken.Addr()}, "Listen: "},
		"negative idleness":  {Config{To: server.addr(), Idle: -1}, "Idle: -1ns is negative"},
		"loss over 1":        {Config{To: server.addr(), Link: Link{Loss: 1.5}}, "Link.Loss: 1.5 is not within 0 to 1"},
		"negative duplicate": {Config{To: server.addr(), Link: Link{Duplicate: -1}}, "Link.Duplicate: -1 is not within 0 to 1"},
		"reorder over 1":     {Config{To: server.addr(), Link: Link{Reorder: 5}}, "Link.Reorder: 5 is not within 0 to 1"},
		"negative delay":     {Config{To: server.addr(), Link: Link{Delay: -ms}}, "Link.Delay: -1ms is negative"},
		"negative jitter":    {Config{To: server.addr(), Link: Link{Jitter: -ms}}, "Link.Jitter: -1ms is negative"},
		"negative rate":      {Config{To: server.addr(), Link: Link{Rate: -1}}, "Link.Rate: -1 is negative"},
		"negative queue":     {Config{To: server.addr(), Link: Link{RateQueue: -1}}, "Link.RateQueue: -1ns is negative"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := Listen(c.cfg)
			if err == nil {
				_ = r.Close()
				t.Fatal("it was accepted")
			}
			if !strings.HasPrefix(err.Error(), "badlink: "+c.want) {
				t.Errorf("got %q, want %q", err, c.want)
			}
		})
	}
}

func TestRelayDoesNotSendToItself(t *testing.T) {
	free := startPeer(t, 0)
	addr := free.addr()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := Listen(Config{Listen: addr, To: addr}); err == nil {
		_ = r.Close()
		t.Error("it was accepted")
	}
}

func TestReboundClientsComeFromOtherPorts(t *testing.T) {
	server, client := startPeer(t, 0), startPeer(t, 0)
	r := startRelay(t, Config{To: server.addr()})
	client.send(t, r.Addr(), 1, 100)
	before := server.want(t, 1)[0].from
	r.Rebind()
	client.send(t, r.Addr(), 2, 100)
	after := server.want(t, 2)[1].from
	if before == after {
		t.Errorf("both from %v", after)
	}
	server.send(t, before, 3, 100) // nobody is there any more
	server.send(t, after, 4, 100)
	if got := numbers(client.want(t, 1)); !slices.Equal(got, []uint64{4}) {
		t.Errorf("the client got %v", got)
	}
	if n := r.Stats().Clients; n != 1 {
		t.Errorf("%d clients", n)
	}
}
