package apps

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// ask has a launcher of some policy launch from a URL.
func ask(t *testing.T, p Policy, where string) error {
	t.Helper()
	return askWithin(t, 30*time.Second, p, where)
}

func askWithin(t *testing.T, timeout time.Duration, p Policy, where string) error {
	t.Helper()
	l, err := NewLauncher(p, timeout)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	return l.Launch(t.Context(), Launch{
		URL: u, Place: "alloplace://attic.example:21337",
		By:   map[string]any{"display_name": "Ada\r\nX-Evil: 1\x7f é 🦉"},
		Args: map[string]any{"avatarToken": "secret", "n": 1.0},
	})
}

var loopback = Policy{Hosts: []string{"127.0.0.0/8"}}

// serving serves what f does.
func serving(t *testing.T, f http.HandlerFunc) string {
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func TestLaunchPostsWhatTheProtocolSays(t *testing.T) {
	asked := 0
	where := serving(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.RequestURI != "/clock?zone=utc" || string(body) != `{"avatarToken":"secret","n":1}` {
			t.Errorf("%s %s %s", r.Method, r.RequestURI, body)
		}
		if got := r.Header["X-Alloverse-Server"]; len(got) != 1 || got[0] != "alloplace://attic.example:21337" {
			t.Errorf("server %q", got)
		}
		const who = `{"display_name":"Ada\r\nX-Evil: 1\u007f \u00e9 \ud83e\udd89"}`
		if got := r.Header["X-Alloverse-Launched-By"]; len(got) != 1 || got[0] != who {
			t.Errorf("launched by %q, want %q", got, who)
		}
		if r.Header["X-Evil"] != nil || r.Header["Authorization"] != nil {
			t.Errorf("headers %v", r.Header)
		}
	})
	if err := ask(t, loopback, where+"/clock?zone=utc"); err != nil || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}

