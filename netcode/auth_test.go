package netcode

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// testKey is a key that is the same every time.
func testKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func TestProofIsOfThisChallengeKeyAndAnnounceAlone(t *testing.T) {
	key, announce := testKey(1), []byte(`["announce"]`)
	public := key.Public().(ed25519.PublicKey)
	c := Challenge{Nonce: NewNonce(), Place: "Lobby"}
	p := c.Prove(key, announce)
	if !c.Proves(p, public, announce) {
		t.Fatal("the proof does not hold")
	}
	for name, holds := range map[string]bool{
		"another nonce":    (&Challenge{Nonce: NewNonce(), Place: "Lobby"}).Proves(p, public, announce),
		"another place":    (&Challenge{Nonce: c.Nonce, Place: "Lobby 2"}).Proves(p, public, announce),
		"another key":      c.Proves(p, testKey(2).Public().(ed25519.PublicKey), announce),
		"another announce": c.Proves(p, public, []byte(`["announce" ]`)),
		"another's proof":  c.Proves(c.Prove(testKey(2), announce), public, announce),
		"no proof":         c.Proves(Proof{}, public, announce),
	} {
		if holds {
			t.Errorf("%s: the proof holds", name)
		}
	}
}

func TestABoundProofIsOfThisPlaceAndNameAlone(t *testing.T) {
	announce := []byte(`["announce"]`)
	public := testKey(1).Public().(ed25519.PublicKey)
	auth := Auth{Key: public, Dialed: "lobby:21337", Nonce: NewNonce()}
	c := Challenge{Nonce: NewNonce(), Place: "Lobby"}
	c.Sign(testKey(9), auth, announce)
	p := c.Prove(testKey(1), announce)
	if !c.IsSigned(auth, announce) || !c.Proves(p, public, announce) {
		t.Fatal("the proofs do not hold")
	}
	for name, change := range map[string]func(c *Challenge, a *Auth){
		"another nonce":             func(c *Challenge, _ *Auth) { c.Nonce = NewNonce() },
		"another name":              func(c *Challenge, _ *Auth) { c.Place = "Lobby 2" },
		"another way to dial it":    func(c *Challenge, a *Auth) { c.Dialed, a.Dialed = "evil:21337", "evil:21337" },
		"another place":             func(c *Challenge, a *Auth) { c.Sign(testKey(8), *a, announce) },
		"the form of before":        func(c *Challenge, _ *Auth) { c.Key = nil },
		"where one text ends moved": func(c *Challenge, a *Auth) { c.Dialed, a.Dialed, c.Place = "lobby:2133", "lobby:2133", "7\nLobby" },
	} {
		other, a := c, auth
		change(&other, &a)
		if other.Proves(p, public, announce) {
			t.Errorf("%s: the agent's proof holds", name)
		}
	}
	for name, change := range map[string]func(c *Challenge, a *Auth){
		"another nonce of the agent's": func(_ *Challenge, a *Auth) { a.Nonce = NewNonce() },
		"another agent":                func(_ *Challenge, a *Auth) { a.Key = testKey(2).Public().(ed25519.PublicKey) },
		"no agent's key":               func(_ *Challenge, a *Auth) { a.Key = nil },
		"another nonce":                func(c *Challenge, _ *Auth) { c.Nonce = NewNonce() },
		"another way to dial it":       func(_ *Challenge, a *Auth) { a.Dialed = "evil:21337" },
		"another name":                 func(c *Challenge, _ *Auth) { c.Place = "Lobby 2" },
		"another key of the place's":   func(c *Challenge, _ *Auth) { c.Key = testKey(8).Public().(ed25519.PublicKey) },
		"no key of the place's":        func(c *Challenge, _ *Auth) { c.Key = nil },
		"another lifetime":             func(c *Challenge, _ *Auth) { c.Ephemeral = true },
	} {
		other, a := c, auth
		change(&other, &a)
		if other.IsSigned(a, announce) {
			t.Errorf("%s: the place's proof holds", name)
		}
	}
	if c.IsSigned(auth, []byte(`["announce" ]`)) || c.Proves(p, public, []byte(`["announce" ]`)) {
		t.Error("the proofs hold for another announce")
	}
}

