package engine

import (
	"crypto/ed25519"
	"fmt"
	"net/netip"

	"github.com/loci-place/loci/netcode"
)

// placeKey is what a place proves itself with (netcode/README.md, "Verified agents").
type placeKey struct {
	private   ed25519.PrivateKey
	ephemeral bool // made for this place, and gone with it
	names     *placeNames
}

// newPlaceKey takes the key of a place that listens at these addresses, or makes one if it has none.
func newPlaceKey(cfg *Config, listens []netip.AddrPort) (k *placeKey, err error) {
	k = &placeKey{private: cfg.Key}
	if k.names, err = newPlaceNames(listens, cfg); err != nil {
		return nil, err
	}
	switch {
	case cfg.Key == nil:
		k.ephemeral = true
		if _, k.private, err = ed25519.GenerateKey(nil); err != nil {
			return nil, fmt.Errorf("engine: making a key: %w", err)
		}
	case len(cfg.Key) != ed25519.PrivateKeySize:
		return nil, fmt.Errorf("engine: Config.Key has %d bytes, want %d", len(cfg.Key), ed25519.PrivateKeySize)
	}
	return k, nil
}

// answersTo reports whether the place is known by the name that an agent dialed, or does
// not mind; what does not ask has dialed none.
func (k *placeKey) answersTo(auth netcode.Auth) bool {
	return !auth.AsksPlace() || k.names.any || k.names.knows(auth.Dialed)
}

// binds reports whether a proof with this auth holds here only: its signature names the
// place's key, and a name that nobody else is dialed by.
func (k *placeKey) binds(auth netcode.Auth) bool {
	return auth.AsksPlace() && k.names.knows(auth.Dialed)
}

// challenge returns the challenge to an announce, with the place's proof if that is wanted.
func (k *placeKey) challenge(name string, auth netcode.Auth, announce []byte) netcode.Challenge {
	c := netcode.Challenge{Nonce: netcode.NewNonce(), Place: name}
	if auth.AsksPlace() {
		c.Ephemeral = k.ephemeral
		c.Sign(k.private, auth, announce)
	}
	return c
}

// Key is the public key that the place proves to be itself with, and whether it is gone
// with the place: it was given none.
func (p *Place) Key() (key ed25519.PublicKey, ephemeral bool) {
	key, _ = p.key.private.Public().(ed25519.PublicKey)
	return key, p.key.ephemeral
}
