package lobby_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// The quiet room once more, over a network and on the clock.
func TestVoicesDoNotLeaveTheQuietRoomOverENet(t *testing.T) {
	rt := runtime(t)
	place, err := engine.New(engine.Config{Listen: "127.0.0.1:0", Behaviour: rt, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	served := make(chan error, 1)
	go func() { served <- place.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		rt.Wait()
	}()

	heard := make(chan struct{}, 1000)
	ann := dial(ctx, t, place, "ann", nil)
	bob := dial(ctx, t, place, "bob", func(uint32, []byte) { heard <- struct{}{} })
	ask := func(c *client.Client, body ...any) []any {
		t.Helper()
		answer, err := c.Request(ctx, "place", body...)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	track := ask(ann, "allocate_track", "audio", "opus", map[string]any{})[2]
	ask(bob, "media_track", track, "subscribe")
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	// listen speaks until it is heard, or has not been for half a second.
	listen := func(want bool) {
		t.Helper()
		silent := 0
		for {
			select {
			case <-heard:
				if want {
					return
				}
				silent = 0
			case <-ticker.C:
				if silent++; !want && silent == 25 {
					return
				}
				if err := ann.SendMedia(uint32(track.(float64)), []byte(opusSilence)); err != nil {
					t.Fatal(err)
				}
			case <-ctx.Done():
				t.Fatalf("waited in vain for heard = %v", want)
			}
		}
	}
	walk := func(x, z float64, to string) {
		t.Helper()
		at := netcode.Identity
		at[12], at[14] = x, z
		ask(ann, "change_components", ann.Avatar(), "add_or_change", map[string]any{"transform": map[string]any{"matrix": at}})
		for !reflect.DeepEqual(ask(ann, "where"), []any{"where", "ok", to}) {
			<-ticker.C
		}
	}
	listen(true)
	walk(3, -4, "quiet room")
	listen(false)
	walk(0, 0, "hall")
	listen(true)
}

func dial(ctx context.Context, t *testing.T, place *engine.Place, name string, hears func(uint32, []byte)) *client.Client {
	t.Helper()
	c, err := client.Dial(ctx, "alloplace://"+place.Addr().String(), client.Config{
		Identity: map[string]any{"display_name": name}, OnMedia: hears,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
