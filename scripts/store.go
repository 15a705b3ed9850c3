package scripts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/loci-place/loci/internal/suggest"
	"github.com/loci-place/loci/scripts/internal/api"
	"github.com/loci-place/loci/scripts/internal/bind"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/netcode"
)

// Store keeps what scripts put into place.store: plain data by name. It may be used
// from any goroutine, and does not block. Values are not changed once they are in it.
type Store interface {
	Get(key string) (value any, ok bool)
	Set(key string, value any) error
	Delete(key string) error
	// Keys gives those that begin with a prefix, sorted.
	Keys(prefix string) []string
}

const (
	// MaxStoreKey is the longest key in a place's store, in bytes.
	MaxStoreKey = 256
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
	if err := checkStoreKey(key); err != nil {
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

func (g *generation) storeClass() api.Class {
	return api.Class{
		Name: "loci.Store", At: "place.store",
		Doc: "What survives a restart, as far as the place keeps its data on disk: plain data by name.",
		Functions: []api.Function{
			{Name: "get", Signature: "(key: string): any", Doc: "What is stored under a key, a copy, or nil.", Call: g.storeGet},
			{Name: "set", Signature: "(key: string, value: any, options?: {sync?: boolean}): (boolean?, string?)", Doc: "Stores plain data under a key of at most 256 bytes. Nil deletes it. With { sync = true }, in a task only, it waits until that and all before it would survive the end of the process, and gives true, or nil and why it would not yet.", Call: g.storeSet, Price: 150},
			{Name: "delete", Signature: "(key: string)", Doc: "Forgets what is stored under a key.", Call: g.storeDelete, Price: 100},
			{Name: "keys", Signature: "(prefix?: string): string[]", Doc: "All keys, or those that begin with a prefix, sorted.", Call: g.storeKeys},
		},
	}
}

func (g *generation) storeGet(L *lua.LState) int {
	value, ok := g.r.config.Store.Get(L.CheckString(1))
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(g.ToLua(L, value))
	return 1
}

// checkStoreKey says what is wrong with a key: it must be the same once it was written to
// disk, and as JSON.
func checkStoreKey(key string) error {
	switch {
	case key == "" || len(key) > MaxStoreKey:
		return fmt.Errorf("a key has 1 to %d bytes", MaxStoreKey)
	case !utf8.ValidString(key) || strings.ContainsRune(key, 0):
		return fmt.Errorf("a key is text in UTF-8 without zero bytes, which %q is not", key)
	}
	return nil
}

func (g *generation) storeSet(L *lua.LState) int {
	g.needsPlace(L, "place.store.set")
	key := L.CheckString(1)
	if err := checkStoreKey(key); err != nil {
		L.ArgError(1, err.Error())
	}
	sync := syncOption(L)
	if sync && g.running == nil {
		L.RaiseError("place.store.set with sync works in a task only, see place.task")
	}
	if L.Get(2) == lua.LNil {
		bind.Check(L, g.r.config.Store.Delete(key))
	} else {
		bind.Check(L, g.r.config.Store.Set(key, g.ToGo(L, L.Get(2), bind.Component)))
	}
	if !sync {
		return 0
	}
	return g.yield(L, "place.store.set with sync", func(t *task) { t.sync(g) })
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
func (t *task) sync(g *generation) {
	g.turn().Sync(func(err error) {
		g.r.soon(t.by, func() {
			switch {
			case !g.tasks[t] || g.over:
			case err != nil:
				t.resume(g, lua.LNil, lua.LString("it is not on disk yet: "+err.Error()))
			default:
				t.resume(g, lua.LTrue)
			}
		})
	})
}

func (g *generation) storeDelete(L *lua.LState) int {
	g.needsPlace(L, "place.store.delete")
	bind.Check(L, g.r.config.Store.Delete(L.CheckString(1)))
	return 0
}

func (g *generation) storeKeys(L *lua.LState) int {
	keys := L.NewTable()
	for i, key := range g.r.config.Store.Keys(L.OptString(1, "")) {
		keys.RawSetInt(i+1, lua.LString(key))
	}
	L.Push(keys)
	return 1
}
