package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

// abused is the content of an asset of the place's.
var abused = []byte(strings.Repeat("loci", 2<<20))

var hashOfAbused = sync.OnceValue(func() netcode.AssetHash { return sha256.Sum256(abused) })

// abuses are what one agent does as fast as it can.
var abuses = map[string]func(a *netcode.Client, place string) error{
	"interactions": func(a *netcode.Client, _ string) error { return a.Send(a.Avatar(), "wave") },
	"requests":     func(a *netcode.Client, _ string) error { return abuse(a, "list_agents") },
	"spawns": func(a *netcode.Client, _ string) error {
		return abuse(a, "spawn_entity", map[string]any{"text": map[string]any{"string": strings.Repeat("x", 200)}})
	},
	"publications": func(a *netcode.Client, _ string) error { return a.Publish("news", 1) },
	"subscriptions": func(a *netcode.Client, _ string) error {
		return abuse(a, "subscribe", `["news", N] when N + 1 > 2 and contains("abc", "b")`)
	},
	"rules": func(a *netcode.Client, _ string) error {
		return abuse(a, "change_acl", "add", []any{[]any{"allow", `["news", N] when N + 1 > 2 and contains("abc", "b")`}})
	},
	"media": func(a *netcode.Client, _ string) error { return a.SendMedia(1, make([]byte, 1000)) },
	"assets": func(a *netcode.Client, _ string) error {
		return abuseAsset(a, hashOfAbused(), uint64(rand.IntN(len(abused))))
	},
	"searches": func(a *netcode.Client, _ string) error {
		return abuseAsset(a, sha256.Sum256(strconv.AppendUint(nil, rand.Uint64(), 10)), 0)
	},
	"connects": func(_ *netcode.Client, place string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if c, err := netcode.Dial(ctx, place, netcode.ClientConfig{Mode: netcode.AcknowledgeOnly}); err == nil {
			_ = c.Close()
		}
		return nil
	},
}

// abuse asks without waiting for the answer.
func abuse(a *netcode.Client, body ...any) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = a.Request(ctx, PlaceID, body...)
	return a.Err()
}

func abuseAsset(a *netcode.Client, hash netcode.AssetHash, offset uint64) error {
	return a.SendAsset(netcode.AssetFrame{MID: netcode.AssetRequest, Header: netcode.AssetHeader{
		ID: hash.ID(), Offset: offset, Length: 1 << 20,
	}})
}

// The variables of the process that is an abuser.
const (
	abuseVariable = "LOCI_TEST_ABUSE"
	placeVariable = "LOCI_TEST_ABUSED_PLACE"
	forVariable   = "LOCI_TEST_ABUSE_FOR"
)

// startAbuse has a process of its own abuse a place, which has what the others leave of the
// machine: what abuse costs the abuser is not what it costs them. It gives how many times
// it did in the end.
func startAbuse(t *testing.T, name, place string, lasts time.Duration) (acts string) {
	t.Helper()
	cmd := exec.Command("nice", "-n", "19", os.Args[0], "-test.run=^TestAbuser$")
	cmd.Env = append(os.Environ(), abuseVariable+"="+name, placeVariable+"="+place, forVariable+"="+lasts.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	acts, _, _ = strings.Cut(string(out), "\n")
	return acts
}

// TestAbuser is not a test but the abuser of [TestOneAbuserCostsOthersLittle]. It acts up to
// 25,000 times a second, a hundred times what an agent may, and comes again where it is
// sent away. It does not do more because it shares the cores of one machine with the place
// and its victims.
func TestAbuser(t *testing.T) {
	act, place := abuses[os.Getenv(abuseVariable)], os.Getenv(placeVariable)
	if act == nil {
		t.Skip("nobody is to be abused")
	}
	lasts, err := time.ParseDuration(os.Getenv(forVariable))
	if err != nil {
		t.Fatal(err)
	}
	var abuser *netcode.Client
	acts, came := 0, 0
	for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if abuser == nil || abuser.Err() != nil {
			a, err := netcode.Dial(t.Context(), place, netcode.ClientConfig{Mode: netcode.AcknowledgeOnly})
			if err != nil {
				continue
			}
			defer a.Close()
			_, _ = a.Request(t.Context(), PlaceID, "allocate_track", "audio", "opus", map[string]any{})
			abuser = a
			came++
		}
		for range 50 {
			if act(abuser, place) != nil || time.Now().After(end) {
				break
			}
			acts++
		}
	}
	fmt.Printf("%d times over %d connections\n", acts, came)
}
