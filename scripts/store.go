package scripts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/scripts/internal/lib"
)

// Store keeps what scripts put into place.store: plain data by name. It may be used
// from any goroutine, and does not block. Values are not changed once they are in it.
type Store interface {
	Get(key string) (value any, ok bool)
	Set(key string, value any) error
	Delete(key string) error
	// Keys returns those that begin with a prefix, sorted.
	Keys(prefix string) []string
}

const (
	// MaxStoreKey is the longest key in a place's store, in bytes.
	MaxStoreKey = lib.MaxStoreKey
	// MaxStoreBytes is how much a place's store takes, in bytes of JSON; more is an error
	// in the script.
	MaxStoreBytes = 64 << 20
)

// MemoryStore is a [Store] that lasts as long as the process. The zero value is empty.
type MemoryStore struct {
	mu     sync.Mutex
	values map[string]any
	sizes  map[string]int
	size   int
}

var _ Store = (*MemoryStore)(nil)

// Get implements [Store].
func (m *MemoryStore) Get(key string) (any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.values[key]
	return v, ok
}

// Set implements [Store].
func (m *MemoryStore) Set(key string, value any) error {
	if err := lib.CheckStoreKey(key); err != nil {
		return err
	}
	size := len(key) + len(netcode.AppendValue(nil, value))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.size-m.sizes[key]+size > MaxStoreBytes {
		return fmt.Errorf("the store holds at most %d bytes", MaxStoreBytes)
	}
	if m.values == nil {
		m.values, m.sizes = map[string]any{}, map[string]int{}
	}
	m.size += size - m.sizes[key]
	m.values[key], m.sizes[key] = value, size
	return nil
}

// Delete implements [Store].
func (m *MemoryStore) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.size -= m.sizes[key]
	delete(m.values, key)
	delete(m.sizes, key)
	return nil
}

// Keys implements [Store].
func (m *MemoryStore) Keys(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.values)), func(key string) bool {
		return !strings.HasPrefix(key, prefix)
	})
}

// KindStore are what scripts have put into place.store, by key, in an [engine.Store].
const KindStore = "store"

// KeptStore is a [Store] whose values survive the process: it keeps them in an
// [engine.Store].
type KeptStore struct {
	MemoryStore
	kept engine.Store
}

var _ Store = (*KeptStore)(nil)

// KeepStore returns the store that an [engine.Store] keeps, with what is in it. To have
// place.store.set wait for the disk it must be the place's own, see [engine.Config].
func KeepStore(kept engine.Store) (*KeptStore, error) {
	s := &KeptStore{kept: kept}
	for key, value := range kept.Records(KindStore) {
		v, err := netcode.ParseValue(value)
		if err == nil {
			err = s.MemoryStore.Set(key, v)
		}
		if err != nil {
			return nil, fmt.Errorf("scripts: what is kept as place.store %q: %w", key, err)
		}
	}
	return s, nil
}

// Set implements [Store].
func (s *KeptStore) Set(key string, value any) error {
	if err := s.MemoryStore.Set(key, value); err != nil {
		return err
	}
	s.kept.Put([]engine.Record{{Kind: KindStore, Key: key, Value: netcode.AppendValue(nil, value)}}, nil)
	return nil
}

// Delete implements [Store].
func (s *KeptStore) Delete(key string) error {
	if err := s.MemoryStore.Delete(key); err != nil {
		return err
	}
	s.kept.Put([]engine.Record{{Kind: KindStore, Key: key}}, nil)
	return nil
}

// KindScene are the entities that the scripts last declared, by id, in an [engine.Store]:
// {"depth", "components"}. A restart is reconciled against them, as a reload is.
const KindScene = lib.KindScene

// CheckRecord reports what is wrong with a record of one of the scripts' kinds, as somebody
// may have written it by hand.
func CheckRecord(r engine.Record) (err error) {
	switch {
	case r.Kind == KindStore:
		if err = lib.CheckStoreKey(r.Key); err == nil {
			_, err = netcode.ParseValue(r.Value)
		}
	case r.Kind == KindScene:
		err = lib.CheckKept(r.Value)
	default:
		err = errors.New("there is no such thing")
	}
	if err != nil {
		err = fmt.Errorf("scripts: what is kept as %s %q: %w", r.Kind, r.Key, err)
	}
	return err
}
