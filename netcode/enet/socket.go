package enet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
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
		return netip.AddrPort{}, fmt.Errorf("port %.100q is not within 0 to 65535", service)
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
