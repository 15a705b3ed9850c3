package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// fetches expects an agent to get an asset.
func fetches(t *testing.T, c *client.Client, id string, want []byte) {
	t.Helper()
	ctx := await.Context(t)
	start := time.Now()
	got, err := c.FetchAsset(ctx, id, "")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes, want %d: %v", len(got), len(want), err)
	}
	t.Logf("%d MB in %v", len(want)>>20, time.Since(start))
}

// TestAssetsSurviveTheirAgentsAndThePlace has two agents exchange 30 MB both ways, and
// a third get both after those have left and the place was killed.
func TestAssetsSurviveTheirAgentsAndThePlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", dir}
	s := start(t, nil, args...)
	ann, bob := join(t, s.url, client.Config{}), join(t, s.url, client.Config{})
	var contents [2][]byte
	for i := range contents {
		contents[i] = make([]byte, 30<<20)
		_, _ = io.ReadFull(rand.NewChaCha8([32]byte{byte(i)}), contents[i])
	}
	fetches(t, bob, ann.PublishAsset(contents[0]), contents[0])
	fetches(t, ann, bob.PublishAsset(contents[1]), contents[1])
	ann.Close()
	bob.Close()
	s.stop(t, syscall.SIGKILL)

	s = start(t, nil, args...)
	third := join(t, s.url, client.Config{})
	for _, content := range contents {
		fetches(t, third, netcode.AssetID(content), content)
	}
	s.stop(t, syscall.SIGTERM)

	s = start(t, nil, append(args, "--asset-cache", "40000000")...)
	defer s.stop(t, syscall.SIGTERM)
	files, err := os.ReadDir(filepath.Join(dir, "assets"))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files are left in a cache with room for one, %v", len(files), err)
	}
}

func TestPlaceThatCannotKeepItsDataDoesNotOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got := run(t, nil, "serve", "--listen", "127.0.0.1:0", "--data", file)
	if got.code != exitFailure || got.stdout != "" {
		t.Errorf("exit code %d, %q", got.code, got.stderr)
	}
}
