package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// behind believes what proxies say of who asks, and under which name, where they are trusted ones.
func behind(proxies []netip.Prefix, h http.Handler) http.Handler {
	if len(proxies) == 0 {
		return h
	}
	trusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !trusted(from.Addr()) {
			h.ServeHTTP(w, r)
			return
		}
		other := *r
		if client, ok := clientOf(r.Header.Values("X-Forwarded-For"), trusted); ok {
			other.RemoteAddr = netip.AddrPortFrom(client, 0).String()
		}
		if host := r.Header.Get("X-Forwarded-Host"); host != "" && !strings.Contains(host, ",") {
			other.Host = host
		}
		h.ServeHTTP(w, &other)
	})
}

// clientOf returns the last address that no trusted proxy has: those before it may be invented.
func clientOf(forwarded []string, trusted func(netip.Addr) bool) (client netip.Addr, ok bool) {
	addrs := strings.Split(strings.Join(forwarded, ","), ",")
	for _, text := range slices.Backward(addrs) {
		text = strings.TrimSpace(text)
		addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if with, wrong := netip.ParseAddrPort(text); err != nil && wrong == nil {
			addr, err = with.Addr(), nil
		}
		if err != nil {
			return client, ok
		}
		client, ok = addr.Unmap().WithZone(""), true
		if !trusted(client) {
			return client, true
		}
	}
	return client, ok
}
