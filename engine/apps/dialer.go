package apps

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
)

// dialer connects to hosts by addresses that rules permit. A name is looked up once,
// and what was looked at is what is dialled: a name service that says something else a
// moment later changes nothing.
type dialer struct {
	rules  rules
	lookUp func(ctx context.Context, host string) ([]netip.Addr, error)
	net    net.Dialer
}

func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// dial connects to host:port as [http.Transport] wants it. All that is wrong with a host
// that has no permitted address is that it is forbidden: what a private name stands for
// is none of an agent's business.
func (d *dialer) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, errors.New("its port is not within 1 to 65535")
	}
	if !d.rules.considers(host, uint16(port)) {
		return nil, ErrForbidden
	}
	addrs, err := d.lookUp(ctx, host)
	if err != nil {
		return nil, err
	}
	failed := error(ErrForbidden)
	for _, addr := range addrs {
		if !d.rules.permits(host, uint16(port), addr) {
			continue
		}
		conn, err := d.net.DialContext(ctx, network, netip.AddrPortFrom(addr.Unmap(), uint16(port)).String())
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}
