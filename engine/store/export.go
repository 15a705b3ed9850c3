package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/loci-place/loci/engine"
)

// exported holds all records as JSON: {"loci": 1, "records": {kind: {key: value}}}. Names
// are sorted, so that exports can be compared line by line.
type exported struct {
	Version int                                   `json:"loci"`
	Records map[string]map[string]json.RawMessage `json:"records"`
}

// exportVersion is the version of the JSON format.
const exportVersion = 1

// Export writes the records in a directory as JSON. The error is [ErrInUse] while a process
// has the directory open, and [ErrDamaged] if the file is damaged.
func Export(dir string, w io.Writer) (err error) {
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	all := exported{exportVersion, map[string]map[string]json.RawMessage{}}
	err = read(filepath.Join(dir, "place.db"), func(n name, value []byte) {
		if all.Records[n.kind] == nil {
			all.Records[n.kind] = map[string]json.RawMessage{}
		}
		all.Records[n.kind][n.key] = value
	})
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// Import creates a directory from what [Export] wrote, if check accepts every record. The
// directory must be empty or not exist.
func Import(dir string, r io.Reader, check func(engine.Record) error) (err error) {
	batch, err := parseExport(r, check)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, ownersOnly); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	found, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if len(found) > 0 {
		return fmt.Errorf("store: %s is not empty, there is %s: want a new directory", dir, found[0].Name())
	}
	return create(filepath.Join(dir, "place.db"), batch)
}

func parseExport(r io.Reader, check func(engine.Record) error) ([]entry, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var all exported
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("store: not an export: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("store: not an export: there is data after it")
	}
	if all.Version != exportVersion {
		return nil, fmt.Errorf("store: the export has version %d, want %d", all.Version, exportVersion)
	}
	var batch []entry
	for kind, records := range all.Records {
		for key, value := range records {
			var compact bytes.Buffer
			if err := json.Compact(&compact, value); err != nil {
				return nil, fmt.Errorf("store: %w", err)
			}
			r := engine.Record{Kind: kind, Key: key, Value: compact.Bytes()}
			if err := errors.Join(checkName(r), check(r)); err != nil {
				return nil, err
			}
			batch = append(batch, entry{name{kind, key}, r.Value})
		}
	}
	return batch, nil
}
