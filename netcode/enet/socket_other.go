//go:build !linux

package enet

// #include "guard.h"
import "C"

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// enetSocket waits on ENet's socket through a duplicate that the runtime polls:
// a goroutine that waits costs no thread, and a datagram wakes it within
// microseconds.
type enetSocket struct {
	conn  net.PacketConn
	raw   syscall.RawConn
	ready func(fd uintptr) bool
}

func newENetSocket(fd int) (*enetSocket, error) {
	dup, err := syscall.Dup(fd)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	file := os.NewFile(uintptr(dup), "enet")
	conn, err := net.FilePacketConn(file) // duplicates it once more
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	s := &enetSocket{conn: conn, ready: socketReadable}
	if s.raw, err = conn.(*net.UDPConn).SyscallConn(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

func (s *enetSocket) addr() netip.AddrPort {
	return s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// setDeadline says how long the next wait may last.
func (s *enetSocket) setDeadline(d time.Duration) {
	_ = s.conn.SetReadDeadline(time.Now().Add(d)) // fails only when closed, as wait does then
}

// wake makes a wait return. Any goroutine may call it.
func (s *enetSocket) wake() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) }

// rest returns when the deadline is over, wake was called or the socket is closed,
// whatever comes meanwhile.
func (s *enetSocket) rest() { _ = s.raw.Read(never) }

func never(uintptr) bool { return false }

// wait returns when a datagram can be read, the deadline is over, wake was called
// or the socket is closed. Which of them makes no difference to the caller.
func (s *enetSocket) wait() { _ = s.raw.Read(s.ready) }

func (s *enetSocket) close() error { return s.conn.Close() }

// socketReadable reports whether a datagram waits on the socket, even an empty one.
func socketReadable(fd uintptr) bool { return C.loci_socket_readable(C.int(fd)) != 0 }
