package netcode

import "testing"

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
