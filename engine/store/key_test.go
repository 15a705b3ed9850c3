package store

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func keyOf(t *testing.T, dir string) (ed25519.PrivateKey, error) {
	t.Helper()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return s.Key()
}

func TestAPlaceKeepsItsKey(t *testing.T) {
	dir := t.TempDir()
	first, err := keyOf(t, dir)
	if err != nil || len(first) != ed25519.PrivateKeySize {
		t.Fatalf("made %d bytes, %v", len(first), err)
	}
	again, err := keyOf(t, dir)
	if err != nil || !again.Equal(first) {
		t.Errorf("another key the second time: %v", err)
	}
	if other, err := keyOf(t, t.TempDir()); err != nil || other.Equal(first) {
		t.Errorf("another place has the same key: %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAKeyThatIsNoneIsNotReplaced(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Skip("no other key to try: ", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {"", "want a PRIVATE KEY in PEM"},
		"cut":          {"-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n", "want a PRIVATE KEY in PEM"},
		"another kind": {string(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})), "want an Ed25519 key"},
		"no key":       {string(pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: []byte("x")})), "asn1"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, keyFile)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := keyOf(t, dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != c.text {
			t.Errorf("%s: the file is now %q, %v", name, now, err)
		}
	}
}

func TestADirectoryIsForItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system has other permissions")
	}
	dir := filepath.Join(t.TempDir(), "new", "data")
	if _, err := keyOf(t, dir); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	log := &logBook{}
	loose := filepath.Join(t.TempDir(), "loose")
	if err := os.Mkdir(loose, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := Open(loose, Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if log.count("chmod 700") != 1 {
		t.Errorf("a directory that all can read is not worth a word: %s", log.text.String())
	}
}

func FuzzKey(f *testing.F) {
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIO2\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if key, err := parseKey(data); err == nil && len(key) != ed25519.PrivateKeySize {
			t.Errorf("%q is a key of %d bytes", data, len(key))
		}
	})
}
