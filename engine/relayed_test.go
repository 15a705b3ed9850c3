package engine

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/pipe"
)

// relayer is a dishonest place, in its own words: it passes all commands on between a victim
// and the real place, to be let in there in the victim's stead.
type relayer struct {
	front, back *pipe.End
	addr        netip.AddrPort
	up, down    func(data []byte) []byte // what it changes

	mu     sync.Mutex
	victim netcode.Conn
	real   netcode.Conn
	heard  [][]byte // from the place
	said   [][]byte // to it
}

func same(data []byte) []byte { return data }

func (r *rig) relays() *relayer {
	e := &relayer{front: r.pipe.Listen(), back: r.pipe.Host(), up: same, down: same}
	e.addr = e.front.Addr()
	for _, s := range []struct {
		end *pipe.End
		h   netcode.Handler
	}{{e.front, (*relayFront)(e)}, {e.back, (*relayBack)(e)}} {
		go func() { _ = s.end.Serve(s.h) }()
		r.Cleanup(func() { _ = s.end.Close(netcode.CodePlaceClosed) })
	}
	real, err := e.back.Dial(r.addr, 6)
	if err != nil {
		r.Fatal(err)
	}
	e.real = real
	return e
}

type relayFront relayer

func (e *relayFront) Connected(c netcode.Conn, _ netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.victim = c
}

func (e *relayFront) Received(_ netcode.Conn, channel uint8, data []byte) {
	if channel != netcode.CommandChannel {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	data = e.up(bytes.Clone(data))
	e.said = append(e.said, data)
	_ = e.back.Send(netcode.Packet{Channel: channel, Reliable: true, Data: data}, e.real)
}

func (e *relayFront) Disconnected(netcode.Conn, uint32) {}

type relayBack relayer

func (e *relayBack) Connected(netcode.Conn, netip.AddrPort) {}

func (e *relayBack) Received(_ netcode.Conn, channel uint8, data []byte) {
	if channel != netcode.CommandChannel {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, bytes.Clone(data))
	_ = e.front.Send(netcode.Packet{Channel: channel, Reliable: true, Data: e.down(bytes.Clone(data))}, e.victim)
}

func (e *relayBack) Disconnected(netcode.Conn, uint32) {}

// letIn reports whether the place has let the relay in.
func (e *relayer) letIn() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, data := range e.heard {
		i, err := netcode.ParseInteraction(data)
		if err == nil && netcode.BodyVerb(i.Body) == "announce" && !bytes.Contains(i.Body, []byte(`"error"`)) {
			return true
		}
	}
	return false
}

// dials joins as ann, at the given address.
func (r *rig) dials(addr netip.AddrPort, cfg client.Config) (*client.Client, error) {
	r.Helper()
	d := client.NewDialer(r.pipe.Host())
	r.Cleanup(func() { _ = d.Close() })
	cfg.Identity = map[string]any{"display_name": "ann"}
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	return d.Dial(ctx, "alloplace://"+addr.String(), cfg)
}

func TestAProofThatIsRelayedIsRefused(t *testing.T) {
	inPlace(t, Config{Name: "Lobby", Key: keyOf("the lobby")}, func(r *rig) {
		bystander := r.join(4, `{}`)
		e := r.relays()
		_, err := r.dials(e.addr, client.Config{Key: keyOf("ann"), PlaceName: "Lobby"})
		var refused *client.AnnounceError
		if !errors.As(err, &refused) || refused.Code != int(netcode.CodeUnproven) || !strings.Contains(err.Error(), e.addr.String()) ||
			!strings.Contains(err.Error(), "--known-as") {
			t.Errorf("the victim is told %v", err)
		}
		if e.letIn() {
			t.Error("the relay was let in")
		}
		if _, err := r.dials(r.addr, client.Config{Key: keyOf("ann"), PlaceName: "Lobby"}); err != nil {
			t.Errorf("the place itself: %v", err)
		}
		if _, gone := bystander.disconnected(); gone {
			t.Error("the bystander is gone")
		}
	})
}

// TestARelayCannotSayThatItWasDialedOtherwise has it change the victim's announce, so that
// the place thinks to have been dialed itself.
func TestARelayCannotSayThatItWasDialedOtherwise(t *testing.T) {
	inPlace(t, Config{Name: "Lobby"}, func(r *rig) {
		e := r.relays()
		e.up = func(data []byte) []byte {
			return bytes.ReplaceAll(data, []byte(e.addr.String()), []byte(r.addr.String()))
		}
		_, err := r.dials(e.addr, client.Config{Key: keyOf("ann")})
		if err == nil || !strings.Contains(err.Error(), "has not proven the key") {
			t.Errorf("the victim is told %v", err)
		}
		if e.letIn() {
			t.Error("the relay was let in")
		}
	})
}

