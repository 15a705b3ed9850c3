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

// ownBucket is no kind of records, but holds what says that the others are whole: under
// "format" the version of all this, under "sum" the checksum of all records.
const ownBucket = "loci"

const format = "1"

// checksum of a record. Those of several are combined by XOR, so that one can be taken
// out and another put in.
func checksum(n name, value []byte) uint64 {
	h := fnv.New64a()
	h.Write([]byte(n.kind))
	h.Write([]byte{0})
	h.Write([]byte(n.key))
	h.Write([]byte{0})
	h.Write(value)
	return h.Sum64()
}

// guard runs what touches a mapped file: where that is damaged, or the disk is, bbolt
// panics and memory faults.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store: %w: %v", ErrDamaged, r)
		}
	}()
	return f()
}

// mapped is how much of address space a file has from the start: as long as it fits, what
// reads it does not keep it from growing.
const mapped = 1 << 28

// grown is how many bytes a file that is full becomes larger by.
const grown = 1 << 20

// open opens a file that is there.
func open(path string, readOnly bool) (*bolt.DB, error) {
	opts := &bolt.Options{
		Timeout: time.Second, ReadOnly: readOnly, FreelistType: bolt.FreelistMapType,
		// A list of free pages that is found by looking cannot be wrong, nor need it be
		// written.
		NoFreelistSync: true,
		OpenFile: func(path string, flag int, mode os.FileMode) (*os.File, error) {
			return os.OpenFile(path, flag&^os.O_CREATE, mode)
		},
	}
	if strconv.IntSize == 64 && runtime.GOOS != "windows" {
		opts.InitialMmapSize = mapped
	}
	var db *bolt.DB
	err := guard(func() (err error) {
		db, err = bolt.Open(path, 0, opts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	db.AllocSize = grown
	return db, nil
}

// read gives all records of a file that is as it was written. The error is ErrDamaged where
// it is not, and os.ErrNotExist where there is none. Values are the caller's.
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
		return fmt.Errorf("%w: it is no file of records", ErrDamaged)
	}
	if v := own.Get([]byte("format")); string(v) != format {
		return fmt.Errorf("its format is %.100q, want %.100q", v, format)
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

// sumOf returns the checksum of all records that a file says it has.
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

// commit writes a batch, and the checksum of all records from then on.
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

// create makes a file of records, complete or not at all.
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

// install gives a file that is durable its name, durably.
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
