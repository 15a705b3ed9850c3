package netcode

import (
	"errors"
	"net/netip"
	"time"
)

// Conn names one connection of a [Transport]. A Conn is never reused: when the
// peer is gone the value stays dead, no matter who connects next. The zero Conn names
// nobody.
type Conn uint64

// Transport carries packets over connections. All methods but Serve may be
// called from any goroutine, the handler's included, and none of them blocks on
// the network.
type Transport interface {
	// Serve delivers events to h, all from the calling goroutine, until Close.
	// It then returns nil.
	Serve(h Handler) error

	// Dial opens a connection with the given number of channels. The handler
	// hears Connected or Disconnected when it is settled.
	Dial(to netip.AddrPort, channels int) (Conn, error)

	// Send queues one packet to each of the connections. The transport copies
	// data before Send returns, once, however many connections there are.
	// Connections that are unknown, closed or not yet connected are skipped, and
	// so are those without such a channel.
	Send(p Packet, to ...Conn) error

	// Disconnect ends the connection once the packets sent to it before have
	// been delivered; the peer is told code.
	Disconnect(c Conn, code uint32)

	// Stats tells how a connection is doing, as of some milliseconds ago.
	Stats(c Conn) (Stats, bool)

	// Close tells every peer code, waits up to a second for them to hear it,
	// releases the socket and makes Serve return. The handler hears nothing more,
	// not even of the connections that end so. Closing twice is fine.
	Close(code uint32) error
}

// Handler hears what happens on a [Transport]. Its methods are called one at a
// time from the goroutine that runs Serve; while one of them runs nothing is
// received or sent, so none may block.
type Handler interface {
	Connected(c Conn, from netip.AddrPort)
	// Received is handed the packet's bytes for the length of the call only.
	Received(c Conn, channel uint8, data []byte)
	// Disconnected is the last that is heard of c. Code is the peer's, or
	// [CodeConnectionLost] when it fell silent, and only then: a peer that says so itself
	// is heard as [CodeClientLeft].
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
	// Fragile says that it is to be lost, if it is not reliable and too large for one
	// datagram, as soon as one of its fragments is, instead of its channel waiting for
	// the missing ones. ENet up to 1.3.13, which all C clients have, never takes what
	// it lost so off what it believes to be waiting, and takes nothing more when that
	// is 32 MiB: one who sends so must keep count.
	Fragile bool
	// Live says that it is worth nothing late. If it is not reliable and too large for
	// one datagram, a connection is skipped to which too many fragments of such packets
	// are on their way already on the same channel; and [Stats.Busy] is not about it.
	Live bool
	// More says that others follow at once, from the same goroutine: the transport
	// may wait for the last and send them together. A Send to nobody sends what
	// waits.
	More bool
	// Delivered, of a reliable packet, is called once everybody it was sent to has
	// acknowledged all of it, or is gone, from the goroutine that runs Serve: it must
	// not block. It is not called when Send fails, when the transport refuses the
	// packet and so ends its connections, or after Close.
	Delivered func()
	Data      []byte
}

// Stats describes one connection.
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
	SentBytes   uint64 // since the connection was made, payload and ENet headers
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
