package rawenet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

// Conn is a connection that does nothing by itself: it acknowledges only when
// asked to, so a host gives it up after its timeout.
type Conn struct {
	UDP     *net.UDPConn
	peer    uint16 // what the host calls us
	session byte
	control uint16 // the number of the last command about the connection
}

// patience is how long a host may take to answer a connect. ENet's clients
// repeat theirs after half a second, and so does Dial.
const (
	patience = 5 * time.Second
	repeat   = 500 * time.Millisecond
)

// Dial opens a socket of its own and connects.
func Dial(to netip.AddrPort, channels int) (*Conn, error) {
	udp, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	c := &Conn{UDP: udp, control: 1}
	if err := c.connect(channels); err != nil {
		return nil, errors.Join(err, udp.Close())
	}
	return c, nil
}

func (c *Conn) connect(channels int) error {
	id := uint32(c.UDP.LocalAddr().(*net.UDPAddr).Port) // one connection for each socket
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err := c.Write(ConnectDatagram(id, channels)); err != nil {
			return err
		}
		answer, err := c.Read(repeat)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return err
		}
		return c.verified(answer)
	}
	return fmt.Errorf("rawenet: %v does not answer", c.UDP.RemoteAddr())
}

// verified reads the answer to a connect: a header with a time, then the command,
// the peer it made of us, and the sessions of the two directions.
func (c *Conn) verified(answer []byte) error {
	const header, fields = 4, 4
	if len(answer) < header+fields+4 || answer[header]&0x0F != VerifyConnect {
		return fmt.Errorf("rawenet: %x does not answer a connect", answer)
	}
	c.peer = be.Uint16(answer[header+fields:])
	c.session = answer[header+fields+3]
	return c.Write(AppendAcknowledgement(c.Header(), NoChannel, be.Uint16(answer[header+2:]), be.Uint16(answer[2:])))
}

// Header begins a datagram with the present time, so that its commands may ask
// to be acknowledged.
func (c *Conn) Header() []byte {
	b := be.AppendUint16(make([]byte, 0, 1400), hasTime|uint16(c.session)<<12|c.peer)
	return be.AppendUint16(b, uint16(time.Now().UnixMilli()))
}

// UntimedHeader begins a datagram as ENet does when nothing in it asks to be
// acknowledged.
func (c *Conn) UntimedHeader() []byte {
	return be.AppendUint16(make([]byte, 0, 1400), uint16(c.session)<<12|c.peer)
}

// Goodbye returns a datagram that ends the connection, as ENet's clients do.
func (c *Conn) Goodbye(code uint32) []byte {
	c.control++
	return AppendDisconnect(c.Header(), c.control, code)
}

// Write sends one datagram.
func (c *Conn) Write(datagram []byte) error {
	_, err := c.UDP.Write(datagram)
	return err
}

// Read waits for one datagram.
func (c *Conn) Read(atMost time.Duration) ([]byte, error) {
	if err := c.UDP.SetReadDeadline(time.Now().Add(atMost)); err != nil {
		return nil, err
	}
	b := make([]byte, 4096)
	n, err := c.UDP.Read(b)
	return b[:n], err
}

// Close closes the socket without a word to the host.
func (c *Conn) Close() error { return c.UDP.Close() }

// commands is what follows the header of a datagram from a host.
func commands(datagram []byte) []byte {
	switch {
	case len(datagram) < 4:
		return nil
	case be.Uint16(datagram)&hasTime != 0:
		return datagram[4:]
	}
	return datagram[2:]
}

// Acknowledged returns the channel of each acknowledgement that a datagram begins
// with, which is where ENet puts them.
func Acknowledged(datagram []byte) (channels []byte) {
	const size = 8
	for b := commands(datagram); len(b) >= size && b[0]&0x0F == Acknowledge; b = b[size:] {
		channels = append(channels, b[1])
	}
	return channels
}

// Goodbye reports whether a datagram ends the connection, and with which code. ENet
// drops everything else first, so nothing is in front of it.
func Goodbye(datagram []byte) (code uint32, ok bool) {
	b := commands(datagram)
	if len(b) < 8 || b[0]&0x0F != Disconnect {
		return 0, false
	}
	return be.Uint32(b[4:]), true
}

// ThrottleDeceleration reports whether a datagram configures the throttle, and how
// much slower it is to get when round trips get longer.
func ThrottleDeceleration(datagram []byte) (deceleration uint32, ok bool) {
	const size = 16
	b := commands(datagram)
	for len(b) >= size && b[0]&0x0F == Acknowledge {
		b = b[8:]
	}
	if len(b) < size || b[0]&0x0F != ThrottleConfigure {
		return 0, false
	}
	return be.Uint32(b[12:]), true
}