func TestGatewayThatDoesNotLaunchIsToldAs(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	for name, c := range map[string]struct {
		where string
		says  string
	}{
		"dead": {"http://" + dead.Addr().String(), "connection refused"},
		"broken": {serving(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no\nsuch\x00\x1b[31m app", http.StatusInternalServerError)
		}), "answered 500: no such [31m app"},
		"alloverse's own": {serving(t, func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"status": "error", "error": "missing destination"}`, http.StatusBadGateway)
		}), "answered 502: missing destination"},
		"talkative": {serving(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			for range 1000 {
				_, _ = io.WriteString(w, strings.Repeat("é", 1000))
			}
		}), "answered 404: " + strings.Repeat("é", maxReason/2) + "…"},
		"without end": {serving(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 1<<20))
		}), "could not be asked"},
		"a page": {serving(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/page", http.StatusSeeOther)
		}), "answered 303"},
		"a circle": {serving(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}), "redirects more than 3 times"},
		"elsewhere by another scheme": {serving(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "gopher://127.0.0.1/", http.StatusTemporaryRedirect)
		}), "over http or https"},
		"not HTTP": {"http://" + talking(t, "220 mail.example ESMTP\r\n"), "could not be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := ask(t, loopback, c.where); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %s", err, c.says)
			}
		})
	}
}

func TestGatewayThatDoesNotAnswerIsGivenUp(t *testing.T) {
	where := serving(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else nobody sees the other end go
		<-r.Context().Done()
	})
	err := askWithin(t, 300*time.Millisecond, loopback, where)
	if err == nil || !strings.Contains(err.Error(), "has not answered within 300ms") {
		t.Errorf("got %v", err)
	}
}

// talking says something to the one who connects.
func talking(t *testing.T, what string) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1<<16))
			_, _ = io.WriteString(c, what)
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestRedirectIsFollowedAsFarAsThePolicyGoes(t *testing.T) {
	reached := 0
	end := serving(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); r.Method == "POST" && strings.Contains(string(body), "secret") {
			reached++
		}
	})
	hop := serving(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, end+"/there", http.StatusPermanentRedirect)
	})
	if err := ask(t, loopback, hop); err != nil || reached != 1 {
		t.Errorf("%v, reached %d times", err, reached)
	}
	only := Policy{Hosts: []string{strings.TrimPrefix(hop, "http://")}}
	if err := ask(t, only, hop); !errors.Is(err, ErrForbidden) || reached != 1 {
		t.Errorf("%v, reached %d times; want ErrForbidden", err, reached)
	}
}

func TestForbiddenAddressIsNotConnectedTo(t *testing.T) {
	where := serving(t, func(http.ResponseWriter, *http.Request) { t.Error("it was reached") })
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(where, "http://"))
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f.1"} {
		if err := ask(t, Policy{}, "http://"+host+":"+port); err == nil {
			t.Errorf("%s: no error", host)
		}
	}
}

func TestNameIsLookedUpOnceAndDialledByThatAddress(t *testing.T) {
	where := netip.MustParseAddrPort(talking(t, "hello"))
	lookUps := 0
	d := &dialer{lookUp: func(context.Context, string) ([]netip.Addr, error) {
		lookUps++
		if lookUps > 1 {
			return []netip.Addr{netip.MustParseAddr("10.9.9.9")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("169.254.169.254"), where.Addr()}, nil
	}}
	d.rules, _ = parseRules([]string{"rebinding.example"})
	conn, err := d.dial(t.Context(), "tcp", netJoin("rebinding.example", where.Port()))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if lookUps != 1 || conn.RemoteAddr().String() != where.String() {
		t.Errorf("looked up %d times, connected to %v; want once and %v", lookUps, conn.RemoteAddr(), where)
	}
	d.rules, _ = parseRules(nil)
	if _, err := d.dial(t.Context(), "tcp", netJoin("rebinding.example", where.Port())); !errors.Is(err, ErrForbidden) {
		t.Errorf("a private address by a public name: %v", err)
	}
	d.rules, _ = parseRules([]string{"elsewhere.example"})
	if _, err := d.dial(t.Context(), "tcp", "rebinding.example:80"); !errors.Is(err, ErrForbidden) || lookUps != 2 {
		t.Errorf("%v after %d looks; want ErrForbidden without one more", err, lookUps)
	}
}

func netJoin(host string, port uint16) string { return net.JoinHostPort(host, fmt.Sprint(port)) }

func TestTokenGoesToNamedHostsOnly(t *testing.T) {
	var got []string
	hear := func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header.Get("Authorization")) }
	named, other := serving(t, hear), ""
	other = serving(t, func(w http.ResponseWriter, r *http.Request) {
		hear(w, r)
		http.Redirect(w, r, named, http.StatusTemporaryRedirect)
	})
	back := serving(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(named, "127.0.0.1", "localhost", 1), http.StatusTemporaryRedirect)
	})
	trusted := strings.TrimPrefix(named, "http://")
	l, err := NewLauncher(Policy{Hosts: []string{trusted}, Token: "t"}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	l.client.Transport.(*http.Transport).DialContext = nil // whom it may reach is not the question
	for _, where := range []string{named, other, back} {
		u, _ := url.Parse(where)
		if err := l.Launch(t.Context(), Launch{URL: u}); err != nil {
			t.Error(err)
		}
	}
	if want := "Bearer t,,Bearer t,"; strings.Join(got, ",") != want {
		t.Errorf("authorizations %q, want %q", strings.Join(got, ","), want)
	}
}

func TestCertificateIsChecked(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	if err := ask(t, loopback, s.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a stranger's certificate: %v", err)
	}
	known := loopback
	known.RootCAs = x509.NewCertPool()
	known.RootCAs.AddCert(s.Certificate())
	if err := ask(t, known, s.URL); err != nil {
		t.Errorf("a known one: %v", err)
	}
}
