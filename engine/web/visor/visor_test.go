package visor

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// maxPage is how many bytes the page may take, gzipped, without fonts.
const maxPage = 350_000

// TestSources checks the visor's types and runs the tests of its parts.
func TestSources(t *testing.T) {
	for _, args := range [][]string{{"ci", "--no-progress", "--prefer-offline"}, {"run", "check"}, {"test"}} {
		if out, err := exec.CommandContext(t.Context(), "npm", args...).CombinedOutput(); err != nil {
			t.Fatalf("npm %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

func TestPageIsSmall(t *testing.T) {
	if !Built() {
		t.Skip("the visor is not built into the tests: make visor, as make test does")
	}
	files, total := Files(), 0
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Ext(name), ".woff") || name == "visor.html" {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var small bytes.Buffer
		w := gzip.NewWriter(&small)
		_, _ = w.Write(data)
		_ = w.Close()
		total += small.Len()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the page takes %d bytes gzipped", total)
	if total > maxPage {
		t.Errorf("the page takes %d bytes gzipped, at most %d are meant to", total, maxPage)
	}
}

func TestBuiltPageIsTheIndex(t *testing.T) {
	if !Built() {
		t.Skip("the visor is not built into the tests: make visor, as make test does")
	}
	page, err := fs.ReadFile(Files(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), `src="visor.js"`) {
		t.Errorf("index.html is %.100s…", page)
	}
}