// TestARelayCannotShowAKeyOfItsOwn has it sign the challenge itself, which the victim, who
// has not been there before, has to believe.
func TestARelayCannotShowAKeyOfItsOwn(t *testing.T) {
	inPlace(t, Config{Name: "Lobby"}, func(r *rig) {
		e := r.relays()
		var auth netcode.Auth
		var announce []byte
		e.up = func(data []byte) []byte {
			data = bytes.ReplaceAll(data, []byte(e.addr.String()), []byte(r.addr.String()))
			i, err := netcode.ParseInteraction(data)
			if a, wrong := netcode.ParseAnnounce(i.Body); err == nil && wrong == nil {
				// What the victim has sent and will sign.
				announce = bytes.ReplaceAll(i.Body, []byte(r.addr.String()), []byte(e.addr.String()))
				auth, _ = netcode.ParseAuth(a.Identity)
				auth.Dialed = e.addr.String()
			}
			return data
		}
		e.down = func(data []byte) []byte {
			i, err := netcode.ParseInteraction(data)
			if c, wrong := netcode.ParseChallenge(i.Body); err == nil && wrong == nil {
				c.Sign(keyOf("evil"), auth, announce)
				i.Body = c.Append(nil)
				return i.Append(nil)
			}
			return data
		}
		_, err := r.dials(e.addr, client.Config{Key: keyOf("ann")})
		if err == nil || !strings.Contains(err.Error(), "the signature is not one of this announce") || e.letIn() {
			t.Errorf("the victim is told %v; let in: %v", err, e.letIn())
		}
	})
}

// TestAnUnboundProofIsMarkedAndLogged is about clients of before places had keys.
func TestAnUnboundProofIsMarkedAndLogged(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		old := r.joinAs("ann", "")
		now, err := r.dials(r.addr, client.Config{Key: keyOf("bob")})
		if err != nil {
			t.Fatal(err)
		}
		_ = r.place.Do(func(turn *Turn) error {
			for i, want := range []Agent{{Verified: keyText("ann")}, {Verified: keyText("bob"), Bound: true}} {
				if got := turn.Agents()[i]; got.Verified != want.Verified || got.Bound != want.Bound {
					t.Errorf("agent %d is %+v", i, got)
				}
			}
			for entity, want := range map[string]bool{old.avatar: false, now.Avatar(): true, PlaceID: false, "nobody": false, "": false} {
				if got, err := (&placeEnv{place: r.place}).Bound(entity); got != want || err != nil {
					t.Errorf("guards are told %v, %v of %q", got, err, entity)
				}
			}
			return nil
		})
		if r.logs.find("a proof is not bound to this place") == "" {
			t.Error("the log does not say so")
		}
	})
}

// TestABoundAgentIsNotResumedByAnUnboundProof keeps the old proof from being a way around
// the new one.
func TestABoundAgentIsNotResumedByAnUnboundProof(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		ann := r.travels(client.Config{Key: keyOf("ann")})
		thief := r.dial()
		body := claim("ann", ann.Avatar())
		thief.prove(thief.challenged(body), body, "ann")
		thief.refused(netcode.CodeUnproven, "was bound to this place")
		again := r.travels(client.Config{Key: keyOf("ann"), Resume: ann.Avatar()})
		if again.Avatar() != ann.Avatar() {
			t.Error("it does not get its own back")
		}
	})
}

