package netcode

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
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

func FuzzProof(f *testing.F) {
	c := Challenge{Nonce: NewNonce(), Place: "Lobby"}
	f.Add(c.Append(nil))
	f.Add(c.Prove(testKey(1), nil).Append(nil))
	f.Add([]byte(`["prove",""]`))
	f.Add([]byte(`["challenge",null,"x"]`))
	f.Add([]byte(`["prove","` + strings.Repeat("A", 85) + `=="]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if c, err := ParseChallenge(body); err == nil {
			if again, err := ParseChallenge(c.Append(nil)); err != nil || again != c {
				t.Errorf("challenge %q became %+v, %v", body, again, err)
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
