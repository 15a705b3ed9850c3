package web

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Messages are one byte and a payload (netcode/PROTOCOL.md, "Messages").
const (
	channels = 16   // of the protocol, that a message may name
	partFlag = 0x80 // the payload is a part of a packet, and more follow
	goodbye  = 0x7f // the payload is the code of the end

	goodbyeBytes = 5
	// PartBytes is how much of a packet goes into one message where the packet is larger.
	partBytes = 16 << 10
	// LiveBytes is how large a message may be of what is not resent.
	liveBytes = 64 << 10
	// MessageBytes is how large a message may be that is taken, without its first byte.
	messageBytes = 256 << 10
)

var (
	errEmpty     = errors.New("an empty message")
	errFirstByte = errors.New("a message that begins with a byte that means nothing")
	errGoodbye   = errors.New("a goodbye without a code")
)

// message is a message that has been taken apart.
type message struct {
	goodbye bool
	code    uint32 // of a goodbye
	channel uint8
	part    bool   // more follow
	payload []byte // of the message, or the packet's last part
}

// parseMessage takes a message apart. The payload is a part of data.
func parseMessage(data []byte) (message, error) {
	if len(data) == 0 {
		return message{}, errEmpty
	}
	first, payload := data[0], data[1:]
	switch {
	case first == goodbye && len(data) == goodbyeBytes:
		return message{goodbye: true, code: binary.BigEndian.Uint32(payload)}, nil
	case first == goodbye:
		return message{}, errGoodbye
	case first&^partFlag < channels:
		return message{channel: first &^ partFlag, part: first&partFlag != 0, payload: payload}, nil
	default:
		return message{}, fmt.Errorf("%w: %d", errFirstByte, first)
	}
}

// append appends the message as it is sent.
func (m message) append(data []byte) []byte {
	switch {
	case m.goodbye:
		return binary.BigEndian.AppendUint32(append(data, goodbye), m.code)
	case m.part:
		data = append(data, m.channel|partFlag)
	default:
		data = append(data, m.channel)
	}
	return append(data, m.payload...)
}

var (
	errPacketTooLarge = errors.New("a packet is larger than is taken")
	errPartsWait      = errors.New("too many bytes of packets wait for their other parts")
)

// parts puts packets together that come in parts.
type parts struct {
	packet, total int // bytes of one at most, and of all that are not complete
	held          int
	channels      [channels][]byte
}

// add takes a message that is no goodbye and returns the packet that it completes, which is good until
// the next call, or false.
func (p *parts) add(m message) (packet []byte, complete bool, err error) {
	begun := p.channels[m.channel]
	if len(begun)+len(m.payload) > p.packet {
		return nil, false, fmt.Errorf("%w: over %d bytes", errPacketTooLarge, p.packet)
	}
	if begun == nil && !m.part {
		return m.payload, true, nil
	}
	if p.held+len(m.payload) > p.total {
		return nil, false, fmt.Errorf("%w: over %d", errPartsWait, p.total)
	}
	if begun == nil {
		begun = []byte{} // a part may be empty, and is one still
	}
	begun = append(begun, m.payload...)
	if m.part {
		p.channels[m.channel] = begun
		p.held += len(m.payload)
		return nil, false, nil
	}
	p.held -= len(p.channels[m.channel])
	p.channels[m.channel] = nil
	return begun, true, nil
}
