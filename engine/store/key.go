package store

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyFile is the file of the place's own key: PKCS #8 in PEM, as openssl writes it.
const keyFile = "place.key"

// pemType is the type of its PEM block.
const pemType = "PRIVATE KEY"

// Key returns the private key by which agents recognise the place, and creates it if there is
// none. [Export] leaves it out, because nobody else may read it.
func (s *Store) Key() (ed25519.PrivateKey, error) {
	path := filepath.Join(s.dir, keyFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	key, err := parseKey(data)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w; without the file the place gets a new key, which agents that know the place refuse", path, err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.log.Warn("others can read the place's key: chmod 600", "file", path, "mode", info.Mode().Perm().String())
	}
	return key, nil
}

func parseKey(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("want a %s in PEM", pemType)
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := any.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it is a %T, want an Ed25519 key", any)
	}
	return key, nil
}

// makeKey creates a key, and returns it once it is on disk.
func makeKey(path string) (key ed25519.PrivateKey, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store: making the place's key: %w", err)
		}
	}()
	_, key, err = ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	err = pem.Encode(f, &pem.Block{Type: pemType, Bytes: der})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return key, os.Rename(next, path)
}
