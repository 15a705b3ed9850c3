package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The layout of bbolt's files: pages of one size, each with a header of 16 bytes (id, flags,
// count, overflow). Two are meta pages; the others are branches and leaves of one tree per
// bucket, with elements of 16 bytes that hold the positions of their keys.
const (
	headerSize  = 16
	elementSize = 16
	metaSize    = 64
	magic       = 0xED0CDAED

	branchPage = 0x01
	leafPage   = 0x02

	bucketElement = 0x01
)

var order = binary.NativeEndian

// tree is a file being checked. See the package comment for why bbolt's check will not do.
type tree struct {
	file     io.ReaderAt
	pageSize int
	pages    uint64 // used and free ones
	seen     map[uint64]bool
}

// checkTree returns ErrDamaged if the pages of a file, from its newest valid meta page on, do
// not form a tree. Any other error is one of the file system.
func checkTree(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	t := &tree{file: f, seen: map[uint64]bool{}}
	root, err := t.readMeta()
	if err != nil {
		return err
	}
	return t.visit(root, nil, nil)
}

func damage(what string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(what, args...))
}

// readMeta finds the newest meta page and returns the root of its tree.
func (t *tree) readMeta() (root uint64, err error) {
	var newest uint64
	for _, at := range t.metaOffsets() {
		page := make([]byte, headerSize+metaSize)
		if _, err := t.file.ReadAt(page, at); err != nil {
			continue
		}
		m := page[headerSize:]
		h := fnv.New64a()
		h.Write(m[:56])
		if order.Uint32(m) != magic || order.Uint64(m[56:]) != h.Sum64() {
			continue
		}
		if tx := order.Uint64(m[48:]); tx >= newest {
			newest = tx
			root, t.pages, t.pageSize = order.Uint64(m[16:]), order.Uint64(m[40:]), int(order.Uint32(m[8:]))
		}
	}
	if t.pageSize < 1024 || t.pageSize > 1<<16 {
		return 0, damage("it has no meta page")
	}
	return root, nil
}

// metaOffsets returns where meta pages may be for any page size.
func (t *tree) metaOffsets() []int64 {
	offsets := []int64{0}
	for size := int64(1024); size <= 1<<16; size *= 2 {
		offsets = append(offsets, size)
	}
	return offsets
}

// visit checks a page and everything below it. Its keys must be at least lo and, unless hi is
// nil, less than hi.
func (t *tree) visit(id uint64, lo, hi []byte) error {
	page, err := t.page(id)
	if err != nil {
		return err
	}
	flags, count := order.Uint16(page[8:]), int(order.Uint16(page[10:]))
	switch flags {
	case branchPage:
		return t.visitBranch(id, page, count, lo, hi)
	case leafPage:
		return t.visitLeaf(fmt.Sprint("page ", id), page, count, lo, hi)
	}
	return damage("page %d is neither branch nor leaf", id)
}

// page reads a page with its overflow pages.
func (t *tree) page(id uint64) ([]byte, error) {
	if id < 2 || id >= t.pages || t.seen[id] {
		return nil, damage("a branch leads to page %d", id)
	}
	t.seen[id] = true
	page := make([]byte, t.pageSize)
	if err := t.readAt(page, id); err != nil {
		return nil, err
	}
	overflow := uint64(order.Uint32(page[12:]))
	if order.Uint64(page) != id || overflow >= t.pages-id {
		return nil, damage("page %d has the wrong header", id)
	}
	if overflow == 0 {
		return page, nil
	}
	for n := id + 1; n <= id+overflow; n++ {
		if t.seen[n] {
			return nil, damage("page %d belongs to two others", n)
		}
		t.seen[n] = true
	}
	if last := id + overflow; t.readAt(make([]byte, t.pageSize), last) != nil {
		return nil, damage("page %d is not in the file", last)
	}
	page = make([]byte, (int(overflow)+1)*t.pageSize)
	return page, t.readAt(page, id)
}

func (t *tree) readAt(page []byte, id uint64) error {
	_, err := t.file.ReadAt(page, int64(id)*int64(t.pageSize))
	if errors.Is(err, io.EOF) {
		return damage("page %d is not in the file", id)
	}
	return err
}

func (t *tree) visitBranch(id uint64, page []byte, count int, lo, hi []byte) error {
	where := fmt.Sprint("page ", id)
	keys, err := keysOf(where, page, count, false)
	if err == nil {
		err = inOrder(where, keys, lo, hi)
	}
	if err == nil && count == 0 {
		err = damage("page %d has no branches", id)
	}
	if err != nil {
		return err
	}
	for i := range keys {
		child := order.Uint64(page[headerSize+i*elementSize+8:])
		below := hi
		if i+1 < count {
			below = keys[i+1]
		}
		if err := t.visit(child, keys[i], below); err != nil {
			return err
		}
	}
	return nil
}

// visitLeaf checks a leaf, which is a page or an inline bucket, and the buckets in it.
func (t *tree) visitLeaf(where string, page []byte, count int, lo, hi []byte) error {
	keys, err := keysOf(where, page, count, true)
	if err == nil {
		err = inOrder(where, keys, lo, hi)
	}
	if err != nil {
		return err
	}
	for i := range keys {
		element := headerSize + i*elementSize
		if order.Uint32(page[element:])&bucketElement == 0 {
			continue
		}
		value := page[element+int(order.Uint32(page[element+4:]))+len(keys[i]):][:order.Uint32(page[element+12:])]
		if err := t.visitBucket(fmt.Sprintf("%s, bucket %.64q", where, keys[i]), value); err != nil {
			return err
		}
	}
	return nil
}

// visitBucket checks a bucket, which has a root page or is an inline leaf.
func (t *tree) visitBucket(where string, value []byte) error {
	if len(value) < 16 {
		return damage("%s has no header", where)
	}
	if root := order.Uint64(value); root != 0 {
		return t.visit(root, nil, nil)
	}
	leaf := value[16:]
	if len(leaf) < headerSize || order.Uint16(leaf[8:]) != leafPage {
		return damage("%s is no leaf", where)
	}
	return t.visitLeaf(where, leaf, int(order.Uint16(leaf[10:])), nil, nil)
}

// keysOf returns the keys of a page's elements. Keys and values must lie within the page.
func keysOf(where string, page []byte, count int, leaf bool) ([][]byte, error) {
	if headerSize+count*elementSize > len(page) {
		return nil, damage("%s has %d elements", where, count)
	}
	keys := make([][]byte, count)
	for i := range keys {
		element := headerSize + i*elementSize
		at, size, rest := order.Uint32(page[element:]), order.Uint32(page[element+4:]), uint32(0)
		if leaf {
			at, size, rest = size, order.Uint32(page[element+8:]), order.Uint32(page[element+12:])
		}
		from := uint64(element) + uint64(at)
		if from+uint64(size)+uint64(rest) > uint64(len(page)) {
			return nil, damage("element %d of %s is not in it", i, where)
		}
		keys[i] = page[from : from+uint64(size)]
	}
	return keys, nil
}

func inOrder(where string, keys [][]byte, lo, hi []byte) error {
	for i, key := range keys {
		if bytes.Compare(key, lo) < 0 || i > 0 && bytes.Equal(key, lo) || hi != nil && bytes.Compare(key, hi) >= 0 {
			return damage("key %d of %s is out of order", i, where)
		}
		lo = key
	}
	return nil
}
