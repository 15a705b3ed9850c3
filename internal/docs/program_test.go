package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFrontPageProgramCompiles builds the one Go program of the front page as a reader who
// copies it would. Its Lua is run by the tests of package scripts.
func TestFrontPageProgramCompiles(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "```go\n")
	program, rest, ok := strings.Cut(after, "```\n")
	if !ok || strings.Contains(rest, "```go") {
		t.Fatal("there is not one block of Go")
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", os.DevNull, file)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
