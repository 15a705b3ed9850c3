package apps

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPolicyDecidesByHostPortAndAddress(t *testing.T) {
	for name, c := range map[string]struct {
		hosts []string
		host  string
		port  uint16
		addr  string
		want  bool
	}{
		"anybody public":                     {nil, "apps.example", 80, "93.184.216.34", true},
		"anybody public, over IPv6":          {nil, "apps.example", 80, "2606:2800:220:1::1", true},
		"nobody":                             {[]string{}, "apps.example", 80, "93.184.216.34", false},
		"loopback":                           {nil, "localhost", 80, "127.0.0.1", false},
		"loopback in other clothes":          {nil, "a.example", 80, "::ffff:127.0.0.1", false},
		"loopback behind a translator":       {nil, "a.example", 80, "64:ff9b::7f00:1", false},
		"public behind a translator":         {nil, "a.example", 80, "64:ff9b::5db8:d822", true},
		"private":                            {nil, "a.example", 80, "10.1.2.3", false},
		"carrier's":                          {nil, "a.example", 80, "100.64.0.1", false},
		"unique local":                       {nil, "a.example", 80, "fd12::1", false},
		"unspecified":                        {nil, "a.example", 80, "0.0.0.0", false},
		"this network":                       {nil, "a.example", 80, "0.1.2.3", false},
		"broadcast":                          {nil, "a.example", 80, "255.255.255.255", false},
		"multicast":                          {nil, "a.example", 80, "224.0.0.1", false},
		"6to4":                               {nil, "a.example", 80, "2002:7f00:1::", false},
		"cloud metadata":                     {nil, "a.example", 80, "169.254.169.254", false},
		"cloud metadata, mapped":             {nil, "a.example", 80, "::ffff:169.254.169.254", false},
		"another cloud's metadata":           {nil, "a.example", 80, "100.100.100.200", false},
		"link-local":                         {nil, "a.example", 80, "fe80::1", false},
		"loopback by name":                   {[]string{"localhost"}, "localhost", 80, "127.0.0.1", true},
		"loopback by name in capitals":       {[]string{"LocalHost"}, "LOCALHOST.", 80, "127.0.0.1", true},
		"loopback by another name":           {[]string{"localhost"}, "a.example", 80, "127.0.0.1", false},
		"the right port":                     {[]string{"localhost:8000"}, "localhost", 8000, "127.0.0.1", true},
		"another port":                       {[]string{"localhost:8000"}, "localhost", 22, "127.0.0.1", false},
		"metadata by name":                   {[]string{"a.example"}, "a.example", 80, "169.254.169.254", false},
		"metadata by address":                {[]string{"169.254.169.254"}, "169.254.169.254", 80, "169.254.169.254", true},
		"metadata by a name, address listed": {[]string{"169.254.0.0/16"}, "a.example", 80, "169.254.169.254", true},
		"a network":                          {[]string{"10.0.0.0/8"}, "a.example", 80, "10.1.2.3", true},
		"a network, of which it is not":      {[]string{"10.0.0.0/8"}, "a.example", 80, "93.184.216.34", false},
		"a network's port":                   {[]string{"[fd00::/8]:80"}, "a.example", 80, "fd12::1", true},
		"another port of a network's":        {[]string{"[fd00::/8]:80"}, "a.example", 81, "fd12::1", false},
		"below a name":                       {[]string{"*.example.org"}, "a.example.org", 80, "10.1.2.3", true},
		"the name itself":                    {[]string{"*.example.org"}, "example.org", 80, "93.184.216.34", false},
		"a name that ends alike":             {[]string{"*.example.org"}, "badexample.org", 80, "93.184.216.34", false},
		"named beside anybody":               {[]string{"*", "localhost"}, "localhost", 80, "127.0.0.1", true},
		"anybody on a port":                  {[]string{"*:443"}, "a.example", 80, "93.184.216.34", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := parseRules(c.hosts)
			if err != nil {
				t.Fatal(err)
			}
			got := r.considers(c.host, c.port) && r.permits(c.host, c.port, netip.MustParseAddr(c.addr))
			if got != c.want {
				t.Errorf("%s:%d at %s: %v, want %v", c.host, c.port, c.addr, got, c.want)
			}
		})
	}
}

func TestPolicyThatMakesNoSenseIsRefused(t *testing.T) {
	for _, host := range []string{
		"", ":80", "a:0", "a:65536", "a:http", "http://a", "a/b", "*.*", "*a", "**", "*.", "10.0.0.0/33", "a b", "-a", "fe80::1%eth0/64",
	} {
		if err := (Policy{Hosts: []string{host}}).Check(); err == nil {
			t.Errorf("%q passes", host)
		}
	}
}

func TestURLIsCheckedBeforeAnythingIsLookedUp(t *testing.T) {
	for s, want := range map[string]string{
		"alloapp:http://localhost:8000/clock?a=b#c": "http://localhost:8000/clock?a=b",
		"alloapp:https://a.example":                 "https://a.example",
		"http://a.example":                          "",
		"alloapp:ftp://a.example":                   "",
		"alloapp:file:///etc/passwd":                "",
		"alloapp:http:a.example":                    "",
		"alloapp:http://":                           "",
		"alloapp:http://:80":                        "",
		"alloapp:http://user:secret@a.example/":     "",
		"alloapp:http://a.example/\r\nX-Evil: 1":    "",
		"alloapp:http://a.example\n/":               "",
		"alloapp:http://a%zz/":                      "",
		"alloapp:alloapp:http://a.example":          "",
		"":                                          "",
	} {
		u, err := ParseURL(s)
		switch {
		case err != nil && want != "":
			t.Errorf("%q: %v", s, err)
		case err == nil && u.String() != want:
			t.Errorf("%q is read as %q, want %q", s, u, want)
		}
	}
	if _, err := ParseURL("alloapp:http://a/" + string(make([]byte, maxURL))); err == nil {
		t.Error("a URL without end passes")
	}
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{
		"alloapp:http://localhost:8000/clock?a=b#c", "alloapp:https://[::1]:1/%0d%0a", "alloapp:http://a@b", "alloapp:http://é.example/é",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURL(s)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Errorf("the error has more than a line: %q", err)
			}
			return
		}
		if strings.ContainsAny(u.String(), "\n\r\x00 ") || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q is read as %q", s, u)
		}
		again, err := ParseURL("alloapp:" + u.String())
		if len(u.String())+len("alloapp:") <= maxURL && (err != nil || again.String() != u.String()) {
			t.Errorf("%q is read as %q, and that as %v, %v", s, u, again, err)
		}
	})
}

func FuzzHostPattern(f *testing.F) {
	for _, s := range []string{"*", "*:443", "*.example.org", "a:1", "10.0.0.0/8", "[fd00::/8]:80", "fe80::1%eth0", "*."} {
		f.Add(s, "a.example.org", uint16(80))
	}
	link := netip.MustParseAddr("169.254.169.254")
	f.Fuzz(func(t *testing.T, pattern, host string, port uint16) {
		r, err := parseRules([]string{pattern})
		if err != nil {
			return
		}
		if r.permits(host, port, link) && !r[0].prefix.Contains(link) {
			t.Errorf("%q permits %s for %q", pattern, link, host)
		}
		if addr, err := netip.ParseAddr(host); err == nil && r.permits(host, port, addr) && !r.considers(host, port) {
			t.Errorf("%q permits %q, but does not consider it", pattern, host)
		}
	})
}
