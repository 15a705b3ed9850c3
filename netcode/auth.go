package netcode

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Auth is the claim in an agent's identity that it has a key, and will prove it
// (README, "Verified agents").
type Auth struct {
	// Key is nil where the identity makes no such claim.
	Key ed25519.PublicKey
	// Resume is the avatar that the agent had, and wants back, "" if none.
	Resume string
}

var errKey = fmt.Errorf("auth.ed25519: want a public key of %d bytes in base64", ed25519.PublicKeySize)

// ParseAuth reads "auth" of an identity as [ParseAnnounce] gives it,
//
//	{"ed25519": base64 key, "resume": avatar id}
//
// What has no "ed25519" claims nothing. The errors are for the one who wrote the
// agent to read.
func ParseAuth(identity map[string]any) (Auth, error) {
	object, _ := identity["auth"].(map[string]any)
	claim, ok := object["ed25519"]
	if !ok {
		return Auth{}, nil
	}
	text, _ := claim.(string)
	key, ok := parseBytes(text, ed25519.PublicKeySize)
	if !ok {
		return Auth{}, errKey
	}
	resume := ""
	if v := object["resume"]; v != nil {
		if resume, ok = v.(string); !ok {
			return Auth{}, errors.New("auth.resume: want the id of the avatar that you had")
		}
	}
	return Auth{Key: key, Resume: resume}, nil
}

// Object is what goes into the identity.
func (a Auth) Object() map[string]any {
	o := map[string]any{"ed25519": a.KeyText()}
	if a.Resume != "" {
		o["resume"] = a.Resume
	}
	return o
}

// KeyText is the key as everybody is shown it, in base64; "" if there is none.
func (a Auth) KeyText() string { return base64.StdEncoding.EncodeToString(a.Key) }

// Nonce makes each proof good for one announce only.
type Nonce [32]byte

// NewNonce gives one that nobody can guess.
func NewNonce() (n Nonce) {
	_, _ = rand.Read(n[:]) // never fails
	return n
}

// Challenge is what a place asks an agent to prove that it has its key:
// ["challenge", nonce, place name].
type Challenge struct {
	Nonce Nonce
	Place string
}

// Append appends the body.
func (c *Challenge) Append(dst []byte) []byte {
	return AppendValue(dst, []any{"challenge", base64.StdEncoding.EncodeToString(c.Nonce[:]), c.Place})
}

var errChallenge = fmt.Errorf(`want ["challenge", %d bytes in base64, the place's name]`, len(Nonce{}))

// ParseChallenge reads the body.
func ParseChallenge(body []byte) (c Challenge, err error) {
	v, err := ParseValue(body)
	if err != nil {
		return c, fmt.Errorf("challenge: %w", err)
	}
	items, _ := v.([]any)
	verb, _ := item(items, 0).(string)
	text, _ := item(items, 1).(string)
	nonce, ok := parseBytes(text, len(c.Nonce))
	place, named := item(items, 2).(string)
	if verb != "challenge" || !ok || !named {
		return c, errChallenge
	}
	copy(c.Nonce[:], nonce)
	c.Place = place
	return c, nil
}

// Proof is the signature that answers a challenge: ["prove", signature].
type Proof [ed25519.SignatureSize]byte

// Prove signs what a challenge asks for. Announce is the announce's body, byte for byte
// as it was sent.
func (c *Challenge) Prove(key ed25519.PrivateKey, announce []byte) (p Proof) {
	public, _ := key.Public().(ed25519.PublicKey)
	copy(p[:], ed25519.Sign(key, c.signed(public, announce)))
	return p
}

// Proves tells whether a proof answers the challenge.
func (c *Challenge) Proves(p Proof, key ed25519.PublicKey, announce []byte) bool {
	return ed25519.Verify(key, c.signed(key, announce), p[:])
}

// proofPrefix keeps a proof from being taken for a signature of anything else.
const proofPrefix = "alloplace announce proof 1\n"

// signed is what is signed. All but the name at the end is of fixed length, so that
// different ones cannot read the same.
func (c *Challenge) signed(key ed25519.PublicKey, announce []byte) []byte {
	hash := sha256.Sum256(announce)
	b := append([]byte(proofPrefix), c.Nonce[:]...)
	b = append(append(b, key...), hash[:]...)
	return append(b, c.Place...)
}

// Append appends the body.
func (p Proof) Append(dst []byte) []byte {
	return AppendValue(dst, []any{"prove", base64.StdEncoding.EncodeToString(p[:])})
}

var errProof = fmt.Errorf(`want ["prove", a signature of %d bytes in base64]`, ed25519.SignatureSize)

// ParseProof reads the body. The errors are for the one who wrote the agent to read.
func ParseProof(body []byte) (p Proof, err error) {
	v, err := ParseValue(body)
	if err != nil {
		return p, fmt.Errorf("prove: %w", err)
	}
	items, _ := v.([]any)
	verb, _ := item(items, 0).(string)
	text, _ := item(items, 1).(string)
	signature, ok := parseBytes(text, len(p))
	if verb != "prove" || len(items) != 2 || !ok {
		return p, errProof
	}
	copy(p[:], signature)
	return p, nil
}

// parseBytes reads so many bytes in base64 (RFC 4648, section 4), of which there is one
// spelling only.
func parseBytes(text string, length int) ([]byte, bool) {
	if len(text) != base64.StdEncoding.EncodedLen(length) {
		return nil, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return b, err == nil && len(b) == length
}
