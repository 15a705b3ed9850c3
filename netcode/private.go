package netcode

import (
	"net/netip"
	"slices"
)

// privateNetworks are those whose addresses nobody has on the internet.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("169.254.0.0/16"),
}

// IsPrivate reports whether an address is of loopback or of a private network, behind whose
// addresses there may be many agents.
func IsPrivate(addr netip.Addr) bool {
	return slices.ContainsFunc(privateNetworks, func(n netip.Prefix) bool { return n.Contains(addr.Unmap()) })
}

// PrivateNetworks are the networks of IsPrivate: loopback and the private ones (RFC 1918, RFC 6598,
// and link-local).
func PrivateNetworks() []netip.Prefix { return slices.Clone(privateNetworks) }