func TestClientsRememberThePlacesKey(t *testing.T) {
	public := func(name string) ed25519.PublicKey { return keyOf(name).Public().(ed25519.PublicKey) }
	for name, c := range map[string]struct {
		place  ed25519.PrivateKey
		known  ed25519.PublicKey
		key    ed25519.PrivateKey // the agent's
		refuse bool
		kept   ed25519.PublicKey // after
	}{
		"the first time":                           {place: keyOf("lobby"), key: keyOf("ann"), kept: public("lobby")},
		"the first time, without a key":            {place: keyOf("lobby"), kept: public("lobby")},
		"again":                                    {place: keyOf("lobby"), known: public("lobby"), key: keyOf("ann"), kept: public("lobby")},
		"another":                                  {place: keyOf("lobby"), known: public("attic"), key: keyOf("ann"), refuse: true, kept: public("attic")},
		"another, to an agent without one":         {place: keyOf("lobby"), known: public("attic"), refuse: true, kept: public("attic")},
		"one that does not last":                   {key: keyOf("ann")},
		"one that does not last, for one that did": {known: public("lobby"), key: keyOf("ann"), refuse: true, kept: public("lobby")},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, Config{Key: c.place}, func(r *rig) {
				dialed, places := r.addr.String(), &netcode.PlaceMemory{}
				if c.known != nil {
					_ = places.RememberPlace(dialed, c.known)
				}
				_, err := r.dials(r.addr, client.Config{Key: c.key, KnownPlaces: places})
				var changed *netcode.PlaceKeyError
				if errors.As(err, &changed) != c.refuse || err != nil && !c.refuse {
					t.Errorf("told %v", err)
				}
				if c.refuse && (!changed.Known.Equal(c.known) || changed.Dialed != dialed || len(r.entities()) > 2) {
					t.Errorf("told %v, and entities are %v", err, r.entities())
				}
				if kept, _ := places.PlaceKey(dialed); !kept.Equal(c.kept) {
					t.Errorf("knows %q now", netcode.KeyText(kept))
				}
			})
		})
	}
}

func TestAPlaceKnowsItsNames(t *testing.T) {
	all, loop, net10 := "0.0.0.0:21337", "127.0.0.1:21337", "10.1.2.3:5000"
	for _, c := range []struct {
		listens string
		cfg     Config
		dialed  string
		known   bool
	}{
		{all, Config{}, "localhost:21337", true},
		{all, Config{}, "127.0.0.1:21337", true},
		{all, Config{}, "192.0.2.7:21337", true}, // one of the machine's, see below
		{all, Config{}, "192.0.2.8:21337", false},
		{all, Config{}, "192.0.2.7:21338", false},
		{all, Config{}, "localhost:21338", false},
		{all, Config{}, "lobby.example.org:21337", false},
		{all, Config{}, "https://lobby.example.org", false},
		{all, Config{PublicHost: "Lobby.example.org"}, "lobby.example.org:21337", true},
		{all, Config{PublicHost: "lobby.example.org"}, "lobby.example.org:9999", false},
		{all, Config{KnownAs: []string{"lobby.example.org", "nat.example.org:9999"}}, "lobby.example.org:21337", true},
		{all, Config{KnownAs: []string{"lobby.example.org", "nat.example.org:9999"}}, "nat.example.org:9999", true},
		{all, Config{KnownAs: []string{"nat.example.org:9999"}}, "nat.example.org:21337", false},
		{all, Config{KnownAs: []string{"https://lobby.example.org"}}, "https://lobby.example.org", true},
		{all, Config{KnownAs: []string{"https://lobby.example.org"}}, "http://lobby.example.org", false},
		{all, Config{KnownAs: []string{AnyName}}, "lobby.example.org:21337", false}, // but answered, see below
		{loop, Config{}, "localhost:21337", true},
		{loop, Config{}, "192.0.2.7:21337", false},
		{net10, Config{}, "10.1.2.3:5000", true},
		{net10, Config{}, "127.0.0.1:5000", false},
		{net10, Config{}, "localhost:5000", false},
	} {
		n, err := newPlaceNames([]netip.AddrPort{netip.MustParseAddrPort(c.listens)}, &c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		n.machine = func() []string { return []string{"192.0.2.7"} }
		if got := n.knows(c.dialed); got != c.known {
			t.Errorf("on %s with %q %v, %s is known: %v", c.listens, c.cfg.PublicHost, c.cfg.KnownAs, c.dialed, got)
		}
		key := &placeKey{names: n}
		any := len(c.cfg.KnownAs) > 0 && c.cfg.KnownAs[0] == AnyName
		if auth := (netcode.Auth{Dialed: c.dialed}); key.answersTo(auth) != (c.known || any) || key.binds(auth) != c.known {
			t.Errorf("on %s with %v, to %s it answers %v, which binds %v", c.listens, c.cfg.KnownAs, c.dialed, key.answersTo(auth), key.binds(auth))
		}
	}
	for _, name := range []string{"", "a b", "lobby:0", "lobby:x", "ftp://lobby"} {
		_, err := New(Config{Listen: "127.0.0.1:0", KnownAs: []string{name}})
		if err == nil || !strings.Contains(err.Error(), "Config.KnownAs") || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("known as %q: %v", name, err)
		}
	}
}
