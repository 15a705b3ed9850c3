package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/netcode/client"
)

func TestGatewaysOverHTTPCostTheHeartbeatNothing(t *testing.T) {
	serving := func(f http.HandlerFunc) string {
		s := httptest.NewServer(f)
		t.Cleanup(s.Close)
		return s.URL
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	place, err := New(Config{
		Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
		Apps:   apps.Policy{Hosts: []string{"127.0.0.1"}},
		Limits: Limits{LaunchInterval: time.Millisecond, LaunchTimeout: 500 * time.Millisecond, LaunchPatience: 500 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = place.Serve(context.Background()) }()
	defer place.Close()
	calm, ada := openENetPlace(t).join(), &bystander{}
	ada.Client, err = client.Dial(t.Context(), place.URL(), client.Config{Observe: ada.observe})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Close()
	for name, c := range map[string]struct{ where, says string }{
		"dead": {"http://" + closed.Addr().String(), "connection refused"},
		"slow": {serving(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}), "has not answered within 500ms"},
		"broken": {serving(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "out of order", http.StatusInternalServerError)
		}), "answered 500: out of order"},
		"without app": {serving(func(http.ResponseWriter, *http.Request) {}), "has not come within 500ms"},
		"forbidden":   {"http://169.254.169.254/latest/meta-data", "loci serve --apps HOST"},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			_, err := ada.Request(t.Context(), PlaceID, "launch_app", "alloapp:"+c.where, map[string]any{})
			states, calmly, _ := ada.beside(calm, begin, time.Now())
			refused, ok := errors.AsType[*client.RefusedError](err)
			if !ok || refused.Kind != "error" || !strings.Contains(refused.Reason, c.says) {
				t.Errorf("answered %v, want an error with %q", err, c.says)
			}
			if states < calmly/2 {
				t.Errorf("%d states came meanwhile, and %d in a place where nothing is launched", states, calmly)
			}
		})
	}
}
