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

// KnownPlaces remembers the keys of places, by how they were dialed (see [DialedName]), as
// known_hosts does for SSH. Its methods may be called from any goroutine; they may block.
type KnownPlaces interface {
	// PlaceKey returns the key that the place had, nil where it is not known.
	PlaceKey(dialed string) (ed25519.PublicKey, error)
	// RememberPlace keeps the key of a place that is not known yet. If it is known with
	// another key, the error is a [*PlaceKeyError].
	RememberPlace(dialed string, key ed25519.PublicKey) error
}

var (
	_ KnownPlaces = (*PlaceMemory)(nil)
	_ KnownPlaces = (*PlaceFile)(nil)
)

// PlaceKeyError says that a place does not have the key that it is known by: either it was
// given another, or something else answers in its stead.
type PlaceKeyError struct {
	Dialed string
	Known  ed25519.PublicKey
	Shown  ed25519.PublicKey // nil if it has shown none
	Where  string            // the file and line that it is known from, "" if from none
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

// PlaceMemory keeps keys as long as the process lasts. The zero value knows none.
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

// PlaceFile keeps keys in a file of lines
//
//	host:port ed25519 KEY
//
// with the key in base64; the first line about a place counts, and # begins a comment. The
// file need not be there yet. It is read whenever it is asked, so that processes share it.
type PlaceFile struct {
	path string
	mu   sync.Mutex // so that two clients of this process do not add the same place
}

// NewPlaceFile returns the known places of a file.
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

// lineBreak is what goes between what is in a file already and a line of ours.
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

// findPlace finds a place in the text of a file. The line is that of the place, or of the
// error. A line that makes no sense is an error whichever place is looked for: it could
// have been meant to be about this one.
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
