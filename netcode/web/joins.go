package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// origins are those whose pages may join.
type origins struct {
	all   bool
	known map[string]bool
}

func newOrigins(allowed []string) (o origins, err error) {
	o.known = map[string]bool{}
	for _, text := range allowed {
		if text == "*" {
			o.all = true
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return o, fmt.Errorf("AllowOrigins has %.100q, want an origin such as https://example.org, or *", text)
		}
		o.known[strings.ToLower(text)] = true
	}
	return o, nil
}

// allow reports whether the page that asks may. Programs that are no browsers name no origin. It says
// so in the answer's headers where a browser wants to know.
func (o origins) allow(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	if !o.all && !o.known[strings.ToLower(origin)] {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	return true
}

// joins bounds how many come, from each address and in all.
type joins struct {
	limits *Limits
	peers  int

	mu        sync.Mutex
	addresses map[netip.Addr]*address
	swept     time.Time
	open      int // connections, those in the making included
	halfOpen  int
}

// address is what has come from one address.
type address struct {
	rate           *rate.Limiter
	open, halfOpen int
}

// join is one that has been let in, until it is released.
type join struct {
	joins    *joins
	from     netip.AddrPort
	address  *address
	halfOpen bool
	released bool
}

// mostAddresses is how many addresses are known at most. When as many have come lately, others are
// refused for some seconds.
const mostAddresses = 1 << 16

func newJoins(limits *Limits, peers int) joins {
	return joins{limits: limits, peers: peers, addresses: map[netip.Addr]*address{}}
}

// refusal is why nobody is let in, for an answer.
type refusal struct {
	status int
	after  time.Duration // until it may be tried again; 0: it will not help
	why    string
}

// enter lets somebody in, or says why not.
func (j *joins) enter(from netip.AddrPort, now time.Time) (*join, *refusal) {
	j.mu.Lock()
	defer j.mu.Unlock()
	a := j.address(network(from.Addr()), now)
	if a == nil {
		return nil, &refusal{http.StatusServiceUnavailable, 10 * time.Second, "too many addresses join at once"}
	}
	if r := a.rate.ReserveN(now, 1); r.DelayFrom(now) > 0 {
		wait := r.DelayFrom(now)
		r.CancelAt(now)
		return nil, &refusal{http.StatusTooManyRequests, wait, "too many joins from this address"}
	}
	shared := slices.ContainsFunc(j.limits.SharedAddresses, func(n netip.Prefix) bool { return n.Contains(from.Addr().Unmap()) })
	switch {
	case j.open >= j.peers:
		return nil, &refusal{http.StatusServiceUnavailable, 5 * time.Second, "the place has as many connections as it can"}
	case a.open >= j.limits.OpenPerAddress && !shared:
		return nil, &refusal{http.StatusTooManyRequests, 5 * time.Second, "this address has as many connections as one may have"}
	case a.halfOpen >= j.limits.HalfOpenPerAddress || j.halfOpen >= j.limits.HalfOpen:
		return nil, &refusal{http.StatusTooManyRequests, time.Second, "too many joins wait to be connected"}
	}
	j.open++
	a.open++
	j.halfOpen++
	a.halfOpen++
	return &join{joins: j, from: from, address: a, halfOpen: true}, nil
}

// address returns what is known of an address, nil where there are too many.
func (j *joins) address(addr netip.Addr, now time.Time) *address {
	a := j.addresses[addr]
	if a != nil {
		return a
	}
	if full := len(j.addresses) >= mostAddresses; full || now.Sub(j.swept) > 10*time.Second {
		if full && now.Sub(j.swept) < time.Second {
			return nil // to sweep is work
		}
		j.swept = now
		for addr, a := range j.addresses {
			if a.open == 0 && a.rate.TokensAt(now) >= float64(a.rate.Burst()) {
				delete(j.addresses, addr)
			}
		}
		if len(j.addresses) >= mostAddresses {
			return nil
		}
	}
	a = &address{rate: rate.NewLimiter(rate.Limit(j.limits.JoinRate), j.limits.JoinBurst)}
	j.addresses[addr] = a
	return a
}

// network returns what counts as one address.
func network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

// connected is when the join is one no longer in the making.
func (j *join) connected() {
	j.joins.mu.Lock()
	defer j.joins.mu.Unlock()
	j.full()
}

func (j *join) full() {
	if j.halfOpen {
		j.halfOpen = false
		j.joins.halfOpen--
		j.address.halfOpen--
	}
}

// release is the end of it, and may be called more than once.
func (j *join) release() {
	j.joins.mu.Lock()
	defer j.joins.mu.Unlock()
	if j.released {
		return
	}
	j.released = true
	j.full()
	j.joins.open--
	j.address.open--
}
