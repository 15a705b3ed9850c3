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

// Transport carries packets over connections. netcode/transporttest checks that one keeps to what
// is said here.
//
// Its life is: made, with its sockets bound; served; closed. All methods but Serve may be called
// from any goroutine, the handler's included, in each of these states. None of them blocks on the
// network, and none waits for the handler: while a handler runs, it and others may call them.
//
// Packets sent reliably on one channel of a connection arrive once and in order, or the
// connection ends. Others may be lost, but what arrives arrives whole, and one that comes after a
// newer one of its channel is dropped. Channels do not wait for each other.
//
// What a peer or a stranger can make a transport hold or do is bounded, by limits that it names.
// A connection that exceeds one ends with [CodeOverload].
//
// Some can do more, by implementing [Dialer], [Listener], [DropCounter] or [Inline].
type Transport interface {
	// Serve delivers events to h, one at a time, until Close. It then returns nil; any other
	// return means that the transport has failed and carries nothing more, and the connections
	// that it had are gone without Disconnected. It runs once: a second call returns an error at
	// once. After Close it returns nil.
	Serve(h Handler) error

	// Send queues one packet to each of the connections. The transport copies
	// data before Send returns, once, however many connections there are.
	// Connections that are unknown, closed or not yet connected are skipped, and
	// so are those without such a channel. The error is [ErrTooLarge] or [ErrClosed];
	// a packet that there is no room for is dropped, or, if it is reliable, ends the
	// connection.
	Send(p Packet, to ...Conn) error

	// Flush sends what [Packet].More has kept back. The error is [ErrClosed] or nil.
	Flush() error

	// Disconnect ends the connection once the packets sent to it before have
	// been delivered; the peer is told code. The handler hears nothing more of it but
	// Disconnected, with this code, soon: also where the peer is deaf.
	Disconnect(c Conn, code uint32)

	// Stats returns how a connection is doing, as of some milliseconds ago, and false
	// where there is no such connection.
	Stats(c Conn) (Stats, bool)

	// Close tells every peer code, waits up to a second for them to hear it,
	// releases the socket and makes Serve return. The handler hears nothing more,
	// not even of the connections that end so. Closing twice is fine, and so is closing what
	// was never served.
	Close(code uint32) error
}

// Dialer is a [Transport] that opens connections too, as agents do.
type Dialer interface {
	Transport
	// Dial opens a connection with the given number of channels. The handler
	// hears Connected or Disconnected when it is settled.
	Dial(to netip.AddrPort, channels int) (Conn, error)
}

// Listener is a [Transport] that peers reach at an address.
type Listener interface {
	Transport
	// Addr is where it listens, with the port that was chosen where any was asked for.
	Addr() netip.AddrPort
}

// DropCounter is a [Transport] that counts what it has dropped.
type DropCounter interface {
	Transport
	// Drops returns the counts since the transport was made, as of some 100 ms ago, those of 0
	// included: always the same reasons in the same order. Of transports that serve one place
	// together, counts with the same reason add up.
	Drops() []DropCount
}

// DropCount is how often a transport has dropped something for a reason, or ended a connection.
type DropCount struct {
	Reason string // in the form of "half_open", as metrics are labelled
	Count  uint64
}

// Inline is a [Transport] that can do without a goroutine, for driving a place step by step.
type Inline interface {
	Transport
	// ServeInline is called instead of Serve and returns at once. From then on the handler runs on
	// the goroutine that causes an event, before the call that causes it returns; but if the handler
	// itself causes it, after the handler has returned. All calls come from one goroutine.
	ServeInline(h Handler) error
}

