// Package rawenet speaks just enough ENet over a plain UDP socket to connect and
// then misbehave: it builds the datagrams that a library would never send. It is
// for tests of what a host does about them.
//
// All numbers are big-endian but the connect ID, which ENet only compares.
package rawenet

import "encoding/binary"

// Commands of ENet's protocol, as far as they are used here.
const (
	Acknowledge        = 1
	Connect            = 2
	VerifyConnect      = 3
	Disconnect         = 4
	Ping               = 5
	SendReliable       = 6
	SendUnreliable     = 7
	SendFragment       = 8
	SendUnsequenced    = 9
	ThrottleConfigure  = 11
	UnreliableFragment = 12
)

// Flags of a command, and the channel of those that belong to none.
const (
	WantsAcknowledgement = 0x80
	NoChannel            = 0xFF
)

const (
	hasTime  = 0x8000 // in a datagram's header: a time follows
	stranger = 0x0FFF // in place of the peer: one who has none yet
)

var be = binary.BigEndian

// ConnectDatagram asks for a connection with that many channels. Connects with
// different ids are different connections.
func ConnectDatagram(id uint32, channels int) []byte {
	b := be.AppendUint16(nil, hasTime|stranger)
	b = be.AppendUint16(b, 0) // time
	b = appendCommand(b, Connect|WantsAcknowledgement, NoChannel, 1)
	b = be.AppendUint16(b, 0)     // our peer
	b = append(b, 0xFF, 0xFF)     // sessions, to be chosen
	b = be.AppendUint32(b, 1400)  // MTU
	b = be.AppendUint32(b, 65536) // window
	b = be.AppendUint32(b, uint32(channels))
	b = be.AppendUint32(b, 0) // bandwidths, unlimited
	b = be.AppendUint32(b, 0)
	b = be.AppendUint32(b, 5000) // throttle
	b = be.AppendUint32(b, 2)
	b = be.AppendUint32(b, 2)
	b = binary.LittleEndian.AppendUint32(b, id)
	return be.AppendUint32(b, 0) // data
}

func appendCommand(b []byte, command, channel byte, sequence uint16) []byte {
	return be.AppendUint16(append(b, command, channel), sequence)
}

// AppendPing appends a ping that asks for an acknowledgement.
func AppendPing(b []byte, sequence uint16) []byte {
	return appendCommand(b, Ping|WantsAcknowledgement, NoChannel, sequence)
}

// AppendReliable appends a reliable packet.
func AppendReliable(b []byte, channel byte, sequence uint16, data []byte) []byte {
	b = appendCommand(b, SendReliable|WantsAcknowledgement, channel, sequence)
	b = be.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

// AppendUnreliable appends an unreliable packet, sent after the reliable one with
// that sequence number.
func AppendUnreliable(b []byte, channel byte, reliable, sequence uint16, data []byte) []byte {
	b = appendCommand(b, SendUnreliable, channel, reliable)
	b = be.AppendUint16(b, sequence)
	b = be.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}

// AppendAcknowledgement appends the acknowledgement of a command that came in a
// datagram sent at that time.
func AppendAcknowledgement(b []byte, channel byte, sequence, time uint16) []byte {
	b = appendCommand(b, Acknowledge, channel, sequence)
	b = be.AppendUint16(b, sequence)
	return be.AppendUint16(b, time)
}

// AppendDisconnect appends a goodbye that asks for an acknowledgement.
func AppendDisconnect(b []byte, sequence uint16, code uint32) []byte {
	b = appendCommand(b, Disconnect|WantsAcknowledgement, NoChannel, sequence)
	return be.AppendUint32(b, code)
}

// Fragment is one piece of a large packet, as it is written on the wire.
type Fragment struct {
	Command  byte // SendFragment, or UnreliableFragment
	Channel  byte
	Sequence uint16 // of the fragment
	Start    uint16 // of the packet
	Count    uint32
	Number   uint32
	Total    uint32
	Offset   uint32
	Data     []byte
}

// Append appends the fragment.
func (f Fragment) Append(b []byte) []byte {
	b = appendCommand(b, f.Command, f.Channel, f.Sequence)
	b = be.AppendUint16(b, f.Start)
	b = be.AppendUint16(b, uint16(len(f.Data)))
	b = be.AppendUint32(b, f.Count)
	b = be.AppendUint32(b, f.Number)
	b = be.AppendUint32(b, f.Total)
	b = be.AppendUint32(b, f.Offset)
	return append(b, f.Data...)
}
