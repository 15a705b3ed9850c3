package enet

/*
#cgo pkg-config: libenet
#cgo CFLAGS: -Wall -Wextra
#cgo noescape loci_packet
#cgo nocallback loci_packet
#cgo nocallback loci_packet_free
#cgo nocallback loci_mark
#cgo noescape loci_send
#cgo nocallback loci_send
#cgo nocallback loci_service
#cgo nocallback loci_release
#cgo nocallback loci_flush
#cgo nocallback loci_due
#cgo nocallback loci_sweep
#cgo nocallback loci_stat_of
#cgo nocallback loci_count_queued
#include <stdlib.h>
#include "guard.h"
*/
import "C"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"sync"
	"time"
	"unsafe"

	"github.com/codecat/go-enet"
	"github.com/loci-place/loci/netcode"
)

// enetHost is go-enet's host with the guard of enet_guard.h around it. It hides
// every C type from the rest of the package. Its methods must not run at the same
// time, and none may run after destroy.
type enetHost struct {
	lib   enet.Host
	guard *C.loci_guard
}

// enetChannels is the most that a client may open: 5 or 6 by its dialect
// (netcode/PROTOCOL.md, "Connections").
const enetChannels = 6

// enetMaxPeers is what ENet's twelve bits for a peer can name.
const enetMaxPeers = 4095

var enetInitialize = sync.OnceFunc(enet.Initialize)

// openENetHost creates a host on addr. One who wants a reason for its failing
// must have tried the address before: go-enet keeps it to itself.
func openENetHost(addr netip.AddrPort, peers int, limits Limits, accept bool) (*enetHost, error) {
	enetInitialize()
	listen := enet.NewAddress(addr.Addr().String(), addr.Port())
	if listen.String() != addr.Addr().String() {
		return nil, fmt.Errorf("ENet took address %v for %v", addr.Addr(), listen)
	}
	lib, err := enet.NewHost(listen, uint64(peers), enetChannels, 0, 0)
	if err != nil {
		return nil, err
	}
	c := cHost(lib)
	guardLimits := limits.c(accept)
	guard := C.loci_guard_attach(c, &guardLimits)
	if guard == nil {
		lib.Destroy()
		return nil, errors.New("no memory for an ENet host")
	}
	return &enetHost{lib: lib, guard: guard}, nil
}

// cHost and cPeer reach the C structs that go-enet keeps in its first fields.
// TestGoENetTypesAreAsReached fails if they ever move.
func cHost(h enet.Host) *C.ENetHost {
	return (*C.ENetHost)(reflect.ValueOf(h).Elem().Field(0).UnsafePointer())
}

func cPeer(p enet.Peer) *C.ENetPeer {
	return (*C.ENetPeer)(reflect.ValueOf(p).Field(0).UnsafePointer())
}

// c returns the limits, all of them set, in the form the guard takes.
func (l Limits) c(accept bool) C.loci_limits {
	limits := C.loci_limits{
		max_packet:            C.size_t(l.MaxPacket),
		max_waiting:           C.size_t(l.MaxWaiting),
		max_waiting_total:     C.size_t(l.MaxWaitingTotal),
		max_queued:            C.size_t(l.MaxQueuedCommands),
		max_outgoing:          C.size_t(l.MaxOutgoing),
		max_outgoing_total:    C.size_t(l.MaxOutgoingTotal),
		max_live:              C.size_t(l.MaxLive),
		half_open:             C.size_t(l.HalfOpen),
		half_open_per_address: C.size_t(l.HalfOpenPerAddress),
		open_per_address:      C.size_t(l.OpenPerAddress),
		connect_rate:          C.double(l.ConnectRate) / 1000,
		connect_burst:         C.double(l.ConnectBurst),
		command_budget:        C.uint32_t(l.CommandRate * C.LOCI_COMMAND_COST * C.LOCI_WINDOW_MS / 1000),
		half_open_ms:          milliseconds(l.HalfOpenTimeout),
		timeout_min:           milliseconds(l.TimeoutMin),
		timeout_max:           milliseconds(l.TimeoutMax),
		seed:                  C.uint32_t(rand.Uint32()),
	}
	limits.address_full_code, limits.full_code = C.uint32_t(netcode.CodeAddressFull), C.uint32_t(netcode.CodeFull)
	limits.shared_n = C.size_t(len(l.SharedAddresses))
	for i, network := range l.SharedAddresses {
		address, mask := network.Masked().Addr().As4(), net.CIDRMask(network.Bits(), 32)
		// Both in network order, as ENet has addresses.
		limits.shared[i].address = C.uint32_t(binary.NativeEndian.Uint32(address[:]))
		limits.shared[i].mask = C.uint32_t(binary.NativeEndian.Uint32(mask))
	}
	limits.accept = cBool(accept)
	limits.loopback_is_an_address = cBool(l.loopbackIsAnAddress)
	return limits
}

