package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
)

// ownBucket holds metadata instead of records: "format", the version of the layout, and
// "sum", the checksum of all records.
const ownBucket = "loci"

const format = "1"

// checksum returns the checksum of a record. Those of several are combined by XOR, so that
// one can be replaced without the others.
func checksum(n name, value []byte) uint64 {
	h := fnv.New64a()
	h.Write([]byte(n.kind))
	h.Write([]byte{0})
	h.Write([]byte(n.key))
	h.Write([]byte{0})
	h.Write(value)
	return h.Sum64()
}

// guard runs f, which reads a mapped file, and turns panics of bbolt and memory faults into
// errors: a damaged file or disk causes both.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store: %w: %v", ErrDamaged, r)
		}
	}()
	return f()
}

// initialMmap is the address space reserved for a file: up to that size, a reader does not
// keep the file from growing.
const initialMmap = 1 << 28

// growBy is the number of bytes by which a full file grows.
const growBy = 1 << 20

// open opens an existing file.
func open(path string, readOnly bool) (*bolt.DB, error) {
	opts := &bolt.Options{
		Timeout: time.Second, ReadOnly: readOnly, FreelistType: bolt.FreelistMapType,
		// A list of free pages that bbolt computes cannot be damaged, and costs no writing.
		NoFreelistSync: true,
		OpenFile: func(path string, flag int, mode os.FileMode) (*os.File, error) {
			return os.OpenFile(path, flag&^os.O_CREATE, mode)
		},
	}
	if strconv.IntSize == 64 && runtime.GOOS != "windows" {
		opts.InitialMmapSize = initialMmap
	}
	var db *bolt.DB
	err := guard(func() (err error) {
		db, err = bolt.Open(path, 0, opts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	db.AllocSize = growBy
	return db, nil
}

// read verifies a file and calls each with every record, whose value the caller may keep.
// The error is ErrDamaged for a damaged file, and os.ErrNotExist if there is none.
func read(path string, each func(n name, value []byte)) error {
	if err := checkTree(path); err != nil {
		return fmt.Errorf("store: %s: %w", path, err)
	}
	db, err := open(path, true)
	if err != nil {
		return err
	}
	err = guard(func() error { return db.View(func(tx *bolt.Tx) error { return readAll(tx, each) }) })
	if err != nil {
		err = fmt.Errorf("store: %s: %w", path, err)
	}
	return errors.Join(err, guard(db.Close))
}

func readAll(tx *bolt.Tx, each func(n name, value []byte)) error {
	own := tx.Bucket([]byte(ownBucket))
	if own == nil {
		return fmt.Errorf("%w: not a file of records", ErrDamaged)
	}
	if v := own.Get([]byte("format")); string(v) != format {
		return fmt.Errorf("the format is %.100q, want %.100q", v, format)
	}
	sum := uint64(0)
	err := tx.ForEach(func(kind []byte, b *bolt.Bucket) error {
		if string(kind) == ownBucket {
			return nil
		}
		return b.ForEach(func(key, value []byte) error {
			n := name{string(kind), string(key)}
			value = append([]byte{}, value...)
			sum ^= checksum(n, value)
			each(n, value)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if want := own.Get([]byte("sum")); len(want) != 8 || binary.BigEndian.Uint64(want) != sum {
		return fmt.Errorf("%w: the checksum of its records is %x, want %x", ErrDamaged, sum, want)
	}
	return nil
}

// sumOf returns the checksum that a file records.
func sumOf(path string) (sum uint64, err error) {
	db, err := open(path, true)
	if err != nil {
		return 0, err
	}
	err = guard(func() error {
		return db.View(func(tx *bolt.Tx) error {
			own := tx.Bucket([]byte(ownBucket))
			if own == nil {
				return ErrDamaged
			}
			said := own.Get([]byte("sum"))
			if len(said) != 8 {
				return ErrDamaged
			}
			sum = binary.BigEndian.Uint64(said)
			return nil
		})
	})
	return sum, errors.Join(err, guard(db.Close))
}

// commit writes a batch, and the new checksum of all records.
func commit(db *bolt.DB, batch []entry, sum uint64) error {
	return db.Update(func(tx *bolt.Tx) error {
		for _, e := range batch {
			b, err := tx.CreateBucketIfNotExists([]byte(e.kind))
			if err != nil {
				return err
			}
			if e.value == nil {
				err = b.Delete([]byte(e.key))
			} else {
				err = b.Put([]byte(e.key), e.value)
			}
			if err != nil {
				return err
			}
		}
		own, err := tx.CreateBucketIfNotExists([]byte(ownBucket))
		if err != nil {
			return err
		}
		if err := own.Put([]byte("format"), []byte(format)); err != nil {
			return err
		}
		return own.Put([]byte("sum"), binary.BigEndian.AppendUint64(nil, sum))
	})
}

// create creates a file of records atomically.
func create(path string, batch []entry) error {
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("store: %w", err)
	}
	db, err := bolt.Open(next, 0o600, &bolt.Options{Timeout: time.Second, NoFreelistSync: true})
	if err != nil {
		return fmt.Errorf("store: %s: %w", next, err)
	}
	sum := uint64(0)
	for _, e := range batch {
		sum ^= checksum(e.name, e.value)
	}
	err = errors.Join(commit(db, batch, sum), db.Close())
	if err != nil {
		_ = os.Remove(next)
		return fmt.Errorf("store: %s: %w", next, err)
	}
	return install(next, path)
}

// install renames a file that is already durable, and makes its name durable.
func install(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return syncDir(filepath.Dir(to))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil && runtime.GOOS != "windows" {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}
