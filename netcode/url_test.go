package netcode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

func TestPlaceURLsParse(t *testing.T) {
	for _, c := range []struct {
		url, host string
		port      uint16
	}{
		{"alloplace://example.com", "example.com", DefaultPort},
		{"alloplace://example.com/", "example.com", DefaultPort},
		{"alloplace://example.com:1", "example.com", 1},
		{"alloplace://127.0.0.1:65535/lobby?x=1", "127.0.0.1", 65535},
		{"ALLOPLACE://Example.com:", "Example.com", DefaultPort},
	} {
		host, port, err := ParsePlaceURL(c.url)
		if err != nil || host != c.host || port != c.port {
			t.Errorf("%s: got %s, %d, %v", c.url, host, port, err)
		}
	}
}

func TestUnusablePlaceURLsSayWhy(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"", `place URL "": it must begin with alloplace://`},
		{"example.com", `place URL "example.com": it must begin with alloplace://`},
		{"http://example.com", `place URL "http://example.com": it must begin with alloplace://`},
		{"alloplace:example.com", `place URL "alloplace:example.com": it must begin with alloplace://`},
		{"alloplace://", `place URL "alloplace://": it names no host`},
		{"alloplace://:21337", `place URL "alloplace://:21337": it names no host`},
		{"alloplace://[::1]:21337", `place URL "alloplace://[::1]:21337": places are reached over IPv4 only`},
		{"alloplace://ann@example.com", `place URL "alloplace://ann@example.com": it must not name a user`},
		{"alloplace://example.com:0", `place URL "alloplace://example.com:0": port 0 is not within 1 to 65535`},
		{"alloplace://example.com:65536", `place URL "alloplace://example.com:65536": port 65536 is not within 1 to 65535`},
		{"alloplace://example.com:x", `place URL "alloplace://example.com:x": invalid port ":x" after host`},
		{"alloplace://a b", `place URL "alloplace://a b": invalid character " " in host name`},
	} {
		_, _, err := ParsePlaceURL(c.url)
		wantError(t, err, c.want)
	}
}

func TestPlaceURLsResolveToIPv4(t *testing.T) {
	for url, want := range map[string]string{
		"alloplace://127.0.0.1":       "127.0.0.1:21337",
		"alloplace://localhost:4000/": "127.0.0.1:4000",
	} {
		got, err := ResolvePlaceURL(t.Context(), url)
		if err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v, want %s", url, got, err, want)
		}
	}
}

func TestNamesThatDoNotResolveAreReported(t *testing.T) {
	refused := errors.New("no name server")
	was := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = was })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, refused
	}}
	_, err := ResolvePlaceURL(t.Context(), "alloplace://nowhere.test")
	var dns *net.DNSError
	if !errors.As(err, &dns) || !strings.HasPrefix(err.Error(), `place URL "alloplace://nowhere.test": lookup nowhere.test`) {
		t.Errorf("got %v", err)
	}
	if _, err := ResolvePlaceURL(t.Context(), "alloplace://"); !errors.Is(err, errNoHost) {
		t.Errorf("got %v", err)
	}
}

func ExampleParsePlaceURL() {
	host, port, err := ParsePlaceURL("alloplace://example.com/lobby")
	fmt.Println(host, port, err)
	// Output: example.com 21337 <nil>
}

func TestDialedNamesHaveOneSpelling(t *testing.T) {
	for s, want := range map[string]string{
		"alloplace://Lobby.Example.org":  "lobby.example.org:21337",
		"alloplace://lobby.example.org.": "lobby.example.org:21337",
		"alloplace://lobby:5000/x":       "lobby:5000",
		"alloplace://127.0.0.1":          "127.0.0.1:21337",
		"lobby":                          "lobby:21337",
		"lobby:05000":                    "lobby:5000",
		"10.1.2.3:1":                     "10.1.2.3:1",
		"[2001:DB8::1]:1":                "[2001:db8::1]:1",
		"[::ffff:10.1.2.3]:1":            "10.1.2.3:1",
		"https://Lobby.Example.org/":     "https://lobby.example.org",
		"http://lobby:8080":              "http://lobby:8080",
		"https://[2001:db8::1]":          "https://[2001:db8::1]",
	} {
		got, err := DialedName(s)
		if err != nil || got != want {
			t.Errorf("%q is %q, %v, want %q", s, got, err, want)
		}
		if again, err := DialedName(got); err != nil || again != got || !isDialedName(got) || isDialedName(s) != (s == want) {
			t.Errorf("%q becomes %q, %v", got, again, err)
		}
	}
	for _, s := range []string{
		"", ":", ":1", "lobby:0", "lobby:65536", "lobby:-1", "lobby:x", "a b", "a\nb", "a/b", "-a", ".a", "ftp://lobby",
		"https://", "https://lobby/x", "https://lobby:0", "alloplace://", "[::1%eth0]:1", "löbby", "\x00",
	} {
		if got, err := DialedName(s); err == nil {
			t.Errorf("%q is %q", s, got)
		}
	}
}

func FuzzDialedName(f *testing.F) {
	for _, s := range []string{"alloplace://lobby:5000", "https://lobby", "[::1]:1", "a:b:c", "lobby"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := DialedName(s)
		if err != nil {
			return
		}
		for _, c := range []byte(name) {
			if c <= ' ' || c > '~' {
				t.Fatalf("%q is %q", s, name)
			}
		}
		if again, err := DialedName(name); err != nil || again != name {
			t.Errorf("%q is %q, which is %q, %v", s, name, again, err)
		}
	})
}
