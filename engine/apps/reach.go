package apps

import "net/netip"

// reach is from where an address is reached.
type reach uint8

const (
	public  reach = iota
	local         // from this machine or its own network only
	special       // nobody's to launch apps from
)

// reachOf sorts an address, the one inside where a translator's holds another.
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

// specials are those that [netip.Addr] has no word for.
var specials = prefixes(
	// Where clouds tell a machine its credentials, but for 169.254.169.254.
	"fd00:ec2::254/128", "fd20:ce::254/128", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
	// "This network", protocol assignments, benchmarks, and what is reserved or to all.
	"0.0.0.0/8", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4",
	// The same, and tunnels that may end anywhere: Teredo, 6to4, local NAT64.
	"::/96", "100::/64", "2001::/32", "2002::/16", "64:ff9b:1::/48",
)

// locals likewise: carriers' NAT, which overlay networks use too, and old site-local.
var locals = prefixes("100.64.0.0/10", "fec0::/10")
