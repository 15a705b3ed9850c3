package world_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoCBelowTheWorld keeps C out of what needs none: these build with CGO_ENABLED=0.
func TestNoCBelowTheWorld(t *testing.T) {
	const format = `{{if and .CgoFiles (not .Standard)}}{{.ImportPath}}{{end}}`
	cmd := exec.Command("go", "list", "-deps", "-f", format, "./engine/world", "./engine/sim", "./engine/view", "./acl", "./netcode", "./netcode/pipe", "./netcode/direct")
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if with := strings.Fields(string(out)); len(with) > 0 {
		t.Errorf("packages with C: %v", with)
	}
}
