package lib

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"
)

// Storage keeps what scripts put into place.store, see scripts.Store.
type Storage interface {
	Get(key string) (value any, ok bool)
	Set(key string, value any) error
	Delete(key string) error
	Keys(prefix string) []string
}

// MaxStoreKey is the longest key in a place's store, in bytes.
const MaxStoreKey = 256

// Store is place.store.
type Store struct {
	*Env
	storage Storage
	tasks   *Tasks // nil where none run: nothing waits for the disk there
}

// NewStore returns place.store over a storage.
func NewStore(env *Env, storage Storage) *Store { return &Store{Env: env, storage: storage} }

// Value returns place.store.
func (s *Store) Value() *lua.LUserData { return s.Sealed("place.store", s.Class()) }

// Class describes place.store.
func (s *Store) Class() api.Class {
	return api.Class{
		Name: "loci.Store", At: "place.store",
		Doc: "What survives a restart, as far as the place keeps its data on disk: plain data by name.",
		Functions: []api.Function{
			{Name: "get", Signature: "(key: string): any", Doc: "What is stored under a key, a copy, or nil.", Call: s.get},
			{Name: "set", Signature: "(key: string, value: any, options?: {sync?: boolean}): (boolean?, string?)", Doc: "Stores plain data under a key of at most 256 bytes. Nil deletes it. With { sync = true }, in a task only, it waits until that and all before it would survive the end of the process, and gives true, or nil and why it would not yet.", Call: s.set, Price: 150},
			{Name: "delete", Signature: "(key: string)", Doc: "Forgets what is stored under a key.", Call: s.delete, Price: 100},
			{Name: "keys", Signature: "(prefix?: string): string[]", Doc: "All keys, or those that begin with a prefix, sorted.", Call: s.keys},
		},
	}
}

func (s *Store) get(L *lua.LState) int {
	value, ok := s.storage.Get(L.CheckString(1))
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(s.ToLua(L, value))
	return 1
}

// CheckStoreKey reports what is wrong with a key: it must be the same once it was written to
// disk, and as JSON.
func CheckStoreKey(key string) error {
	switch {
	case key == "" || len(key) > MaxStoreKey:
		return fmt.Errorf("a key has 1 to %d bytes", MaxStoreKey)
	case !utf8.ValidString(key) || strings.ContainsRune(key, 0):
		return fmt.Errorf("a key is text in UTF-8 without zero bytes, which %q is not", key)
	}
	return nil
}

func (s *Store) set(L *lua.LState) int {
	s.NeedsPlace(L, "place.store.set")
	key := L.CheckString(1)
	if err := CheckStoreKey(key); err != nil {
		L.ArgError(1, err.Error())
	}
	sync := syncOption(L)
	if sync && (s.tasks == nil || s.tasks.running == nil) {
		L.RaiseError("place.store.set with sync works in a task only, see place.task")
	}
	if L.Get(2) == lua.LNil {
		bind.Check(L, s.storage.Delete(key))
	} else {
		bind.Check(L, s.storage.Set(key, s.ToGo(L, L.Get(2), bind.Component)))
	}
	if !sync {
		return 0
	}
	return s.tasks.yield(L, "place.store.set with sync", s.sync)
}

// syncOption reads { sync = true }.
func syncOption(L *lua.LState) bool {
	sync := false
	if options := L.OptTable(3, nil); options != nil {
		options.ForEach(func(key, value lua.LValue) {
			if key.String() != "sync" {
				L.ArgError(3, fmt.Sprintf("unknown option %q%s", key, suggest.From(key.String(), "sync")))
			}
			sync = lua.LVAsBool(value)
		})
	}
	return sync
}

// sync resumes the task when what has happened is durable.
func (s *Store) sync(t *task) {
	ts := s.tasks
	s.Turn().Sync(func(err error) {
		ts.calls.Soon(t.by, func() {
			switch {
			case !ts.all[t] || s.Over():
			case err != nil:
				ts.resume(t, lua.LNil, lua.LString("it is not on disk yet: "+err.Error()))
			default:
				ts.resume(t, lua.LTrue)
			}
		})
	})
}

func (s *Store) delete(L *lua.LState) int {
	s.NeedsPlace(L, "place.store.delete")
	bind.Check(L, s.storage.Delete(L.CheckString(1)))
	return 0
}

func (s *Store) keys(L *lua.LState) int {
	keys := L.NewTable()
	for i, key := range s.storage.Keys(L.OptString(1, "")) {
		keys.RawSetInt(i+1, lua.LString(key))
	}
	L.Push(keys)
	return 1
}
