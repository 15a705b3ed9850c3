package netcode

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// KnownPlaces stores the keys of places, by how they were dialed (see [DialedName]), like
// known_hosts of SSH. Its methods may be called from any goroutine, and may block.
type KnownPlaces interface {
	// PlaceKey returns the key of a place, nil if the place is not known.
	PlaceKey(dialed string) (ed25519.PublicKey, error)
	// RememberPlace stores the key of a place. If the place is known with another key,
	// the error is a [*PlaceKeyError].
	RememberPlace(dialed string, key ed25519.PublicKey) error
}

var (
	_ KnownPlaces = (*PlaceMemory)(nil)
	_ KnownPlaces = (*PlaceFile)(nil)
)

// PlaceKeyError means that a place has another key than the known one: either its key was
// replaced, or something impersonates it.
type PlaceKeyError struct {
	Dialed string
	Known  ed25519.PublicKey
	Shown  ed25519.PublicKey // nil if it has shown none
	Where  string            // the file and line of the known key, "" if from no file
}

func (e *PlaceKeyError) Error() string {
	shown := "it has the key " + KeyText(e.Shown)
	if e.Shown == nil {
		shown = "it proves none"
	}
	known, remedy := "", "forget the old key"
	if e.Where != "" {
		known, remedy = " ("+e.Where+")", "remove that line"
	}
	return fmt.Sprintf("netcode: the key of %s has changed: it was %s%s, and now %s. Something else may be answering in its stead. "+
		"If the place was really given a new key, %s", e.Dialed, KeyText(e.Known), known, shown, remedy)
}

// PlaceMemory stores keys in memory. The zero value is empty and ready to use.
type PlaceMemory struct {
	mu   sync.Mutex
	keys map[string]ed25519.PublicKey
}

// PlaceKey implements [KnownPlaces].
func (m *PlaceMemory) PlaceKey(dialed string) (ed25519.PublicKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys[dialed], nil
}

// RememberPlace implements [KnownPlaces].
func (m *PlaceMemory) RememberPlace(dialed string, key ed25519.PublicKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known := m.keys[dialed]; known != nil && !known.Equal(key) {
		return &PlaceKeyError{Dialed: dialed, Known: known, Shown: key}
	}
	if m.keys == nil {
		m.keys = map[string]ed25519.PublicKey{}
	}
	m.keys[dialed] = key
	return nil
}

// PlaceFile stores keys in a file of lines
//
//	host:port ed25519 KEY
//
// with the key in base64. The first line about a place counts, and # begins a comment. The
// file need not exist yet. Each call reads it, so that processes can share it.
type PlaceFile struct {
	path string
	mu   sync.Mutex // keeps two clients of this process from adding the same place
}

// NewPlaceFile returns the known places in a file.
func NewPlaceFile(path string) *PlaceFile { return &PlaceFile{path: path} }

// PlaceKey implements [KnownPlaces].
func (f *PlaceFile) PlaceKey(dialed string) (ed25519.PublicKey, error) {
	key, _, err := f.find(dialed)
	return key, err
}

// RememberPlace implements [KnownPlaces].
func (f *PlaceFile) RememberPlace(dialed string, key ed25519.PublicKey) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, line, err := f.find(dialed)
	switch {
	case err != nil:
		return err
	case known.Equal(key):
		return nil
	case known != nil:
		return &PlaceKeyError{Dialed: dialed, Known: known, Shown: key, Where: f.at(line)}
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("netcode: remembering the key of %s: %w", dialed, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = fmt.Fprintf(file, "%s%s ed25519 %s\n", lineBreak(file), dialed, KeyText(key))
	return err
}

// lineBreak returns "\n" if the last line of the file is incomplete.
func lineBreak(file *os.File) string {
	info, err := file.Stat()
	last := make([]byte, 1)
	if err != nil || info.Size() == 0 {
		return ""
	}
	if _, err := file.ReadAt(last, info.Size()-1); err != nil || last[0] == '\n' {
		return ""
	}
	return "\n"
}

func (f *PlaceFile) at(line int) string { return fmt.Sprintf("%s:%d", f.path, line) }

func (f *PlaceFile) find(dialed string) (key ed25519.PublicKey, line int, err error) {
	data, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("netcode: known places: %w", err)
	}
	key, line, err = findPlace(data, dialed)
	if err != nil {
		return nil, 0, fmt.Errorf("netcode: known places: %s: %w", f.at(line), err)
	}
	return key, line, nil
}

var errPlaceLine = errors.New(`want "host:port ed25519 KEY", the key in base64`)

// findPlace finds a place in the text of a file, and returns its line or that of the error. An
// invalid line is an error for any place, because it could be meant for this one.
func findPlace(data []byte, dialed string) (found ed25519.PublicKey, line int, err error) {
	n := 0
	for text := range bytes.Lines(data) {
		n++
		text, _, _ := bytes.Cut(text, []byte("#"))
		fields := strings.Fields(string(text))
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 || fields[1] != "ed25519" {
			return nil, n, errPlaceLine
		}
		name, nameErr := DialedName(fields[0])
		key, ok := ParseKeyText(fields[2])
		if nameErr != nil || !ok {
			return nil, n, errors.Join(errPlaceLine, nameErr)
		}
		if name == dialed && found == nil {
			found, line = key, n
		}
	}
	return found, line, nil
}