// Handler hears what happens on a [Transport]. Its methods are called one at a
// time from the goroutine that runs Serve; while one of them runs nothing is
// received or sent, so none may block.
type Handler interface {
	// Connected is the first that is heard of c. From is the peer's address, as far as it is
	// known: limits for each address go by it.
	Connected(c Conn, from netip.AddrPort)
	// Received is handed the packet's bytes for the length of the call only.
	Received(c Conn, channel uint8, data []byte)
	// Disconnected is the last that is heard of c, and heard once. Code is the peer's, that of
	// Disconnect where this end has called it, or
	// [CodeConnectionLost] when the peer fell silent, and only then: a peer that says so itself
	// is heard as [CodeClientLeft], see [GoodbyeCode].
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
	// NoResend says that the packet, if it is not reliable and too large for one datagram, is to
	// be lost with the first of its fragments that is lost. Otherwise the transport may send
	// fragments again until all have arrived, and later packets of the channel wait for it. Not
	// every peer bears it: see [TakesFragments] and netcode/enet.
	NoResend bool
	// Live says that it is worth nothing late. If it is not reliable and too large for
	// one datagram, a connection is skipped to which too many fragments of such packets
	// are on their way already on the same channel; and [Stats.Busy] is not about it.
	Live bool
	// More says that others follow at once, and then a Flush, from the same goroutine: the
	// transport may keep the packet back until then and send all together.
	More bool
	// Delivered, of a reliable packet, is called once each connection that it was sent to has
	// acknowledged all of it or has ended, as the handler's methods are: one at a time with them,
	// and it must not block. It is not called when Send fails, when the transport refuses the
	// packet and so ends its connections, or after Close.
	Delivered func()
	Data      []byte
}

// Stats describes one connection. What a transport does not know is 0.
type Stats struct {
	RTT         time.Duration // mean round trip
	RTTVariance time.Duration
	Loss        float64 // share of packets lost lately, 0 to 1
	// Busy says, as of now, that an unreliable packet too large for one datagram is
	// on its way, and not a live one: its channel waits for it.
	Busy bool
	// Queued is how many bytes it has been sent reliably and has not acknowledged, with what
	// each packet costs in memory. What has just been sent is in it.
	Queued      int
	SentBytes   uint64 // since the connection was made, with headers as far as they are known
	RecvBytes   uint64
	SentPackets uint64
	RecvPackets uint64
}

// DatagramBytes is how large a packet may be that a transport over UDP carries in one datagram.
const DatagramBytes = 1372

// packetMemory is how much memory ENet takes for a queued packet or fragment beside its data, in bytes.
const packetMemory = 96

// QueueCost is about what a reliable packet of so many bytes counts in [Stats].Queued.
func QueueCost(size int) int {
	return size + packetMemory*max(1, (size+DatagramBytes-1)/DatagramBytes)
}

// Disconnect codes (netcode/PROTOCOL.md, "Connections"). Those from 1100 on are loci's own.
const (
	CodeConnectionLost  uint32 = 1000 // the peer fell silent
	CodeClientLeft      uint32 = 1001 // the agent left by itself
	CodeOutdatedVersion uint32 = 1003 // announced a version the place does not speak
	CodeKicked          uint32 = 1005 // another agent or a script sent it away
	CodePlaceClosed     uint32 = 1100 // the place shuts down
	CodeViolations      uint32 = 1101 // too many forged or senseless messages
	CodeOverload        uint32 = 1102 // sent or queued more than a limit allows
	CodeDenied          uint32 = 1103 // an access rule or a script refused the announce
	CodeNeverAnnounced  uint32 = 1104 // connected, then did not announce in time
	CodeBadAnnounce     uint32 = 1105 // the announce made no sense
	CodeUnproven        uint32 = 1106 // did not prove that it has the key it announced, or that it is who it wants to be again
	CodeResumed         uint32 = 1107 // the agent has come back over another connection
	CodeAddressFull     uint32 = 1108 // its address has as many connections as one may have
	CodeFull            uint32 = 1109 // the place has as many connections as it can
)

var (
	// ErrClosed: the transport, client or connection has been closed.
	ErrClosed = errors.New("netcode: closed")
	// ErrTooLarge: the packet is over the transport's size limit.
	ErrTooLarge = errors.New("netcode: packet too large")
)
