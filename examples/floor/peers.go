package main

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// peersPart configures the peers: the address to connect to, and the number of bytes to
// answer each packet with, 0 to only listen.
type peersPart struct {
	Addr   netip.AddrPort
	Peers  int
	Intent int
}

// heard is a reading of how many packets the peers have received so far, all
// together. It is also their first answer, when all are connected.
type heard struct {
	Packets uint64
}

// peers are plain ENet connections, all over the same transport.
type peers struct {
	transport netcode.Dialer
	intent    []byte // nil to only listen
	news      chan error
	packets   atomic.Uint64
	served    chan error
}

var _ netcode.Handler = (*peers)(nil)

// playPeers connects to a bare loop. What it receives it acknowledges as ENet
// does, and answers as agents do, who send their next intent when a state comes.
func playPeers(p *parent) error {
	var part peersPart
	if err := p.part(&part); err != nil {
		return err
	}
	all, err := connect(part)
	if err != nil {
		return err
	}
	reading := func() any {
		var h heard
		for _, host := range all {
			h.Packets += host.packets.Load()
		}
		return h
	}
	err = p.answer(reading())
	if err == nil {
		err = p.serve(reading)
	}
	for _, host := range all {
		err = errors.Join(err, host.transport.Close(0), <-host.served)
	}
	return err
}

// connect opens as many transports as agents would, and waits for every
// connection.
func connect(part peersPart) (all []*peers, err error) {
	news := make(chan error, part.Peers)
	for n := range part.Peers {
		if n%perHost == 0 {
			transport, err := enet.New(enet.Config{Peers: perHost})
			if err != nil {
				return nil, err
			}
			host := &peers{transport: transport, intent: make([]byte, part.Intent), news: news, served: make(chan error, 1)}
			go func() { host.served <- transport.Serve(host) }()
			all = append(all, host)
		}
		if _, err := all[n/perHost].transport.Dial(part.Addr, channels); err != nil {
			return nil, err
		}
	}
	late := time.After(joinPatience)
	for n := range part.Peers {
		select {
		case err := <-news:
			if err != nil {
				return nil, err
			}
		case <-late:
			return nil, fmt.Errorf("%d of %d peers connected within %v", n, part.Peers, joinPatience)
		}
	}
	return all, nil
}

// Connected tells connect.
func (p *peers) Connected(netcode.Conn, netip.AddrPort) { p.news <- nil }

// Received answers.
func (p *peers) Received(c netcode.Conn, channel uint8, _ []byte) {
	p.packets.Add(1)
	if len(p.intent) > 0 {
		_ = p.transport.Send(netcode.Packet{Channel: channel, Data: p.intent}, c) // unreliable: it may get lost
	}
}

// Disconnected tells connect, if that still waits.
func (p *peers) Disconnected(_ netcode.Conn, code uint32) {
	select {
	case p.news <- fmt.Errorf("disconnected with code %d", code):
	default:
	}
}