func cBool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func milliseconds(d time.Duration) C.uint32_t { return C.uint32_t(d.Milliseconds()) }

// fd is ENet's socket. It stays ENet's.
func (h *enetHost) fd() int { return int(h.guard.host.socket) }

func (h *enetHost) destroy() {
	C.loci_guard_detach(h.guard)
	h.lib.Destroy()
}

// enetPacket is a packet in C memory, owned by the one who holds it.
type enetPacket = *C.ENetPacket

// newENetPacket copies data. Any goroutine may call it.
func newENetPacket(data []byte, reliable, fragile bool) (enetPacket, error) {
	p := C.loci_packet(unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), cBool(reliable), cBool(fragile))
	if p == nil {
		return nil, fmt.Errorf("netcode: no memory for a packet of %d bytes", len(data))
	}
	return p, nil
}

func freeENetPacket(p enetPacket) { C.loci_packet_free(p) }

// enetMark tells when ENet is done with a packet. It is a byte in C memory, as the
// packet is gone by then.
type enetMark struct{ done *C.uint8_t }

// markENetPacket is called before the packet is sent, and reports false when there is
// no memory.
func markENetPacket(p enetPacket) (enetMark, bool) {
	m := enetMark{C.loci_mark(p)}
	return m, m.done != nil
}

// free reports whether the packet has been acknowledged, or never will be.
func (m enetMark) free() bool { return *m.done != 0 }

// forget frees the mark, which the packet must not outlive.
func (m enetMark) forget() { C.free(unsafe.Pointer(m.done)) }

// send queues p to the peers in slots, and frees it when none takes it. A live packet
// in fragments is kept from those that have too many to take already.
func (h *enetHost) send(p enetPacket, channel uint8, live bool, slots []uint16) {
	C.loci_send(h.guard, p, C.uint8_t(channel), cBool(live),
		(*C.uint16_t)(unsafe.SliceData(slots)), C.size_t(len(slots)))
}

// fragments reports whether some on a channel have not arrived yet.
func (h *enetHost) fragments(slot int, channel uint8) bool {
	return C.loci_fragments(h.guard, C.size_t(slot), C.uint8_t(channel)) != 0
}

func (h *enetHost) flush() { C.loci_flush(h.guard) }

// dial starts a connection and tells its slot.
func (h *enetHost) dial(to netip.AddrPort, channels int) (int, error) {
	C.loci_make_room(h.guard)
	peer, err := h.lib.Connect(enet.NewAddress(to.Addr().String(), to.Port()), channels, 0)
	if err != nil {
		return 0, err
	}
	slot := int(cPeer(peer).incomingPeerID)
	C.loci_dialed(h.guard, C.size_t(slot))
	return slot, nil
}

// disconnectLater ends a connection after its queued packets were delivered,
// disconnect drops them. Both tell whether a disconnect event will follow.
func (h *enetHost) disconnectLater(slot int, code uint32) bool {
	return C.loci_disconnect(h.guard, C.size_t(slot), C.uint32_t(code), 1) != 0
}

func (h *enetHost) disconnect(slot int, code uint32) bool {
	return C.loci_disconnect(h.guard, C.size_t(slot), C.uint32_t(code), 0) != 0
}

// disconnectNow frees the slot at once; the peer may or may not hear of it.
func (h *enetHost) disconnectNow(slot int, code uint32) {
	C.loci_disconnect_now(h.guard, C.size_t(slot), C.uint32_t(code))
}

