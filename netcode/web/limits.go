package web

import (
	"net/netip"
	"time"

	"github.com/loci-place/loci/internal/limit"
	"github.com/loci-place/loci/netcode"
)

// Limits bound what connections and strangers can make a [Transport] hold or do. Zero means the
// default. An address of IPv6 stands for its /64, which is what one customer has.
type Limits struct {
	// MaxPacket is the size of the largest packet in either direction, in bytes; 8 MiB. A larger
	// one is refused by Send with ErrTooLarge; a connection that sends one ends with CodeOverload.
	MaxPacket int

	// MaxWaiting is how many bytes of packets that come in parts a connection may have waiting for
	// the rest; 16 MiB. Over it the connection ends with CodeOverload.
	MaxWaiting int

	// MaxWaitingTotal is the same for all connections together; 256 MiB. Over it the one that sends
	// another part ends with CodeOverload.
	MaxWaitingTotal int

	// MaxOutgoing is how many bytes may be queued to a connection, sent or not, that it has not
	// acknowledged; 16 MiB. Over it an unreliable packet is dropped, and a reliable one ends the
	// connection with CodeOverload.
	MaxOutgoing int

	// MaxOutgoingTotal is the same for all connections together; 256 MiB. Over it the connection with
	// most ends with CodeOverload.
	MaxOutgoingTotal int

	// MaxLive is how many bytes of unreliable packets may wait for a connection's line; 256 KiB. Over
	// it the oldest are dropped. It is also for live packets over 64 KiB, as in netcode/enet.
	MaxLive int

	// LiveDelay is for how long an unreliable packet may wait for the line, and how much longer than
	// usual a round trip may take, before what is unreliable is dropped instead; 100 ms.
	LiveDelay time.Duration

	// MessageRate is how many messages a connection may send a second on average, MessageBurst how
	// many at once; 2,000 and 4,000. Further ones are not read before their time: the sender's line
	// is full then.
	MessageRate  int
	MessageBurst int

	// BadMessages is how many messages that make no sense end a connection, with CodeViolations; 64.
	BadMessages int

	// OfferBytes is how large an offer may be; 64 KiB. OfferTimeout is how long it may take to come, and
	// how long a join waits for Serve; 5 s.
	OfferBytes   int
	OfferTimeout time.Duration

	// HalfOpen is how many joins may be in the making, that is answered, but not connected; 256.
	// HalfOpenPerAddress is the same for one address; 64. Further ones are refused.
	HalfOpen           int
	HalfOpenPerAddress int

	// HalfOpenTimeout is how long a join may stay in the making before it is forgotten; 10 s.
	HalfOpenTimeout time.Duration

	// OpenPerAddress is how many connections one address may have, those in the making included; 256,
	// as a school or a relay may have one address. Further joins are refused.
	OpenPerAddress int

	// SharedAddresses are the networks where OpenPerAddress does not hold. Nil means loopback and the
	// private networks, as in netcode/enet. HalfOpenPerAddress and JoinRate hold for them too.
	SharedAddresses []netip.Prefix

	// JoinRate is how many joins a second an address may try on average, JoinBurst how many at
	// once; 32 and 256. Further ones are refused, and told when to try again.
	JoinRate  int
	JoinBurst int

	// Timeout is how long a peer may be silent before its connection counts as lost; 15 s.
	Timeout time.Duration

	// Farewell is how long a connection that Disconnect has ended may take to deliver what was sent
	// before; 5 s. Then it is cut.
	Farewell time.Duration
}

// withDefaults fills in what is zero.
func (l Limits) withDefaults() (Limits, error) {
	if err := limit.Check(&l); err != nil {
		return l, err
	}
	orDefault(&l.MaxPacket, 8<<20)
	orDefault(&l.MaxWaiting, 16<<20)
	orDefault(&l.MaxWaitingTotal, 256<<20)
	orDefault(&l.MaxOutgoing, 16<<20)
	orDefault(&l.MaxOutgoingTotal, 256<<20)
	orDefault(&l.MaxLive, 256<<10)
	orDefault(&l.LiveDelay, 100*time.Millisecond)
	orDefault(&l.MessageRate, 2000)
	orDefault(&l.MessageBurst, 4000)
	orDefault(&l.BadMessages, 64)
	orDefault(&l.OfferBytes, 64<<10)
	orDefault(&l.OfferTimeout, 5*time.Second)
	orDefault(&l.HalfOpen, 256)
	orDefault(&l.HalfOpenPerAddress, 64)
	orDefault(&l.HalfOpenTimeout, 10*time.Second)
	orDefault(&l.OpenPerAddress, 256)
	if l.SharedAddresses == nil {
		l.SharedAddresses = netcode.PrivateNetworks()
	}
	orDefault(&l.JoinRate, 32)
	orDefault(&l.JoinBurst, 256)
	orDefault(&l.Timeout, 15*time.Second)
	orDefault(&l.Farewell, 5*time.Second)
	return l, nil
}

func orDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
