package netcode

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Auth is the "auth" of an identity: which key the agent will prove to have, and which place
// it wants to join (netcode/README.md, "Verified agents").
type Auth struct {
	// Key is nil if the agent proves nothing.
	Key ed25519.PublicKey
	// Resume is the avatar that the agent had and wants back, "" if none.
	Resume string
	// Dialed is the place as the agent dialed it, in the form of [DialedName]. It is "" for
	// clients from before places had keys: their proofs are not bound to a place.
	Dialed string
	// Nonce is the agent's part of the text that the place signs. It is zero without Dialed.
	Nonce Nonce
}

var (
	errKey    = fmt.Errorf("auth.ed25519: want a public key of %d bytes in base64", ed25519.PublicKeySize)
	errDialed = errors.New("auth.dialed: want host:port or an origin, in lower case")
	errNonce  = fmt.Errorf("auth.nonce: want %d random bytes in base64", len(Nonce{}))
)

// ParseAuth reads "auth" of an identity as [ParseAnnounce] returns it,
//
//	{"ed25519": base64 key, "resume": avatar id, "dialed": "host:port", "nonce": base64}
//
// Without "ed25519", a valid "dialed" and a valid "nonce" together ask for the place's proof,
// and anything else is ignored: it may be another kind of "auth". The errors are meant for the
// author of the agent.
func ParseAuth(identity map[string]any) (Auth, error) {
	object, _ := identity["auth"].(map[string]any)
	a, err := parseAsking(object)
	claim, ok := object["ed25519"]
	if !ok {
		if err != nil {
			a = Auth{}
		}
		return a, nil
	}
	if err != nil {
		return Auth{}, err
	}
	text, _ := claim.(string)
	if a.Key, ok = parseBytes(text, ed25519.PublicKeySize); !ok {
		return Auth{}, errKey
	}
	if v := object["resume"]; v != nil {
		if a.Resume, ok = v.(string); !ok {
			return Auth{}, errors.New("auth.resume: want the id of the avatar that you had")
		}
	}
	return a, nil
}

// parseAsking reads the fields that ask for the place's proof.
func parseAsking(object map[string]any) (a Auth, err error) {
	dialed, nonce := object["dialed"], object["nonce"]
	if dialed == nil && nonce == nil {
		return a, nil
	}
	a.Dialed, _ = dialed.(string)
	if !isDialedName(a.Dialed) {
		return a, errDialed
	}
	text, _ := nonce.(string)
	b, ok := parseBytes(text, len(a.Nonce))
	if !ok {
		return a, errNonce
	}
	copy(a.Nonce[:], b)
	return a, nil
}

// AsksPlace reports whether the agent wants the place to prove its key.
func (a Auth) AsksPlace() bool { return a.Dialed != "" }

// Object returns the value of "auth" in the identity.
func (a Auth) Object() map[string]any {
	o := map[string]any{}
	if a.Key != nil {
		o["ed25519"] = a.KeyText()
	}
	if a.Resume != "" {
		o["resume"] = a.Resume
	}
	if a.AsksPlace() {
		o["dialed"], o["nonce"] = a.Dialed, a.Nonce.text()
	}
	return o
}

// KeyText returns the key in base64, "" if there is none.
func (a Auth) KeyText() string { return KeyText(a.Key) }

// KeyText returns a public key in base64, the form it has everywhere; "" for nil.
func KeyText(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }

// ParseKeyText reads a public key as [KeyText] writes it.
func ParseKeyText(text string) (key ed25519.PublicKey, ok bool) {
	return parseBytes(text, ed25519.PublicKeySize)
}

// Nonce makes each proof valid for one announce only.
type Nonce [32]byte

// NewNonce returns a random nonce.
func NewNonce() (n Nonce) {
	_, _ = rand.Read(n[:]) // never fails
	return n
}

func (n Nonce) text() string { return base64.StdEncoding.EncodeToString(n[:]) }

// Challenge asks an agent to prove that it has its key,
//
//	["challenge", nonce, place name]
//
// and, for agents that ask, contains the proof that the place has its own:
//
//	["challenge", nonce, place name, place key, "kept" or "ephemeral", signature]
type Challenge struct {
	Nonce Nonce
	Place string
	// Key is the key of the place, nil in the first form. Ephemeral means that the place
	// does not store it, and has another one after a restart.
	Key       ed25519.PublicKey
	Ephemeral bool
	Signature [ed25519.SignatureSize]byte
	// Dialed is from the announce. It is signed, but not in the message, as both ends know
	// it.
	Dialed string
}

// Append appends the body.
func (c *Challenge) Append(dst []byte) []byte {
	body := []any{"challenge", c.Nonce.text(), c.Place}
	if c.Key != nil {
		body = append(body, KeyText(c.Key), c.lifetime(), base64.StdEncoding.EncodeToString(c.Signature[:]))
	}
	return AppendValue(dst, body)
}

const (
	keptKey      = "kept"
	ephemeralKey = "ephemeral"
)

func (c *Challenge) lifetime() string {
	if c.Ephemeral {
		return ephemeralKey
	}
	return keptKey
}

var errChallenge = fmt.Errorf(
	`want ["challenge", %d bytes in base64, the place's name] and, if more, its key, "kept" or "ephemeral", and a signature`, len(Nonce{}))

