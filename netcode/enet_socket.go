package netcode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"
)

// resolveListen turns "host:port" into the address to bind. No host means every
// interface, as everywhere in Go. ENet itself would do the same for a host that
// it cannot resolve, and so open a place that was meant for one interface to all.
func resolveListen(listen string) (netip.AddrPort, error) {
	if listen == "" {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), 0), nil
	}
	host, service, err := net.SplitHostPort(listen)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q is not within 0 to 65535", service)
	}
	addr, err := resolveIPv4(host)
	return netip.AddrPortFrom(addr, uint16(port)), err
}

func resolveIPv4(host string) (netip.Addr, error) {
	if host == "" {
		return netip.IPv4Unspecified(), nil
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if !addr.Unmap().Is4() {
			return addr, fmt.Errorf("%s is not an IPv4 address, and ENet knows no other", host)
		}
		return addr.Unmap(), nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip4", host)
	if err != nil {
		return netip.Addr{}, err
	}
	return addrs[0].Unmap(), nil
}

// tryListen finds out why an address cannot be bound, which ENet does not tell.
func tryListen(addr netip.AddrPort) error {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return err
	}
	return conn.Close()
}

// enetSocket waits on ENet's socket through a duplicate that the runtime polls:
// a goroutine that waits costs no thread, and a datagram wakes it within
// microseconds.
type enetSocket struct {
	conn  net.PacketConn
	raw   syscall.RawConn
	ready func(fd uintptr) bool
}

func duplicateSocket(fd int) (*enetSocket, error) {
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

// wait returns when a datagram can be read, the deadline is over, wake was called
// or the socket is closed. Which of them makes no difference to the caller.
func (s *enetSocket) wait() { _ = s.raw.Read(s.ready) }

func (s *enetSocket) close() error { return s.conn.Close() }