// TestBoundProofsSignWhatIsDocumented has the bytes put together as README says.
func TestBoundProofsSignWhatIsDocumented(t *testing.T) {
	announce := []byte(`["announce","version",4]`)
	public, place := testKey(1).Public().(ed25519.PublicKey), testKey(9).Public().(ed25519.PublicKey)
	auth := Auth{Key: public, Dialed: "lobby:21337", Nonce: NewNonce()}
	c := Challenge{Nonce: NewNonce(), Place: "Lobby", Ephemeral: true}
	c.Sign(testKey(9), auth, announce)
	hash := sha256.Sum256(announce)
	byPlace := slices.Concat([]byte("alloplace place proof 1\n"), c.Nonce[:], auth.Nonce[:], public, hash[:], []byte("lobby:21337\nephemeral\nLobby"))
	if !ed25519.Verify(place, byPlace, c.Signature[:]) {
		t.Error("the place signs something else")
	}
	byAgent := slices.Concat([]byte("alloplace announce proof 2\n"), c.Nonce[:], public, place, hash[:], []byte("lobby:21337\nLobby"))
	if p := c.Prove(testKey(1), announce); !ed25519.Verify(public, byAgent, p[:]) {
		t.Error("the agent signs something else")
	}
	auth.Key = nil
	c.Sign(testKey(9), auth, announce)
	byPlace = slices.Concat([]byte("alloplace place proof 1\n"), c.Nonce[:], auth.Nonce[:], make([]byte, 32), hash[:], []byte("lobby:21337\nephemeral\nLobby"))
	if !ed25519.Verify(place, byPlace, c.Signature[:]) {
		t.Error("to an agent without a key the place signs something else")
	}
}

// TestProofSignsWhatIsDocumented has the bytes put together as README says.
func TestProofSignsWhatIsDocumented(t *testing.T) {
	key, announce := testKey(1), []byte(`["announce","version",4]`)
	public := key.Public().(ed25519.PublicKey)
	c := Challenge{Nonce: NewNonce(), Place: "Lobby"}
	hash := sha256.Sum256(announce)
	signed := slices.Concat([]byte("alloplace announce proof 1\n"), c.Nonce[:], public, hash[:], []byte("Lobby"))
	if p := c.Prove(key, announce); !ed25519.Verify(public, signed, p[:]) {
		t.Error("signed is something else")
	}
}

