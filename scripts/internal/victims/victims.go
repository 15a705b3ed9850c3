// Package victims runs tests' hostile scripts, each in a process of its own, so that one
// that kills or hangs its process is found out.
package victims

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// victim names the script that a child of the test runs; secret is what none may print.
const (
	victim = "LOCI_TEST_VICTIM"
	secret = "LOCI_TEST_SECRET"
)

// Least is how many scripts there must be.
const Least = 40

// Run attacks with each of testdata/hostile, in a child that runs the very test which
// calls this: there, attack is called, and reports the longest that something took. No
// child may die, take longer, or tell a secret; check looks at what else it wrote.
func Run(t *testing.T, most time.Duration, attack func(script string) (longest time.Duration), check func(t *testing.T, output string)) {
	if script := os.Getenv(victim); script != "" {
		fmt.Printf("longest: %d\n", attack(script))
		return
	}
	scripts, err := filepath.Glob("testdata/hostile/*.lua")
	if err != nil || len(scripts) < Least {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	name := t.Name()
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".lua"), func(t *testing.T) {
			output, took := child(t, name, script)
			if strings.Contains(output, "password-1234") || strings.Contains(output, "root:") {
				t.Errorf("told a secret: %.500s", output)
			}
			if took > most {
				t.Errorf("took %v", took)
			}
			check(t, output)
		})
	}
}

func child(t *testing.T, test, script string) (output string, longest time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	// The race detector waits a second at the end of a process otherwise.
	cmd.Env = append(os.Environ(), victim+"="+script, secret+"=password-1234", "GORACE=atexit_sleep_ms=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("the process died: %v\n%.3000s", err, &out)
	}
	const report = "longest: "
	output = out.String()
	at := strings.LastIndex(output, report) // scripts may print the same, earlier
	if at < 0 {
		t.Fatalf("no report: %.2000s", output)
	}
	took, _, _ := strings.Cut(output[at+len(report):], "\n")
	ns, err := strconv.ParseInt(took, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return output, time.Duration(ns)
}
