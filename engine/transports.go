package engine

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"

	"github.com/loci-place/loci/engine/internal/transports"
	"github.com/loci-place/loci/netcode"
)

// newTransport returns one transport that stands for those of the config, to which it adds one on
// Listen where there is none: then it is ours, and to be closed where New fails.
func newTransport(cfg *Config) (t netcode.Transport, ours bool, err error) {
	if len(cfg.Transports) == 0 {
		t, err := listen(cfg.Listen, cfg.Logger)
		if err != nil {
			return nil, false, err
		}
		cfg.Transports = []netcode.Transport{t}
		return t, true, nil
	}
	if len(cfg.Transports) > transports.Max {
		return nil, false, fmt.Errorf("Config.Transports has %d, want at most %d", len(cfg.Transports), transports.Max)
	}
	cfg.Transports = slices.Clone(cfg.Transports)
	for i, t := range cfg.Transports {
		switch {
		case t == nil:
			return nil, false, fmt.Errorf("Config.Transports[%d] is nil", i)
		case reflect.TypeOf(t).Comparable() && slices.Index(cfg.Transports[:i], t) >= 0:
			return nil, false, fmt.Errorf("Config.Transports[%d] is the same as one before", i)
		case errors.Is(t.Flush(), netcode.ErrClosed):
			return nil, false, fmt.Errorf("Config.Transports[%d] has been closed", i)
		}
	}
	return transports.Join(cfg.Transports, cfg.Logger), false, nil
}

// addresses are those that the transports listen on, in their order.
func addresses(all []netcode.Transport) (addrs []netip.AddrPort) {
	for _, t := range all {
		if l, ok := t.(netcode.Listener); ok {
			addrs = append(addrs, l.Addr())
		}
	}
	return addrs
}

// drops adds up what the transports have dropped, by reason, in the order in which the first that
// counts it has it.
func drops(all []netcode.Transport) (counts []netcode.DropCount) {
	for _, t := range all {
		d, ok := t.(netcode.DropCounter)
		if !ok {
			continue
		}
		for _, drop := range d.Drops() {
			i := slices.IndexFunc(counts, func(c netcode.DropCount) bool { return c.Reason == drop.Reason })
			if i < 0 {
				counts = append(counts, drop)
			} else {
				counts[i].Count += drop.Count
			}
		}
	}
	return counts
}
