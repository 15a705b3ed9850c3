package netcode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
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

// ParsePlaceURL parses alloplace://host[:port][/…]. The host is a name or an IPv4 address; it is
// not looked up.
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

// reason returns the error without the URL, which the caller adds.
func reason(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// ResolvePlaceURL returns the address of a place's URL. It looks up the host name until ctx is
// done, and considers only IPv4 addresses.
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

// DialedName returns the canonical name of a place as an agent dialed it, which proofs use:
// host:port for alloplace://host[:port], with the host in lower case and always with a port; or
// an origin, https://host[:port], for a browser. It also accepts its own result, and a host
// without a port, which means [DefaultPort].
func DialedName(s string) (string, error) {
	name, err := dialedName(s)
	if err != nil {
		return "", fmt.Errorf("place %.100q: %w", s, err)
	}
	return name, nil
}

func dialedName(s string) (string, error) {
	scheme, rest, isURL := strings.Cut(s, "://")
	switch {
	case !isURL:
		return hostPort(s, strconv.Itoa(DefaultPort))
	case scheme == "alloplace":
		u, err := url.Parse(s)
		if err != nil {
			return "", reason(err)
		}
		return hostPort(u.Host, strconv.Itoa(DefaultPort))
	case scheme == "https" || scheme == "http":
		name, err := hostPort(strings.TrimSuffix(rest, "/"), "")
		return scheme + "://" + name, err
	}
	return "", errScheme
}

// hostPort returns s in canonical form, with the given port if it has none.
func hostPort(s, port string) (string, error) {
	host := s
	if h, p, err := net.SplitHostPort(s); err == nil {
		host = h
		if p != "" {
			port = p
		}
	}
	if host == "" {
		return "", errNoHost
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && addr.Zone() == "" {
		host = addr.Unmap().String()
	} else if !isHostText(host) {
		return "", fmt.Errorf("%.100q is no host name", host)
	}
	if port == "" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return host, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("port %.100q is not within 1 to 65535", port)
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// isHostText reports whether s can be a host name. It then has no special characters of shells,
// URLs or logs.
func isHostText(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 253 && s[0] != '-' && s[0] != '.'
}

// isDialedName reports whether s is a result of [DialedName].
func isDialedName(s string) bool {
	name, err := dialedName(s)
	return err == nil && name == s
}

// privateNetworks are the networks whose addresses do not exist on the internet.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("169.254.0.0/16"),
}

// IsPrivate reports whether an address is loopback or of a private network. Many agents may
// share such an address.
func IsPrivate(addr netip.Addr) bool {
	return slices.ContainsFunc(privateNetworks, func(n netip.Prefix) bool { return n.Contains(addr.Unmap()) })
}

// PrivateNetworks returns the networks of IsPrivate: loopback, private (RFC 1918, RFC 6598) and
// link-local.
func PrivateNetworks() []netip.Prefix { return slices.Clone(privateNetworks) }
