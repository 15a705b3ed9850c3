package acl

import (
	"errors"
	"testing"
)

// testTown is an [Env]: who owns what, who offered what to whom.
type testTown struct {
	owners     map[string]string
	offers     map[[2]string]bool
	identities map[string]map[string]any
	verified   map[string]string
	bound      map[string]bool
	components map[[2]string]map[string]any
	err        error
}

var _ Env = (*testTown)(nil)

func (t *testTown) Owner(entity string) (string, error) { return t.owners[entity], t.err }

func (t *testTown) Owns(entity, other string) (bool, error) {
	owner := t.owners[entity]
	return owner != "" && owner == t.owners[other], t.err
}

func (t *testTown) Offered(entity, to string) (bool, error) {
	return t.offers[[2]string{entity, t.owners[to]}], t.err
}

func (t *testTown) Identity(entity string) (map[string]any, error) {
	return t.identities[t.owners[entity]], t.err
}

func (t *testTown) Verified(entity string) (string, error) {
	return t.verified[t.owners[entity]], t.err
}

func (t *testTown) Bound(entity string) (bool, error) {
	return t.bound[t.owners[entity]], t.err
}

func (t *testTown) Component(entity, name string) (map[string]any, error) {
	return t.components[[2]string{entity, name}], t.err
}

// town has ann with her avatar a1 and the widget e1, which she offered to bob,
// and bob with his avatar b1 and a box e2.
var town = &testTown{
	owners:     map[string]string{"a1": "ann", "e1": "ann", "b1": "bob", "e2": "bob", "place": "place"},
	offers:     map[[2]string]bool{{"e1", "bob"}: true},
	identities: map[string]map[string]any{"ann": {"display_name": "Ann", "age": 7.0}, "bob": {}},
	verified:   map[string]string{"ann": "annskey=", "bob": "bobskey="},
	bound:      map[string]bool{"ann": true},
	components: map[[2]string]map[string]any{{"e2", "box"}: {"open": true}},
}

var errTown = errors.New("the town is asleep")

func compiled(t testing.TB, source string) *Pattern {
	t.Helper()
	p, err := Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
