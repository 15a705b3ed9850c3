package enet

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/loci-place/loci/netcode"
)

// Limits bound what connections and strangers can make a [Transport]
// hold or do. Zero means the default. An address stands for all connections from
// it, except on loopback: there it is an address with its port, because apps run
// beside their place and must not count as one.
type Limits struct {
	// MaxPacket is the size of the largest packet in either direction, in bytes;
	// 8 MiB. A larger one is refused by Send with ErrTooLarge, and its fragments
	// are dropped unacknowledged when they come in.
	MaxPacket int

	// MaxWaiting is how many bytes of packets a connection may have waiting for
	// fragments or earlier packets; 16 MiB. Over it, what comes is not taken and
	// not acknowledged until some of it is complete.
	MaxWaiting int

	// MaxWaitingTotal is the same for all connections together; 256 MiB. Over it
	// the connection with most is ended with CodeOverload.
	MaxWaitingTotal int

	// MaxQueuedCommands is how many packets a connection may have waiting for
	// earlier ones, whatever their size; 16,384, as many as an app that sends 1,000 a
	// second has after ten seconds without one of them. Over it the connection is ended
	// with CodeOverload. ENet searches these in line, so their number is time.
	MaxQueuedCommands int

	// MaxOutgoing is how many bytes may be queued to a connection, sent or not,
	// that it has not acknowledged; 16 MiB. Each packet or fragment counts about
	// a hundred more than its data. Over it the connection is ended with
	// CodeOverload.
	MaxOutgoing int

	// MaxOutgoingTotal is the same for all connections together; 256 MiB. Over it the
	// connection with most is ended with CodeOverload.
	MaxOutgoingTotal int

	// MaxLive is how many bytes of live packets that take fragments may be on their
	// way to a connection on one channel; 256 KiB. A packet beyond is not sent to it,
	// but one that is larger than that goes alone. So somebody whose way is too narrow
	// for a video misses pictures, the newest first, and what it is sent comes no later
	// than that many bytes take, or one picture.
	MaxLive int

	// MaxOutbox is how many bytes given to Send may wait for Serve, in all;
	// 64 MiB. Over it the oldest unreliable packets are dropped. When there are
	// none left, an unreliable packet is not taken, and the connections that a
	// reliable one was for are ended with CodeOverload, since they would miss it.
	MaxOutbox int

	// CommandRate is how many commands a connection may send a second, counted
	// over 100 ms; 200,000. A command is a packet, a fragment, an acknowledgement
	// or a ping; it counts more the longer the connection's queues make it take.
	// Over it the connection's datagrams are dropped for the rest of the 100 ms.
	CommandRate int

	// HalfOpen is how many connections may be in the making; half of
	// [Config.Peers], at least 4. From half of this number on only a connect
	// that comes a second time is taken: ENet's clients repeat it after half a
	// second, floods do not. At the number, connects are dropped.
	HalfOpen int

	// HalfOpenPerAddress is how many connections from one address may be in the
	// making; 64. Further connects are dropped.
	HalfOpenPerAddress int

	// HalfOpenTimeout is how long a connection may stay in the making before it
	// is forgotten; 3 s.
	HalfOpenTimeout time.Duration

	// OpenPerAddress is how many connections one address may have, those in the
	// making included; 256, as a school or a relay may have one address. Further
	// connects are told CodeAddressFull, and the log names the address.
	OpenPerAddress int

	// SharedAddresses are the networks where OpenPerAddress does not hold, at most
	// 32, IPv4: behind an address of theirs there may be as many agents as there are
	// peers. Nil means loopback and the private networks (RFC 1918, RFC 6598, and
	// link-local): who comes from there is no stranger, or comes through the
	// address translation of a container. HalfOpenPerAddress and ConnectRate hold for
	// them too, as their addresses can be forged.
	SharedAddresses []netip.Prefix

	// ConnectRate is how many connects a second an address may send on average,
	// ConnectBurst how many at once; 32 and 256. Further ones are dropped, so
	// that a client which is in no hurry gets in by repeating its own.
	ConnectRate  float64
	ConnectBurst int

	// SocketBuffer is the size of the socket's receive and send buffers in bytes;
	// 4 MiB. What the kernel refuses is only missed under load, so it is logged.
	SocketBuffer int

	// TimeoutMin and TimeoutMax are how long a peer may leave reliable packets
	// unacknowledged before its connection counts as lost: between them when
	// several attempts failed, at the latest after TimeoutMax; 10 s and 20 s, as
	// deployed clients have it (netcode/PROTOCOL.md, "Connections"). A connection that
	// Disconnect has ended is given up after TimeoutMax.
	TimeoutMin time.Duration
	TimeoutMax time.Duration

	// loopbackIsAnAddress makes loopback an address like any other, for tests,
	// which have no other.
	loopbackIsAnAddress bool
}

