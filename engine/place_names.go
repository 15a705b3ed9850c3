package engine

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// AnyName in [Config.KnownAs] has the place answer to every name.
const AnyName = "*"

// addressesFresh is how long the machine's addresses are good for: they change when
// somebody joins a network, and every announce may ask.
const addressesFresh = 10 * time.Second

// placeNames are those that agents dial the place by, as far as it knows: it proves its key, and
// takes proofs, under these only. A relay is dialed by a name of its own, which an agent
// that it deceives has signed.
//
// A place cannot find out itself what it is called outside: behind a NAT, a container's
// port or a DNS name only its operator knows. What it does know is where it listens, the
// machine's addresses and its name. To look a name up would not help: one who owns a name
// says what it stands for, and may say it differently to each that asks.
type placeNames struct {
	known map[string]bool // as [netcode.DialedName] writes them
	any   bool            // there are no others than these, or they do not matter
	ports []string        // of the machine's addresses, none where these are not meant

	mu        sync.Mutex
	asked     time.Time
	addresses map[string]bool
	machine   func() []string // its addresses; net.InterfaceAddrs but in tests
}

// newPlaceNames collects the names of a place that listens at these addresses. A name without a
// port has that of the first.
func newPlaceNames(listens []netip.AddrPort, cfg *Config) (*placeNames, error) {
	n := &placeNames{known: map[string]bool{}, machine: machineAddresses}
	listens = slices.DeleteFunc(slices.Clone(listens), func(a netip.AddrPort) bool { return !a.IsValid() || a.Port() == 0 })
	port := uint16(0)
	if len(listens) > 0 {
		port = listens[0].Port()
	}
	for _, name := range cfg.KnownAs {
		if name == AnyName {
			n.any = true
			continue
		}
		if err := n.add(name, port); err != nil {
			return nil, fmt.Errorf("engine: Config.KnownAs has %.100q: %w", name, err)
		}
	}
	n.any = n.any || len(n.known) == 0 && len(listens) == 0 // transports without addresses
	for _, addr := range listens {
		n.addOwn(addr.Addr().Unmap(), addr.Port(), cfg.PublicHost)
	}
	return n, nil
}

// addOwn adds what the place knows itself of an address that it listens on.
func (n *placeNames) addOwn(addr netip.Addr, port uint16, publicHost string) {
	own := []string{publicHost}
	if addr.IsUnspecified() {
		n.ports = append(n.ports, strconv.Itoa(int(port)))
	} else {
		own = append(own, addr.String())
	}
	if addr.IsUnspecified() || addr.IsLoopback() {
		host, _ := os.Hostname() // without one it is known by its addresses only
		own = append(own, "localhost", "127.0.0.1", host, strings.TrimSuffix(host, ".local")+".local")
	}
	for _, host := range own {
		if host != "" && host != ".local" {
			_ = n.add(host, port) // a machine's name may be none
		}
	}
}

// add adds a name; one without a port has the place's own.
func (n *placeNames) add(name string, port uint16) error {
	if !strings.Contains(name, "://") {
		if _, _, err := net.SplitHostPort(name); err != nil && port != 0 {
			name = net.JoinHostPort(strings.Trim(name, "[]"), strconv.Itoa(int(port)))
		}
	}
	dialed, err := netcode.DialedName(name)
	if err == nil {
		n.known[dialed] = true
	}
	return err
}

// knows reports whether a name is one of the place's.
func (n *placeNames) knows(dialed string) bool {
	if n.known[dialed] {
		return true
	}
	host, port, err := net.SplitHostPort(dialed)
	if err != nil || !slices.Contains(n.ports, port) {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := time.Now(); n.addresses == nil || now.Sub(n.asked) > addressesFresh {
		n.asked, n.addresses = now, map[string]bool{}
		for _, addr := range n.machine() {
			n.addresses[addr] = true
		}
	}
	return n.addresses[host]
}

// machineAddresses are those of the machine's networks.
func machineAddresses() (all []string) {
	addrs, _ := net.InterfaceAddrs() // none where the system does not tell
	for _, addr := range addrs {
		if prefix, err := netip.ParsePrefix(addr.String()); err == nil {
			all = append(all, prefix.Addr().Unmap().String())
		}
	}
	return all
}
