package apps

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ErrForbidden is what the policy says to where the place may not connect.
var ErrForbidden = errors.New("this place does not launch apps from there: its operator names the hosts that it may, with loci serve --apps HOST")

// Policy says which hosts a place may connect to, to launch apps. It is any agent that says
// where to, so a place that went everywhere would reach, in its agents' stead, what only
// its own machine and network can. The zero Policy is every host with a public address.
type Policy struct {
	// Hosts are those that apps may be launched from. Nil means "*"; an empty list
	// means none. Each is one of
	//
	//	*                 any host with a public address
	//	example.org       that host, be its address public, private or loopback
	//	*.example.org     the same for any name below that, but not for it itself
	//	10.1.2.3, fd00::/8  any host with such an address
	//
	// and may end in :PORT for only that port; an IPv6 address is then in brackets.
	// Link-local addresses, those at which clouds tell machines their secrets, and those
	// that are no single machine's are reached only where an address pattern has them.
	Hosts []string
	// Token is sent as "Authorization: Bearer …" to hosts that Hosts has other than by
	// "*", which must be as trustworthy as the one who gave it. "" sends none.
	Token string
	// RootCAs are the certificate authorities trusted for https. Nil means those that the
	// machine believes.
	RootCAs *x509.CertPool
}

// Check names the host in the policy that makes no sense, if there is one.
func (p Policy) Check() error {
	_, err := parseRules(p.Hosts)
	return err
}

// rules are the Hosts of a [Policy].
type rules []hostPattern

type hostPattern struct {
	name   string       // in lower case; "*" for any, ".example.org" for those below
	prefix netip.Prefix // valid for an address pattern, which has no name
	port   uint16       // 0 for any
}

func parseRules(hosts []string) (rules, error) {
	if hosts == nil {
		hosts = []string{"*"}
	}
	var r rules
	for _, s := range hosts {
		p, err := parseHostPattern(s)
		if err != nil {
			return nil, fmt.Errorf("apps: host %.100q: %w", s, err)
		}
		r = append(r, p)
	}
	return r, nil
}

func parseHostPattern(s string) (p hostPattern, err error) {
	if prefix, err := parsePrefix(s); err == nil {
		return hostPattern{prefix: prefix}, nil
	}
	host, port, found := s, "", false
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, port, found = s[:i], s[i+1:], true
	}
	if found {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return p, fmt.Errorf("port %.100q is not within 1 to 65535", port)
		}
		p.port = uint16(n)
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if p.prefix, err = parsePrefix(bare); err == nil {
		return p, nil
	}
	p.name = strings.ToLower(host)
	rest := p.name
	if strings.HasPrefix(rest, "*.") {
		p.name, rest = rest[1:], rest[2:]
	}
	if rest != "*" && !isHostName(rest) || rest == "*" && p.name != "*" {
		return p, errors.New("want *, a host name, *.NAME, an address or ADDRESS/BITS, each with :PORT or without")
	}
	return p, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return addr.Unmap().Prefix(addr.Unmap().BitLen())
	}
	return netip.ParsePrefix(s)
}

// isHostName reports whether a text could be a host's name or IPv4 address: nothing in it
// means anything to a shell, a URL or a log.
func isHostName(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 253 && s[0] != '-' && s[0] != '.'
}

// knows reports whether a host is one that patterns have other than by "*".
func (r rules) knows(host string, port uint16) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	addr, err := netip.ParseAddr(host)
	for _, p := range r {
		switch {
		case p.port != 0 && p.port != port:
		case p.prefix.IsValid() && err == nil && p.prefix.Contains(addr.Unmap()),
			p.name != "" && p.name == host,
			strings.HasPrefix(p.name, ".") && strings.HasSuffix(host, p.name):
			return true
		}
	}
	return false
}

// permits reports whether a host may be connected to at an address that it has.
func (r rules) permits(host string, port uint16, addr netip.Addr) bool {
	addr = addr.Unmap()
	reach := reachOf(addr)
	if reach != special && r.knows(host, port) {
		return true
	}
	for _, p := range r {
		switch {
		case p.port != 0 && p.port != port:
		case p.name == "*" && reach == public,
			p.prefix.IsValid() && p.prefix.Contains(addr):
			return true
		}
	}
	return false
}

// considers reports whether there can be an address at which a host may be connected to:
// others are not worth looking up.
func (r rules) considers(host string, port uint16) bool {
	for _, p := range r {
		if (p.port == 0 || p.port == port) && (p.name == "*" || p.prefix.IsValid()) {
			return true
		}
	}
	return r.knows(host, port)
}
