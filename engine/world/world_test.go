package world

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/go-gl/mathgl/mgl64"
)

func spawn(t testing.TB, w *World, id string, components map[string]any) *Entity {
	t.Helper()
	e, err := w.Spawn(id, "me", components)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func child(of string) map[string]any {
	return map[string]any{"relationships": map[string]any{"parent": of}}
}

func TestSpawnRefuses(t *testing.T) {
	w := New(1)
	spawn(t, w, "a", nil)
	for name, c := range map[string]struct {
		id         string
		components map[string]any
		want       error
	}{
		"a taken id":               {"a", nil, ErrExists},
		"an empty id":              {"", nil, ErrBadID},
		"a component of one value": {"b", map[string]any{"door": "open"}, nil},
		"a component that is list": {"b", map[string]any{"door": []any{1.0}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Spawn(c.id, "me", c.components)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if w.Len() != 1 {
				t.Errorf("%d entities, want 1", w.Len())
			}
		})
	}
}

func TestNullsAreDroppedAndEmptyListsAreObjects(t *testing.T) {
	w := New(1)
	spawn(t, w, "a", map[string]any{
		"gone": nil, "empty": []any{},
		"door": map[string]any{"open": nil, "in": map[string]any{"x": nil}, "list": []any{nil}},
	})
	want := `{"a":{"id":"a","components":{"door":{"in":{},"list":[null]},"empty":{}}}}`
	if got := string(w.AppendSet(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestReparentKeepsWhereChildrenStand(t *testing.T) {
	w := New(1)
	spawn(t, w, "base", nil).SetLocal(mgl64.Translate3D(1, 2, 3))
	c := spawn(t, w, "c", child("base"))
	c.SetLocal(mgl64.Translate3D(10, 0, 0))
	if n := len(w.Remove("base", Reparent)); n != 1 {
		t.Fatalf("%d removed, want 1", n)
	}
	if got, want := c.Local(), mgl64.Translate3D(11, 2, 3); got != want {
		t.Errorf("child is at %v, want %v", got, want)
	}
	if c.Has("relationships") || c.Parent() != nil {
		t.Error("child still has a parent")
	}
}

func TestCascadeTakesChildrenOfOtherOwners(t *testing.T) {
	w := New(1)
	spawn(t, w, "base", nil)
	if _, err := w.Spawn("other", "you", child("base")); err != nil {
		t.Fatal(err)
	}
	spawn(t, w, "below", child("other"))
	if n := len(w.Remove("base", Cascade)); n != 3 || w.Len() != 0 {
		t.Errorf("%d removed, %d left", n, w.Len())
	}
	if len(w.OwnedBy("me"))+len(w.OwnedBy("you")) != 0 || len(w.children.by) != 0 {
		t.Error("indexes still know them")
	}
}

func TestARingOfParentsHasAnEnd(t *testing.T) {
	w := New(1)
	a := spawn(t, w, "a", child("b"))
	spawn(t, w, "b", child("a"))
	a.World()
	if n := len(w.Remove("a", Cascade)); n != 2 {
		t.Errorf("%d removed, want 2", n)
	}
}

func TestTransformKeepsItsOtherKeysWhenMoved(t *testing.T) {
	w := New(1)
	e := spawn(t, w, "a", map[string]any{"transform": map[string]any{"size": 2.0}})
	if e.Local() != mgl64.Ident4() {
		t.Errorf("no matrix reads as %v", e.Local())
	}
	e.SetLocal(mgl64.Translate3D(1.5, 0, 0))
	want := `{"a":{"id":"a","components":{"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,1.5,0,0,1],"size":2}}}}`
	if got := string(w.AppendSet(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestUnchangedValuesAreNoChange(t *testing.T) {
	w := New(1)
	e := spawn(t, w, "a", map[string]any{"door": map[string]any{"open": true}})
	e.SetLocal(mgl64.Translate3D(1, 0, 0))
	w.Advance()
	if err := e.Set("door", map[string]any{"open": true}); err != nil {
		t.Fatal(err)
	}
	e.SetLocal(mgl64.Translate3D(1+1e-9, 0, 0))
	if got := string(w.AppendMerge(nil, 1)); got != "{}" {
		t.Errorf("merge patch is %s", got)
	}
}

func TestStampsOutgrowWhatOneHeartbeatIs(t *testing.T) {
	w := New(1 << 60)
	e := spawn(t, w, "a", nil)
	w.Advance()
	if err := e.Set("door", map[string]any{}); err != nil {
		t.Fatal(err)
	}
	want := `{"a":{"components":{"door":{}}}}`
	if got := string(w.AppendMerge(nil, 1<<60)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// static adds n entities of three components that nobody will touch.
func static(t testing.TB, w *World, n int) {
	for i := range n {
		spawn(t, w, fmt.Sprintf("static%d", i), map[string]any{
			"transform": map[string]any{"matrix": []any{1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, float64(i), 0.0, 0.5, 1.0}},
			"geometry":  map[string]any{"type": "asset", "name": "asset:sha256:" + strings.Repeat("0f", 32)},
			"material":  map[string]any{"color": []any{1.0, 0.5, 0.25, 1.0}, "roughness": 0.5},
		})
	}
}

func TestAHundredThousandEntitiesFitInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 100,000 entities")
	}
	const most = 150 << 20
	before := heap()
	w := New(1)
	static(t, w, 100_000)
	used := heap() - before
	t.Logf("%d entities of three components: %.1f MB", w.Len(), float64(used)/(1<<20))
	if used > most {
		t.Errorf("%d bytes of heap, at most %d may be", used, most)
	}
	runtime.KeepAlive(w)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkMoverDelta is what one moving entity costs a heartbeat: the move and
// its part of the merge patch.
func BenchmarkMoverDelta(b *testing.B) {
	w := New(1)
	e := spawn(b, w, "mover", nil)
	var dst []byte
	yaw := 0.0
	step := func() {
		yaw += 0.01
		e.SetLocal(mgl64.Translate3D(yaw, 0, -yaw).Mul4(mgl64.HomogRotate3DY(yaw)))
		dst = w.AppendMerge(dst[:0], w.Now()-1)
		w.Advance()
	}
	for range 100 {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(len(dst)), "B/state")
}

func TestRootsFollowParentsThatComeAndGo(t *testing.T) {
	w := New(1)
	hand := spawn(t, w, "hand", child("avatar"))
	if hand.Root() != hand {
		t.Error("an entity whose parent is not there is not its own root")
	}
	avatar := spawn(t, w, "avatar", nil)
	ring := spawn(t, w, "ring", child("hand"))
	if hand.Root() != avatar || ring.Root() != avatar {
		t.Errorf("roots are %v and %v", hand.Root(), ring.Root())
	}
	w.Remove("avatar", Reparent)
	if hand.Root() != hand || ring.Root() != hand || avatar.Root() != nil {
		t.Error("roots did not follow when the avatar went")
	}
	hand.SetLocal(mgl64.Translate3D(100, 0, 100))
	near := func(at mgl64.Vec3) (ids []string) {
		w.Near(at, 1, func(e *Entity) { ids = append(ids, e.ID()) })
		return ids
	}
	if got := near(mgl64.Vec3{100, 0, 100}); len(got) != 1 || got[0] != "hand" {
		t.Errorf("near it is %v", got)
	}
	w.Remove("hand", Cascade)
	if got := near(mgl64.Vec3{100, 0, 100}); len(got) != 0 {
		t.Errorf("after it went, near it is %v", got)
	}
}

func TestAnEntityThatComesAgainHasAnotherLife(t *testing.T) {
	w := New(1)
	e, _ := w.Spawn("a", "place", nil)
	first := e.Lives()
	w.Remove("a", Cascade)
	again, err := w.Spawn("a", "place", nil)
	if err != nil {
		t.Fatal(err)
	}
	if again == e && again.Lives() == first {
		t.Error("nothing tells it from the one before")
	}
}
