package netcode

import (
	"errors"
	"net/netip"
	"time"
)

// Conn names one connection of a [Transport]. A Conn is never reused: when the
// peer is gone the value stays dead, no matter who connects next. The zero Conn names
// nobody. A transport uses the lower [ConnBits] bits; the others are zero, for what
// carries several transports as one to say which of them it is.
type Conn uint64

// ConnBits is how many bits of a [Conn] a transport may use.
const ConnBits = 56

// Transport carries packets over connections. netcode/transporttest tests that an implementation
// conforms to this documentation.
//
// A transport is created with its sockets bound, then served, then closed. All methods but Serve
// may be called from any goroutine, the handler's included, in each of these states. None of them
// blocks on the network or waits for the handler: they may be called while a handler runs.
//
// Packets sent reliably on one channel of a connection arrive once and in order, or the
// connection ends. Others may be lost, but a packet arrives whole or not at all, and one that
// arrives after a newer one of its channel is dropped. Channels do not wait for each other.
//
// Limits bound the memory and work that a peer or a stranger can cause, and are documented by the
// transport. A connection that exceeds one ends with [CodeOverload].
//
// A transport may also implement [Dialer], [Listener], [DropCounter] or [Inline].
type Transport interface {
	// Serve delivers events to h, one at a time, until Close, and then returns nil. An error
	// means that the transport has failed: its connections have ended without Disconnected.
	// Serve may be called once: a second call returns an error immediately. After Close it
	// returns nil.
	Serve(h Handler) error

	// Send queues one packet to each of the connections. It copies the data once, for any
	// number of connections, before it returns. It skips connections that are unknown,
	// closed, not yet connected or without such a channel. The error is [ErrTooLarge] or
	// [ErrClosed]. If the queue is full, an unreliable packet is dropped, and a reliable
	// one ends the connection.
	Send(p Packet, to ...Conn) error

	// Flush sends packets that [Packet].More has held back. The error is [ErrClosed] or nil.
	Flush() error

	// Disconnect ends the connection with code, once the packets sent to it before have
	// been delivered. The handler's only further call for it is Disconnected, with this code,
	// soon, even if the peer does not answer.
	Disconnect(c Conn, code uint32)

	// Stats returns statistics of a connection, as of some milliseconds ago, and false if
	// there is no such connection.
	Stats(c Conn) (Stats, bool)

	// Close ends every connection with code, waits up to a second for the peers to
	// acknowledge, releases the socket and makes Serve return. The handler is not called any
	// more, not even for the connections that Close ends. Close may be called twice, and on a
	// transport that was never served.
	Close(code uint32) error
}

// Dialer is a [Transport] that can also open connections, as agents do.
type Dialer interface {
	Transport
	// Dial opens a connection with the given number of channels. The handler gets Connected
	// or Disconnected with the outcome.
	Dial(to netip.AddrPort, channels int) (Conn, error)
}

// Listener is a [Transport] with an address that peers connect to.
type Listener interface {
	Transport
	// Addr returns the address it listens on, with the actual port if port 0 was configured.
	Addr() netip.AddrPort
}

// DropCounter is a [Transport] that counts what it drops.
type DropCounter interface {
	Transport
	// Drops returns the counts since the transport was created, as of some 100 ms ago, always
	// for the same reasons in the same order, zeros included. If several transports serve one
	// place, counts with the same reason are added.
	Drops() []DropCount
}

// DropCount counts what a transport has dropped, or the connections it has ended, for one reason.
type DropCount struct {
	Reason string // like "half_open", a label of metrics
	Count  uint64
}

// Inline is a [Transport] that works without a goroutine, for driving a place step by step.
type Inline interface {
	Transport
	// ServeInline is called instead of Serve and returns immediately. From then on the handler runs
	// on the goroutine that causes an event, before the call that causes it returns. If the handler
	// itself causes the event, it runs after the handler has returned. All calls must come from one
	// goroutine.
	ServeInline(h Handler) error
}