func (h *enetHost) refuseConnects() { C.loci_refuse_connects(h.guard) }

func (h *enetHost) sweep() { C.loci_sweep(h.guard) }

// due is how long the host may be left alone; idle if it has no peers.
func (h *enetHost) due(idle time.Duration) time.Duration {
	return time.Duration(C.loci_due(h.guard, milliseconds(idle))) * time.Millisecond
}

// stat returns the statistics of the connection in a slot.
func (h *enetHost) stat(slot int) netcode.Stats {
	s := C.loci_stat_of(h.guard, C.size_t(slot))
	return netcode.Stats{
		RTT:         time.Duration(s.rtt_ms) * time.Millisecond,
		RTTVariance: time.Duration(s.rtt_variance_ms) * time.Millisecond,
		Loss:        float64(s.loss),
		SentBytes:   uint64(s.sent_bytes),
		RecvBytes:   uint64(s.recv_bytes),
		SentPackets: uint64(s.sent_packets),
		RecvPackets: uint64(s.recv_packets),
		Queued:      int(s.queued),
	}
}

// queued counts the bytes that are queued to a slot.
func (h *enetHost) queued(slot int) int { return int(C.loci_count_queued(h.guard, C.size_t(slot))) }

// crowded is the address that OpenPerAddress was last hit from.
func (h *enetHost) crowded() netip.Addr {
	return netip.AddrFrom4(*(*[4]byte)(unsafe.Pointer(&h.guard.crowded)))
}

// dropped returns the guard's counters, in the order of its LOCI_DROP_ names.
func (h *enetHost) dropped() (counts [enetDropReasons]uint64) {
	for i := range counts {
		counts[i] = uint64(h.guard.drops[i])
	}
	return counts
}

const (
	enetDropReasons     = C.LOCI_DROPS
	enetDropAddressOpen = C.LOCI_DROP_ADDRESS_OPEN
	enetCommandMemory   = C.sizeof_ENetOutgoingCommand
	enetMaxNetworks     = C.LOCI_NETWORKS
)

// Kinds of enetEvent.
const (
	enetConnect    = C.LOCI_EVENT_CONNECT
	enetDisconnect = C.LOCI_EVENT_DISCONNECT
	enetReceive    = C.LOCI_EVENT_RECEIVE
	enetOverload   = C.LOCI_EVENT_OVERLOAD
	enetDelivered  = C.LOCI_EVENT_DELIVERED
)

type enetEvent C.loci_event

func (e *enetEvent) from() netip.AddrPort {
	// The address is in network order, so its bytes are in reading order.
	b := *(*[4]byte)(unsafe.Pointer(&e.from_host))
	return netip.AddrPortFrom(netip.AddrFrom4(b), uint16(e.from_port))
}

// bytes are those of a received packet, valid until the batch is released.
func (e *enetEvent) bytes() []byte {
	return unsafe.Slice((*byte)(e.data), int(e.length))
}

// enetBatch holds the events of one call of service. It outlives the host: its
// packets no longer belong to it.
type enetBatch struct {
	events []enetEvent // in C memory
	n      int         // how many hold an event
}

func newENetBatch(size int) *enetBatch {
	memory := C.calloc(C.size_t(size), C.size_t(unsafe.Sizeof(enetEvent{}))) // never nil in Go
	return &enetBatch{events: unsafe.Slice((*enetEvent)(memory), size)}
}

func (b *enetBatch) c() *C.loci_event { return (*C.loci_event)(unsafe.SliceData(b.events)) }

// release frees the packets, and makes room for the next events.
func (b *enetBatch) release() {
	C.loci_release(b.c(), C.int(b.n))
	b.n = 0
}

func (b *enetBatch) free() { C.free(unsafe.Pointer(b.c())) }

// service sends what is queued and receives what has come. The batch must have
// been released.
func (h *enetHost) service(b *enetBatch) []enetEvent {
	b.n = int(C.loci_service(h.guard, b.c(), C.int(len(b.events))))
	return b.events[:b.n]
}

// socketBuffers asks for socket buffers, in bytes, and returns what it got for
// receiving.
func socketBuffers(fd, size int) int { return int(C.loci_socket_buffers(C.int(fd), C.int(size))) }
