package apps

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// ErrForbidden is returned if the policy does not allow the host.
var ErrForbidden = errors.New("this place does not launch apps from there: its operator names the hosts that it may, with loci serve --apps HOST")

// Policy decides which hosts a place may connect to when it launches apps. Agents choose the
// host, so without a policy they could use the place to reach its own machine and network.
// The zero Policy allows every host with a public address.
type Policy struct {
	// Hosts are the hosts that apps may be launched from. Nil means "*"; an empty list
	// means none. Each is one of
	//
	//	*                 any host with a public address
	//	example.org       that host, with a public, private or loopback address
	//	*.example.org     the same for any name below example.org, but not for it
	//	10.1.2.3, fd00::/8  any host with such an address
	//
	// and may end in :PORT for only that port; an IPv6 address is then in brackets.
	// Link-local addresses, the metadata services of clouds, and addresses that belong to
	// no single machine are allowed only by an address pattern.
	Hosts []string
	// Token is sent as "Authorization: Bearer …" to hosts that Hosts allows by more than
	// "*". These must be trusted with it. "" means none.
	Token string
	// RootCAs verify the certificates of https hosts. Nil means those of the machine.
	RootCAs *x509.CertPool
}

// Check returns an error that names the first invalid host in the policy.
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

// isHostName reports whether a text can be a host name or an IPv4 address. It then has no
// special characters of shells, URLs or logs.
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

// knows reports whether a pattern other than "*" matches a host.
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

// permits reports whether connecting to a host at one of its addresses is allowed.
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

// considers reports whether any address of a host could be allowed. If not, dial does not
// look the host up.
func (r rules) considers(host string, port uint16) bool {
	for _, p := range r {
		if (p.port == 0 || p.port == port) && (p.name == "*" || p.prefix.IsValid()) {
			return true
		}
	}
	return r.knows(host, port)
}

// reach says from where an address can be reached.
type reach uint8

const (
	public  reach = iota
	local         // only from this machine or its network
	special       // never an app's host
)

// reachOf classifies an address. For NAT64 it classifies the IPv4 address inside.
func reachOf(a netip.Addr) reach {
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		return reachOf(netip.AddrFrom4([4]byte(b[12:])))
	}
	switch {
	case !a.IsValid(), a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified(), within(specials, a):
		return special
	case a.IsLoopback(), a.IsPrivate(), within(locals, a):
		return local
	}
	return public
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, s := range list {
		all[i] = netip.MustParsePrefix(s)
	}
	return all
}

// nat64 holds all of IPv4 (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// specials are the special addresses that [netip.Addr] has no method for.
var specials = prefixes(
	// Metadata services of clouds, apart from 169.254.169.254.
	"fd00:ec2::254/128", "fd20:ce::254/128", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
	// "This network", protocol assignments, benchmarks, reserved and broadcast.
	"0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4",
	// The same for IPv6, and tunnels that may end anywhere: Teredo, 6to4, local NAT64.
	"::/96", "100::/64", "2001::/32", "2002::/16", "64:ff9b:1::/48",
)

// locals are carrier-grade NAT, which overlay networks use too, and old site-local addresses.
var locals = prefixes("100.64.0.0/10", "fec0::/10")
