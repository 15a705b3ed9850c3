package client

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

// assetID is that of "hello".
const assetID = "asset:sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

// after lets d pass and everything due by then happen.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wantDocument compares a document with a revision and entities in JSON.
func wantDocument(t *testing.T, got netcode.Document, revision uint64, entities string) {
	t.Helper()
	want := netcode.Document{}
	if err := want.Apply(&netcode.State{Style: netcode.StyleSet, Revision: revision, Entities: []byte(entities)}); err != nil {
		t.Fatalf("set %s: %v", entities, err)
	}
	if got.Revision != revision || !reflect.DeepEqual(got.Entities, want.Entities) {
		t.Errorf("got revision %d %s, want %d %s", got.Revision, netcode.AppendValue(nil, got.Entities), revision, entities)
	}
}
