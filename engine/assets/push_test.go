package assets_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
)

// TestPushedAssetIsKept has agents send an asset unasked: all of it at once, and only
// its beginning, after which they are asked for the rest.
func TestPushedAssetIsKept(t *testing.T) {
	content := noise(1, 300_000)
	id := netcode.AssetID(content)
	for name, push := range map[string]func(a *agent){
		"whole": func(a *agent) { a.give(id, content, 0, 300_000, 300_000) },
		"in pieces": func(a *agent) {
			for at := uint64(0); at < 300_000; at += 50_000 {
				a.give(id, content, at, 50_000, 300_000)
			}
		},
		"the beginning": func(a *agent) {
			a.PublishAsset(content)
			a.give(id, content, 0, 50_000, 300_000)
		},
		"the beginning twice": func(a *agent) {
			a.PublishAsset(content)
			a.give(id, content, 0, 50_000, 300_000)
			a.give(id, content, 0, 50_000, 300_000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, engine.Config{}, func(r *rig) {
				ann := r.plain()
				push(ann)
				time.Sleep(2 * time.Second)
				ann.Close()
				soon()
				r.plain().fetches(id, content, "")
			})
		})
	}
}

func TestPushOfSomethingElseIsThrownAway(t *testing.T) {
	content, wrong := noise(1, 1000), noise(2, 1000)
	id := netcode.AssetID(content)
	inPlace(t, engine.Config{}, func(r *rig) {
		ann, bob := r.plain(), r.plain()
		ann.give(id, wrong, 0, 1000, 1000)
		soon()
		if _, err := bob.FetchAsset(r.within(time.Minute), id, ""); err == nil {
			t.Error("it is served")
		}
		for n := range 20 {
			ann.give(netcode.AssetID([]byte{byte(n)}), wrong, 0, 1000, 1000)
		}
		soon()
		ann.give(id, content, 0, 1000, 1000)
		soon()
		if _, err := bob.FetchAsset(r.within(time.Minute), id, ""); err == nil {
			t.Error("something is still taken from who pushed wrong things so often")
		}
		bob.fetches(ann.PublishAsset(content), content, "")
	})
}

func TestPushesAreLimited(t *testing.T) {
	limits := engine.Limits{AssetPushes: 2, AssetPushBytes: 10_000}
	inPlace(t, engine.Config{Limits: limits, Assets: assets.Options{CacheBytes: 50_000}}, func(r *rig) {
		ann, bob := r.join(nil), r.plain()
		begin := func(seed int, size uint64) string {
			content := noise(seed, int(size))
			id := netcode.AssetID(content)
			ann.give(id, content, 0, 1000, size)
			return id
		}
		begin(1, 4000)
		begin(2, 6001)
		begin(3, 60_000)
		begin(4, 4000)
		begin(5, 1000)
		soon()
		time.Sleep(time.Second)
		if got := shows(ann.take()); got != "request 1000+3000, request 1000+3000" {
			t.Errorf("what is left of two is asked for, by %s", got)
		}
		time.Sleep(time.Minute)
		begin(6, 2000)
		time.Sleep(time.Second)
		if got := shows(ann.take()); got != "request 1000+1000" {
			t.Errorf("when the others were given up: %s", got)
		}
		if _, err := bob.FetchAsset(r.within(time.Minute), netcode.AssetID(noise(5, 1000)), ""); err == nil {
			t.Error("the third at once was taken")
		}
	})
}

func TestPushSatisfiesWhoWaitsAlready(t *testing.T) {
	content := noise(1, 1000)
	inPlace(t, engine.Config{}, func(r *rig) {
		r.join(nil)
		ann, bob := r.plain(), r.plain()
		id := netcode.AssetID(content)
		time.AfterFunc(time.Second, func() { ann.give(id, content, 0, 1000, 1000) })
		if took := bob.fetches(id, content, ""); took > 1100*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

// TestPlacePushes has it push to agents that take what comes, and to one that asks for
// the rest of whatever comes, as deployed ones do.
func TestPlacePushes(t *testing.T) {
	content := noise(1, 500_000)
	for name, handle := range map[string]func(a *agent, f netcode.AssetFrame){
		"to who takes it": nil,
		"to who asks for the rest": func(a *agent, f netcode.AssetFrame) {
			if end := f.Header.Offset + f.Header.Length; end < f.Header.TotalLength {
				a.ask(f.Header.ID, end, min(1<<20, f.Header.TotalLength-end))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, engine.Config{}, func(r *rig) {
				bob := r.join(handle)
				id, err := r.place.AddAsset(bytes.NewReader(content))
				if err != nil {
					t.Fatal(err)
				}
				err = r.place.Do(func(t *engine.Turn) error { return t.PushAsset(bob.id, id) })
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(3 * time.Second)
				var got []byte
				for _, f := range bob.take() {
					if f.MID != netcode.AssetData || f.Header.Offset != uint64(len(got)) || f.Header.ID != id {
						t.Fatalf("got %s behind %d bytes", shows([]netcode.AssetFrame{f}), len(got))
					}
					got = append(got, f.Data...)
				}
				if !bytes.Equal(got, content) {
					t.Errorf("got %d bytes", len(got))
				}
				bob.fetches(id, content, "")
			})
		})
	}
}

func TestWhoAsksForWhatItIsPushedGetsItOnce(t *testing.T) {
	content := noise(1, 2<<20)
	inPlace(t, engine.Config{}, func(r *rig) {
		bob := r.plain()
		id, err := r.place.AddAsset(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.place.Do(func(t *engine.Turn) error { return t.PushAsset(bob.id, id) }); err != nil {
			t.Fatal(err)
		}
		bob.fetches(id, content, "")
	})
}

func TestPushOfWhatIsNotThere(t *testing.T) {
	inPlace(t, engine.Config{}, func(r *rig) {
		ann, bob := r.plain(), r.join(nil)
		push := func(agent, asset string) error {
			return r.place.Do(func(t *engine.Turn) error { return t.PushAsset(agent, asset) })
		}
		if err := push("nobody", netcode.AssetID(nil)); !errors.Is(err, engine.ErrNoAgent) {
			t.Errorf("to nobody: %v", err)
		}
		for _, asset := range []string{"", "door.glb", "asset:sha256:f00", "../x"} {
			if err := push(bob.id, asset); !errors.Is(err, assets.ErrNoFile) {
				t.Errorf("%q: %v", asset, err)
			}
		}
		if err := push(bob.id, netcode.AssetID(nil)); err != nil {
			t.Error(err)
		}
		soon()
		if !r.logs.has("an asset cannot be pushed") || len(bob.take()) > 0 {
			t.Error("nothing is logged of what nobody has")
		}
		content := noise(1, 1000)
		if err := push(bob.id, ann.PublishAsset(content)); err != nil {
			t.Error(err)
		}
		soon()
		if got := shows(bob.take()); got != "data 0+1000 of 1000" {
			t.Errorf("of what another has: %s", got)
		}
	})
}