// ParseChallenge reads the body.
func ParseChallenge(body []byte) (c Challenge, err error) {
	v, err := ParseValue(body)
	if err != nil {
		return c, fmt.Errorf("challenge: %w", err)
	}
	items, _ := v.([]any)
	verb, _ := BodyItem(items, 0).(string)
	text, _ := BodyItem(items, 1).(string)
	nonce, ok := parseBytes(text, len(c.Nonce))
	place, named := BodyItem(items, 2).(string)
	if verb != "challenge" || !ok || !named || len(items) > 3 && !c.parseProof(items[3:]) {
		return Challenge{}, errChallenge
	}
	copy(c.Nonce[:], nonce)
	c.Place = place
	return c, nil
}

// parseProof reads the place's proof.
func (c *Challenge) parseProof(items []any) (ok bool) {
	key, _ := items[0].(string)
	lifetime, _ := BodyItem(items, 1).(string)
	text, _ := BodyItem(items, 2).(string)
	signature, signed := parseBytes(text, len(c.Signature))
	c.Key, ok = ParseKeyText(key)
	c.Ephemeral = lifetime == ephemeralKey
	copy(c.Signature[:], signature)
	return ok && signed && len(items) == 3 && lifetime == c.lifetime()
}

// Sign adds the place's proof of its key for the agent that has sent an announce with auth a.
// announce is the body of the announce, byte for byte.
func (c *Challenge) Sign(place ed25519.PrivateKey, a Auth, announce []byte) {
	c.Key, _ = place.Public().(ed25519.PublicKey)
	c.Dialed = a.Dialed
	copy(c.Signature[:], ed25519.Sign(place, c.signedByPlace(a, announce)))
}

// IsSigned reports whether the place has proven the Key.
func (c *Challenge) IsSigned(a Auth, announce []byte) bool {
	return c.Key != nil && ed25519.Verify(c.Key, c.signedByPlace(a, announce), c.Signature[:])
}

// Proof is the signature that answers a challenge: ["prove", signature].
type Proof [ed25519.SignatureSize]byte

// Prove answers a challenge. announce is the body of the announce, byte for byte as it was
// sent.
func (c *Challenge) Prove(key ed25519.PrivateKey, announce []byte) (p Proof) {
	public, _ := key.Public().(ed25519.PublicKey)
	copy(p[:], ed25519.Sign(key, c.signedByAgent(public, announce)))
	return p
}

// Proves reports whether a proof answers the challenge.
func (c *Challenge) Proves(p Proof, key ed25519.PublicKey, announce []byte) bool {
	return ed25519.Verify(key, c.signedByAgent(key, announce), p[:])
}

// Prefixes keep a signature from being valid for anything else.
const (
	placePrefix   = "alloplace place proof 1\n"
	boundPrefix   = "alloplace announce proof 2\n"
	unboundPrefix = "alloplace announce proof 1\n"
)

// signedByPlace returns the bytes that the place signs. Everything but the texts at the end
// has a fixed length, and only the last text can have a newline, so that different inputs
// cannot result in the same bytes.
func (c *Challenge) signedByPlace(a Auth, announce []byte) []byte {
	hash := sha256.Sum256(announce)
	var agent [ed25519.PublicKeySize]byte // zero if it has none
	copy(agent[:], a.Key)
	b := append([]byte(placePrefix), c.Nonce[:]...)
	b = append(append(append(b, a.Nonce[:]...), agent[:]...), hash[:]...)
	return append(b, a.Dialed+"\n"+c.lifetime()+"\n"+c.Place...)
}

// signedByAgent returns the bytes that the agent signs. They include the place's key, if it
// has shown one, and how it was dialed.
func (c *Challenge) signedByAgent(key ed25519.PublicKey, announce []byte) []byte {
	hash := sha256.Sum256(announce)
	if c.Key == nil {
		b := append([]byte(unboundPrefix), c.Nonce[:]...)
		b = append(append(b, key...), hash[:]...)
		return append(b, c.Place...)
	}
	b := append([]byte(boundPrefix), c.Nonce[:]...)
	b = append(append(append(b, key...), c.Key...), hash[:]...)
	return append(b, c.Dialed+"\n"+c.Place...)
}

// Append appends the body.
func (p Proof) Append(dst []byte) []byte {
	return AppendValue(dst, []any{"prove", base64.StdEncoding.EncodeToString(p[:])})
}

var errProof = fmt.Errorf(`want ["prove", a signature of %d bytes in base64]`, ed25519.SignatureSize)

// ParseProof reads the body. The errors are meant for the author of the agent.
func ParseProof(body []byte) (p Proof, err error) {
	v, err := ParseValue(body)
	if err != nil {
		return p, fmt.Errorf("prove: %w", err)
	}
	items, _ := v.([]any)
	verb, _ := BodyItem(items, 0).(string)
	text, _ := BodyItem(items, 1).(string)
	signature, ok := parseBytes(text, len(p))
	if verb != "prove" || len(items) != 2 || !ok {
		return p, errProof
	}
	copy(p[:], signature)
	return p, nil
}

// parseBytes decodes base64 (RFC 4648, section 4) of exactly length bytes, in canonical form
// only.
func parseBytes(text string, length int) ([]byte, bool) {
	if len(text) != base64.StdEncoding.EncodedLen(length) {
		return nil, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return b, err == nil && len(b) == length
}
