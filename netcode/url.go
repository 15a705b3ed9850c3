package netcode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// DefaultPort is the UDP port of a place whose URL names none.
const DefaultPort = 21337

var (
	errScheme = errors.New("it must begin with alloplace://")
	errNoHost = errors.New("it names no host")
	errIPv6   = errors.New("places are reached over IPv4 only")
)

// ParsePlaceURL takes alloplace://host[:port][/…] apart. The host is a name or
// an IPv4 address; nothing is looked up.
func ParsePlaceURL(s string) (host string, port uint16, err error) {
	host, port, err = parsePlaceURL(s)
	if err != nil {
		return "", 0, fmt.Errorf("place URL %.100q: %w", s, err)
	}
	return host, port, nil
}

func parsePlaceURL(s string) (string, uint16, error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", 0, reason(err)
	}
	if u.Scheme != "alloplace" || !strings.HasPrefix(s[len("alloplace"):], "://") {
		return "", 0, errScheme
	}
	host := u.Hostname()
	switch {
	case host == "":
		return "", 0, errNoHost
	case strings.Contains(host, ":"):
		return "", 0, errIPv6
	case u.User != nil:
		return "", 0, errors.New("it must not name a user")
	}
	port, err := parsePort(u.Port())
	return host, port, err
}

func parsePort(text string) (uint16, error) {
	if text == "" {
		return DefaultPort, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("port %s is not within 1 to 65535", text)
	}
	return uint16(port), nil
}

// reason takes the URL, which the caller names, out of the message.
func reason(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// ResolvePlaceURL finds the address that a place's URL stands for, looking up
// its host name until ctx is done. Only IPv4 addresses are considered.
func ResolvePlaceURL(ctx context.Context, s string) (netip.AddrPort, error) {
	host, port, err := ParsePlaceURL(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		addr, err = lookUp(ctx, host)
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("place URL %.100q: %w", s, err)
	}
	return netip.AddrPortFrom(addr, port), nil
}

func lookUp(ctx context.Context, host string) (netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, addr := range addrs {
		if addr = addr.Unmap(); addr.Is4() {
			return addr, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("%s has no IPv4 address", host)
}