func TestAuthIsReadFromTheIdentity(t *testing.T) {
	key := Auth{Key: testKey(1).Public().(ed25519.PublicKey)}
	text := key.KeyText()
	for name, c := range map[string]struct {
		auth   any
		key    string
		resume string
		wrong  bool
	}{
		"none":                  {auth: nil},
		"of another kind":       {auth: map[string]any{"password": "x"}},
		"a word":                {auth: "letmein"},
		"a key":                 {auth: map[string]any{"ed25519": text}, key: text},
		"a key and a wish":      {auth: map[string]any{"ed25519": text, "resume": "abc"}, key: text, resume: "abc"},
		"no wish":               {auth: map[string]any{"ed25519": text, "resume": nil}, key: text},
		"a wish that is none":   {auth: map[string]any{"ed25519": text, "resume": true}, wrong: true},
		"a key of a number":     {auth: map[string]any{"ed25519": 5.0}, wrong: true},
		"a key too short":       {auth: map[string]any{"ed25519": base64.StdEncoding.EncodeToString(make([]byte, 31))}, wrong: true},
		"a key of other signs":  {auth: map[string]any{"ed25519": strings.Repeat("-", 43) + "="}, wrong: true},
		"a key spelt otherwise": {auth: map[string]any{"ed25519": text[:42] + "\n" + text[43:]}, wrong: true},
	} {
		got, err := ParseAuth(map[string]any{"display_name": "ann", "auth": c.auth})
		if got.KeyText() != c.key || got.Resume != c.resume || (err != nil) != c.wrong {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if c.key != "" {
			again, err := ParseAuth(map[string]any{"auth": got.Object()})
			if err != nil || again.KeyText() != got.KeyText() || again.Resume != got.Resume {
				t.Errorf("%s: became %+v, %v", name, again, err)
			}
		}
	}
}

func TestIdentityAsksForThePlacesProof(t *testing.T) {
	key := Auth{Key: testKey(1).Public().(ed25519.PublicKey)}.KeyText()
	nonce := NewNonce()
	for name, c := range map[string]struct {
		auth  map[string]any
		asks  bool
		wrong bool
	}{
		"with a key":             {map[string]any{"ed25519": key, "dialed": "lobby:21337", "nonce": nonce.text()}, true, false},
		"without one":            {map[string]any{"dialed": "lobby:21337", "nonce": nonce.text()}, true, false},
		"from a web page":        {map[string]any{"ed25519": key, "dialed": "https://lobby.example", "nonce": nonce.text()}, true, false},
		"not at all":             {map[string]any{"ed25519": key}, false, false},
		"no nonce":               {map[string]any{"ed25519": key, "dialed": "lobby:21337"}, false, true},
		"no name":                {map[string]any{"ed25519": key, "nonce": nonce.text()}, false, true},
		"a short nonce":          {map[string]any{"ed25519": key, "dialed": "lobby:21337", "nonce": "AAAA"}, false, true},
		"no port":                {map[string]any{"ed25519": key, "dialed": "lobby", "nonce": nonce.text()}, false, true},
		"another spelling":       {map[string]any{"ed25519": key, "dialed": "Lobby:21337", "nonce": nonce.text()}, false, true},
		"a name of two lines":    {map[string]any{"ed25519": key, "dialed": "lobby\nx:21337", "nonce": nonce.text()}, false, true},
		"wrongly, without a key": {map[string]any{"dialed": 5.0, "nonce": true}, false, false}, // may mean something else
	} {
		got, err := ParseAuth(map[string]any{"auth": c.auth})
		if got.AsksPlace() != c.asks || (err != nil) != c.wrong {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if c.asks {
			if again, err := ParseAuth(map[string]any{"auth": got.Object()}); err != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("%s: became %+v, %v", name, again, err)
			}
		}
	}
}

func FuzzProof(f *testing.F) {
	c := Challenge{Nonce: NewNonce(), Place: "Lobby"}
	f.Add(c.Append(nil))
	f.Add(c.Prove(testKey(1), nil).Append(nil))
	signed := c
	signed.Sign(testKey(9), Auth{Dialed: "lobby:21337"}, nil)
	f.Add(signed.Append(nil))
	f.Add([]byte(`["challenge","","x","","kept",""]`))
	f.Add([]byte(`["prove",""]`))
	f.Add([]byte(`["challenge",null,"x"]`))
	f.Add([]byte(`["prove","` + strings.Repeat("A", 85) + `=="]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if c, err := ParseChallenge(body); err == nil {
			if again, err := ParseChallenge(c.Append(nil)); err != nil || !reflect.DeepEqual(again, c) {
				t.Errorf("challenge %q became %+v, %v", body, again, err)
			}
			if c.IsSigned(Auth{Dialed: "attic:21337"}, body) {
				t.Errorf("%q is signed", body)
			}
		}
		p, err := ParseProof(body)
		if err != nil {
			return
		}
		if again, err := ParseProof(p.Append(nil)); err != nil || again != p {
			t.Errorf("proof %q became %v, %v", body, again, err)
		}
		if c.Proves(p, testKey(1).Public().(ed25519.PublicKey), body) {
			t.Errorf("%q proves something", body)
		}
	})
}
