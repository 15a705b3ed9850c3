package web

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP implements [http.Handler]: it is /join.
func (t *Transport) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !t.origin.allow(w, r) {
		refuse(w, &refusal{http.StatusForbidden, 0, "pages of this origin may not join"})
		return
	}
	upgrade := r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
	switch {
	case r.Method == http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.Header().Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodGet && !upgrade:
		w.Header().Set("Upgrade", "websocket")
		refuse(w, &refusal{http.StatusUpgradeRequired, 0, "this is where agents join: by WebSocket, or with an SDP offer"})
		return
	case !upgrade && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		refuse(w, &refusal{http.StatusMethodNotAllowed, 0, "want a POST with an SDP offer, or a WebSocket"})
		return
	}
	j, no := t.enter(r)
	if no != nil {
		refuse(w, no)
		return
	}
	switch {
	case upgrade:
		t.joinBySocket(w, r, j)
	case t.rtc == nil:
		j.release()
		refuse(w, &refusal{http.StatusNotImplemented, 0, "this place takes no WebRTC: join by WebSocket"})
	default:
		t.joinByOffer(w, r, j)
	}
}

// enter lets in the one who asks, or says why not.
func (t *Transport) enter(r *http.Request) (*join, *refusal) {
	if t.closed.Load() {
		return nil, &refusal{http.StatusServiceUnavailable, 0, "the place closes"}
	}
	if !t.awaitOpen(r.Context()) {
		return nil, &refusal{http.StatusServiceUnavailable, time.Second, "the place is not open"}
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		t.log.Error("a join from nowhere", "address", r.RemoteAddr, "error", err)
		return nil, &refusal{http.StatusInternalServerError, 0, "the address that you join from is not known"}
	}
	j, no := t.joins.enter(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), time.Now())
	if no != nil {
		if no.status == http.StatusTooManyRequests {
			t.drops.rate.Add(1)
		} else {
			t.drops.full.Add(1)
		}
	}
	return j, no
}

// awaitOpen waits for Serve: a place that has just said it is ready is about to call it.
func (t *Transport) awaitOpen(ctx context.Context) bool {
	select {
	case <-t.opened:
		return true
	default:
	}
	patience := time.NewTimer(t.limits.OfferTimeout)
	defer patience.Stop()
	select {
	case <-t.opened:
		return true
	case <-t.closing:
	case <-ctx.Done():
	case <-patience.C:
	}
	return false
}

func refuse(w http.ResponseWriter, no *refusal) {
	if no.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(no.after.Seconds()))))
	}
	http.Error(w, no.why, no.status)
}
