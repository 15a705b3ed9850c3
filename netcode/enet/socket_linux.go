package enet

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// enetSocket waits on ENet's socket through an epoll of its own, which the runtime
// polls: a goroutine that waits costs no thread, a datagram wakes it within
// microseconds, and only while it waits. The runtime itself would be woken by each
// datagram, whether anybody waits or not, and at a thousand a second that costs more
// than what they are about.
type enetSocket struct {
	fd     int // ENet's
	local  netip.AddrPort
	epoll  *os.File
	raw    syscall.RawConn
	events [1]syscall.EpollEvent // for ready, which runs once at a time
	ready  func(epoll uintptr) bool
	disarm func(epoll uintptr)
}

// What the epoll is told: to report the next datagram and then no more, or none.
var (
	enetArmed    = syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLONESHOT}
	enetDisarmed = syscall.EpollEvent{}
)

func newENetSocket(fd int) (*enetSocket, error) {
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	at, ok := name.(*syscall.SockaddrInet4)
	if !ok {
		return nil, errors.New("ENet's socket is not one of IPv4")
	}
	s := &enetSocket{fd: fd, local: netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port))}
	s.ready = func(epoll uintptr) bool {
		s.tell(epoll, &enetArmed)
		n, _ := syscall.EpollWait(int(epoll), s.events[:], 0)
		return n > 0
	}
	s.disarm = func(epoll uintptr) { s.tell(epoll, &enetDisarmed) }
	return s, s.open()
}

// open makes the epoll, disarmed.
func (s *enetSocket) open() error {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	err = errors.Join(
		os.NewSyscallError("fcntl", syscall.SetNonblock(epoll, true)),
		os.NewSyscallError("epoll_ctl", syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, s.fd, &enetDisarmed)))
	s.epoll = os.NewFile(uintptr(epoll), "enet")
	if err == nil {
		err = s.epoll.SetReadDeadline(time.Time{}) // fails if the runtime cannot poll it
	}
	if err == nil {
		s.raw, err = s.epoll.SyscallConn()
	}
	if err != nil {
		return errors.Join(err, s.epoll.Close())
	}
	return nil
}

func (s *enetSocket) addr() netip.AddrPort { return s.local }

// setDeadline says how long the next wait may last.
func (s *enetSocket) setDeadline(d time.Duration) {
	_ = s.epoll.SetReadDeadline(time.Now().Add(d)) // fails only when closed, as wait does then
}

// wake makes a wait return. Any goroutine may call it.
func (s *enetSocket) wake() { _ = s.epoll.SetReadDeadline(time.Unix(1, 0)) }

// wait returns when a datagram can be read, the deadline is over, wake was called
// or the socket is closed. Which of them makes no difference to the caller.
func (s *enetSocket) wait() { _ = s.raw.Read(s.ready) }

// rest returns when the deadline is over, wake was called or the socket is closed,
// whatever comes meanwhile.
func (s *enetSocket) rest() {
	_ = s.raw.Control(s.disarm) // fails only when closed, as Read does then
	_ = s.raw.Read(never)
}

func never(uintptr) bool { return false }

// tell fails only when ENet has closed its socket, which nobody has to wait for then.
func (s *enetSocket) tell(epoll uintptr, event *syscall.EpollEvent) {
	_ = syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_MOD, s.fd, event)
}

func (s *enetSocket) close() error { return s.epoll.Close() }
