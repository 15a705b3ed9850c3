package assets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// ErrNoFile says that there is no such file in the host's folder, or none that may be served.
var ErrNoFile = errors.New("assets: no such file")

// folder serves the host's own files in place. A file that changes becomes another asset.
type folder struct {
	root *os.Root
	most int64

	mu     sync.Mutex
	byName map[string]file
	byHash map[netcode.AssetHash]string
}

// file is a file as it was when it was hashed.
type file struct {
	hash    netcode.AssetHash
	size    int64
	changed time.Time
}

// FileID returns the id that [Centre.FileID] will give of a file in a folder that is not
// opened yet. It reads all of the file. The error is [ErrNoFile] for what is not there, or
// not in the folder.
func FileID(dir, name string) (id string, err error) {
	f, err := openFolder(dir, math.MaxInt64)
	if err != nil {
		return "", err
	}
	defer f.close()
	hash, err := f.id(context.Background(), name)
	if err != nil {
		return "", err
	}
	return hash.ID(), nil
}

func openFolder(dir string, most int64) (*folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &folder{root: root, most: most, byName: map[string]file{}, byHash: map[netcode.AssetHash]string{}}, nil
}

// id returns a file's hash. It reads the file only if it has changed since the last time. The
// name is a path below the folder, with slashes.
func (f *folder) id(ctx context.Context, name string) (netcode.AssetHash, error) {
	if !fs.ValidPath(name) {
		return netcode.AssetHash{}, fmt.Errorf("%w: %.100q is not a path below the folder", ErrNoFile, name)
	}
	from, info, err := f.stat(name)
	if err != nil {
		return netcode.AssetHash{}, err
	}
	defer from.Close()
	f.mu.Lock()
	known, ok := f.byName[name]
	f.mu.Unlock()
	if ok && known.is(info) {
		return known.hash, nil
	}
	hash, size, err := hashOf(ctx, from)
	switch {
	case err != nil:
		return netcode.AssetHash{}, fmt.Errorf("assets: %w", err)
	case size != info.Size():
		return netcode.AssetHash{}, fmt.Errorf("%w: %.100q is being changed", ErrNoFile, name)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(name)
	f.byName[name] = file{hash, size, info.ModTime()}
	f.byHash[hash] = name
	return hash, nil
}

func (k file) is(info fs.FileInfo) bool {
	return k.size == info.Size() && k.changed.Equal(info.ModTime())
}

// stat opens a file, if it is one that may be served. It never waits for one that is
// a pipe.
func (f *folder) stat(name string) (*os.File, fs.FileInfo, error) {
	info, err := f.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a file")
	}
	if err == nil && info.Size() > f.most {
		err = fmt.Errorf("%d bytes, at most %d are possible", info.Size(), f.most)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %.100q: %w", ErrNoFile, name, err)
	}
	from, err := f.root.Open(name)
	if err == nil {
		info, err = from.Stat()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %.100q: %w", ErrNoFile, name, err)
	}
	return from, info, nil
}

// known returns a file's hash from when it was last read.
func (f *folder) known(name string) (netcode.AssetHash, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, ok := f.byName[name]
	return k.hash, ok
}

// find reports whether an asset is one of the files.
func (f *folder) find(h netcode.AssetHash) (size int64, there bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name, ok := f.byHash[h]
	return f.byName[name].size, ok
}

// read reads from the file that has an asset, unless that has changed or cannot be
// read: then it is forgotten.
func (f *folder) read(h netcode.AssetHash, b []byte, offset int64) error {
	f.mu.Lock()
	name := f.byHash[h]
	known := f.byName[name]
	f.mu.Unlock()
	from, info, err := f.stat(name)
	if err == nil {
		defer from.Close()
		err = readFull(from, b, offset)
	}
	if err == nil && !known.is(info) {
		err = fmt.Errorf("%w: %.100q has changed", ErrNoFile, name)
	}
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(name)
	}
	return err
}

// drop forgets a file, under the lock. Another of the same content stands in.
func (f *folder) drop(name string) {
	h := f.byName[name].hash
	delete(f.byName, name)
	if f.byHash[h] != name {
		return
	}
	delete(f.byHash, h)
	for other, k := range f.byName {
		if k.hash == h {
			f.byHash[h] = other
		}
	}
}

func (f *folder) close() error { return f.root.Close() }