// Handler handles the events of a [Transport]. Its methods are called one at a time on the
// goroutine that runs Serve. Nothing is received or sent meanwhile, so they must not block.
type Handler interface {
	// Connected is the first call for c. From is the peer's address, if known; limits per
	// address use it.
	Connected(c Conn, from netip.AddrPort)
	// Received is called with a packet. data is valid only during the call.
	Received(c Conn, channel uint8, data []byte)
	// Disconnected is the last call for c, and happens once. Code is that of the peer, that of
	// Disconnect if this end called it, or [CodeConnectionLost] if the peer fell silent, and
	// only then: if a peer sends that code, it becomes [CodeClientLeft], see [GoodbyeCode].
	Disconnected(c Conn, code uint32)
}

// GoodbyeCode returns the code to report for a peer that disconnected by itself. A peer cannot claim
// [CodeConnectionLost]: it is reported as [CodeClientLeft].
func GoodbyeCode(code uint32) uint32 {
	if code == CodeConnectionLost {
		return CodeClientLeft
	}
	return code
}

// Packet is one message to send.
type Packet struct {
	Channel  uint8
	Reliable bool
	// NoResend means that an unreliable packet too large for one datagram is lost as soon as one
	// of its fragments is lost. Otherwise the transport may resend fragments until all have
	// arrived, and later packets of the channel wait for it. Not every peer supports it: see
	// [TakesFragments] and netcode/enet.
	NoResend bool
	// Live means that the packet is worthless if late. If it is unreliable and too large for one
	// datagram, connections are skipped that have too many fragments of such packets in flight
	// on the same channel; and [Stats.Busy] ignores it.
	Live bool
	// More means that other packets, and then a Flush, follow immediately from the same
	// goroutine: the transport may hold the packet back until then, and send all together.
	More bool
	// Delivered of a reliable packet is called when each connection it was sent to has
	// acknowledged all of it or has ended. Like the handler's methods it is called one at a time
	// with them, and must not block. It is not called if Send fails, if the transport refuses the
	// packet and so ends its connections, or after Close.
	Delivered func()
	Data      []byte
}

// Stats describes one connection. Fields that a transport does not know are 0.
type Stats struct {
	RTT         time.Duration // mean round trip
	RTTVariance time.Duration
	Loss        float64 // share of packets lost lately, 0 to 1
	// Busy reports whether an unreliable packet too large for one datagram, and not a live one,
	// is in flight right now: its channel waits for it.
	Busy bool
	// Queued is the number of bytes sent reliably and not yet acknowledged, with the overhead
	// of each packet in memory. It includes what has just been sent.
	Queued      int
	SentBytes   uint64 // since the connection was made, with headers as far as they are known
	RecvBytes   uint64
	SentPackets uint64
	RecvPackets uint64
}

// DatagramBytes is the maximum size of a packet that a transport over UDP carries in one datagram.
const DatagramBytes = 1372

// packetMemory is the memory that ENet needs for a queued packet or fragment in addition to its
// data, in bytes.
const packetMemory = 96

// QueueCost returns approximately what a reliable packet of a size counts in [Stats].Queued.
func QueueCost(size int) int {
	return size + packetMemory*max(1, (size+DatagramBytes-1)/DatagramBytes)
}

// Disconnect codes (netcode/PROTOCOL.md, "Connections"). Those from 1100 on are loci's own.
const (
	CodeConnectionLost  uint32 = 1000 // the peer fell silent
	CodeClientLeft      uint32 = 1001 // the agent left by itself
	CodeOutdatedVersion uint32 = 1003 // announced a version that the place does not support
	CodeKicked          uint32 = 1005 // another agent or a script kicked it
	CodePlaceClosed     uint32 = 1100 // the place shuts down
	CodeViolations      uint32 = 1101 // too many forged or invalid messages
	CodeOverload        uint32 = 1102 // sent or queued more than a limit allows
	CodeDenied          uint32 = 1103 // an access rule or a script refused the announce
	CodeNeverAnnounced  uint32 = 1104 // connected, then did not announce in time
	CodeBadAnnounce     uint32 = 1105 // the announce was invalid
	CodeUnproven        uint32 = 1106 // did not prove the key it announced, or that it may resume
	CodeResumed         uint32 = 1107 // the agent has resumed over another connection
	CodeAddressFull     uint32 = 1108 // its address has the maximum number of connections
	CodeFull            uint32 = 1109 // the place has the maximum number of connections
)

var (
	// ErrClosed: the transport, client or connection has been closed.
	ErrClosed = errors.New("netcode: closed")
	// ErrTooLarge: the packet is over the transport's size limit.
	ErrTooLarge = errors.New("netcode: packet too large")
)
