package scripts

import (
	"fmt"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
)

// KindStore are what scripts have put into place.store, by key, in an [engine.Store].
const KindStore = "store"

// KeptStore is a [Store] whose values survive the process: it keeps them in an
// [engine.Store].
type KeptStore struct {
	MemoryStore
	kept engine.Store
}

var _ Store = (*KeptStore)(nil)

// KeepStore gives the store that an [engine.Store] keeps, with what is in it. To have
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