// withDefaults fills in what is zero, for a host of that many peers.
func (l Limits) withDefaults(peers int) Limits {
	orDefault(&l.MaxPacket, 8<<20)
	orDefault(&l.MaxWaiting, 16<<20)
	orDefault(&l.MaxWaitingTotal, 256<<20)
	orDefault(&l.MaxQueuedCommands, 16384)
	orDefault(&l.MaxOutgoing, 16<<20)
	orDefault(&l.MaxOutgoingTotal, 256<<20)
	orDefault(&l.MaxLive, 256<<10)
	orDefault(&l.MaxOutbox, 64<<20)
	orDefault(&l.CommandRate, 200_000)
	orDefault(&l.HalfOpen, max(peers/2, 4))
	orDefault(&l.HalfOpenPerAddress, 64)
	orDefault(&l.HalfOpenTimeout, 3*time.Second)
	orDefault(&l.OpenPerAddress, 256)
	if l.SharedAddresses == nil {
		l.SharedAddresses = netcode.PrivateNetworks()
	}
	orDefault(&l.ConnectRate, 32)
	orDefault(&l.ConnectBurst, 256)
	orDefault(&l.SocketBuffer, 4<<20)
	orDefault(&l.TimeoutMin, 10*time.Second)
	orDefault(&l.TimeoutMax, 20*time.Second)
	return l
}

func orDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Bounds of what makes sense: the least keeps arithmetic away from zero, the most
// keeps it within the guard's 32 bits.
const (
	enetLeast   = 1
	enetMost    = 1 << 30
	enetMostAge = time.Hour
)

// check names the first field whose value cannot be meant.
func (l Limits) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"MaxPacket", l.MaxPacket},
		{"MaxWaiting", l.MaxWaiting},
		{"MaxWaitingTotal", l.MaxWaitingTotal},
		{"MaxQueuedCommands", l.MaxQueuedCommands},
		{"MaxOutgoing", l.MaxOutgoing},
		{"MaxOutgoingTotal", l.MaxOutgoingTotal},
		{"MaxLive", l.MaxLive},
		{"MaxOutbox", l.MaxOutbox},
		{"CommandRate", l.CommandRate},
		{"HalfOpen", l.HalfOpen},
		{"HalfOpenPerAddress", l.HalfOpenPerAddress},
		{"OpenPerAddress", l.OpenPerAddress},
		{"ConnectBurst", l.ConnectBurst},
		{"SocketBuffer", l.SocketBuffer},
	} {
		if f.value < enetLeast || f.value > enetMost {
			return fmt.Errorf("Limits.%s: %d is not within %d to %d", f.name, f.value, enetLeast, enetMost)
		}
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"HalfOpenTimeout", l.HalfOpenTimeout},
		{"TimeoutMin", l.TimeoutMin},
		{"TimeoutMax", l.TimeoutMax},
	} {
		if f.value < time.Millisecond || f.value > enetMostAge {
			return fmt.Errorf("Limits.%s: %v is not within 1ms to %v", f.name, f.value, enetMostAge)
		}
	}
	if n := len(l.SharedAddresses); n > enetMaxNetworks {
		return fmt.Errorf("Limits.SharedAddresses: %d networks, at most %d are possible", n, enetMaxNetworks)
	}
	for _, network := range l.SharedAddresses {
		if !network.IsValid() || !network.Addr().Is4() {
			return fmt.Errorf("Limits.SharedAddresses: %v is not an IPv4 network", network)
		}
	}
	if !(l.ConnectRate > 0) {
		return fmt.Errorf("Limits.ConnectRate: %v is not over 0", l.ConnectRate)
	}
	if l.TimeoutMax < l.TimeoutMin {
		return fmt.Errorf("Limits.TimeoutMax: %v is under TimeoutMin, %v", l.TimeoutMax, l.TimeoutMin)
	}
	return nil
}
