// Package js has the tests of the JavaScript client run with all others.
package js

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxBundle is how many bytes the client may take in a web page, minified and gzipped.
const maxBundle = 25_000

// TestClient checks, builds and tests the package with npm, against a real place.
func TestClient(t *testing.T) {
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatal("npm is missing: make deps installs it")
	}
	loci := filepath.Join(t.TempDir(), "loci")
	run(t, "go", "build", "-o", loci, "../..")
	run(t, "npm", "ci", "--no-progress")
	run(t, "npm", "run", "check")
	t.Setenv("LOCI", loci)
	run(t, "npm", "test")

	t.Run("bundle", func(t *testing.T) {
		run(t, "npm", "run", "bundle")
		bundle, err := os.ReadFile("bundle/loci.js")
		if err != nil {
			t.Fatal(err)
		}
		var small bytes.Buffer
		w, _ := gzip.NewWriterLevel(&small, gzip.BestCompression)
		_, _ = w.Write(bundle)
		_ = w.Close()
		t.Logf("the client takes %d bytes gzipped", small.Len())
		if small.Len() > maxBundle {
			t.Errorf("the client takes %d bytes gzipped, at most %d are meant to", small.Len(), maxBundle)
		}
	})

	t.Run("package", func(t *testing.T) { testPackage(t) })
}

// testPackage packs the package and has a strict TypeScript project use its types.
func testPackage(t *testing.T) {
	dir := t.TempDir()
	run(t, "npm", "pack", "--pack-destination", dir)
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		t.Fatalf("npm pack made %q, error %v", packed, err)
	}
	module := filepath.Join(dir, "node_modules", "@loci-place", "client")
	if err := os.MkdirAll(module, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "tar", "-xzf", packed[0], "-C", module, "--strip-components", "1")
	write(t, filepath.Join(dir, "tsconfig.json"), `{"compilerOptions": {
		"strict": true, "noUncheckedIndexedAccess": true, "exactOptionalPropertyTypes": true, "noEmit": true, "types": [],
		"target": "ES2022", "lib": ["ES2023", "DOM"], "module": "NodeNext", "moduleResolution": "NodeNext"}, "files": ["use.mts"]}`)
	write(t, filepath.Join(dir, "use.mts"), `
		import { join, storedKey, type Place, type Entity, type JsonObject } from "@loci-place/client";
		const place: Place = await join("http://localhost:8080", { identity: { display_name: "ann" }, key: await storedKey() });
		place.document.onComponent("text", (entity: Entity, value: JsonObject | undefined) => console.log(entity.id, value));
		place.intent.z = -1;
		// @ts-expect-error: no such event
		place.on("nonsense", () => undefined);`)
	run(t, "node_modules/.bin/tsc", "-p", dir)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
