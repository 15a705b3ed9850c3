package netcode

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// DialedName is a place as somebody dialed it, in the one spelling that proofs use:
// host:port of alloplace://host[:port], the host in lower case and the port always there;
// or an origin, https://host[:port], from which a browser got it. Both may also come as
// they are written here, and a host without a port has [DefaultPort].
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

// hostPort writes a host and a port, the given one if there is none.
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

// isHostText reports whether a text can be a host's name: nothing in it means anything to
// a shell, a URL or a log.
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

// isDialedName reports whether s is as [DialedName] writes it.
func isDialedName(s string) bool {
	name, err := dialedName(s)
	return err == nil && name == s
}
