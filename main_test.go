package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// loci is the command under test, built once for all of them.
var loci string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "loci")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		loci = filepath.Join(dir, "loci")
		build := exec.Command("go", "build", "-buildvcs=false", fmt.Sprint("-race=", raceEnabled()), "-o", loci, ".")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// raceEnabled reports whether the tests run under the race detector; the command
// they start then does too.
func raceEnabled() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// command prepares loci with the given arguments and, of the ALLOPLACE_
// variables, only those in env.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), loci, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ALLOPLACE_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "GORACE=atexit_sleep_ms=0") // it would sleep a second else
	cmd.Env = append(cmd.Env, env...)
	cmd.WaitDelay = time.Second
	return cmd
}

// outcome is what is left of a command that has ended.
type outcome struct {
	code           int
	stdout, stderr string
}

// run runs loci to its end.
func run(t testing.TB, env []string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := command(t, env, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestHelpGoesToStdoutAndSucceeds(t *testing.T) {
	got := run(t, nil, "serve", "--help")
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d, stderr %q; want 0 and none", got.code, got.stderr)
	}
	for _, flag := range []string{
		"--listen HOST:PORT", "--name NAME", "--hz N", "--public-host HOST", "--data DIR", "--linger TIME", "--asset-cache SIZE", "--memory SIZE", "--http ADDR",
		"--log-level debug|info|warn|error", "--log-format text|json",
	} {
		if !strings.Contains(got.stdout, flag) {
			t.Errorf("help does not show %q:\n%s", flag, got.stdout)
		}
	}
}

func TestVersionIsOneLine(t *testing.T) {
	got := run(t, nil, "version")
	if got.code != 0 || !strings.HasPrefix(got.stdout, "loci ") || strings.Count(got.stdout, "\n") != 1 {
		t.Errorf("exit code %d, stdout %q; want 0 and one line", got.code, got.stdout)
	}
}

func TestMisuseIsOneLineAndExitCode2(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		args []string
		says string
	}{
		"unknown flag":                  {args: []string{"serve", "--colour"}, says: "--colour"},
		"unknown command":               {args: []string{"sreve"}, says: `"sreve"`},
		"two directories":               {args: []string{"serve", "attic", "cellar"}, says: `"cellar"`},
		"test without directory":        {args: []string{"test"}, says: "which directory?"},
		"check without directory":       {args: []string{"check"}, says: "which directory?"},
		"new without directory":         {args: []string{"new"}, says: "which directory?"},
		"tests of no pattern":           {args: []string{"test", "attic", "--run", "("}, says: "--run"},
		"directory without name":        {args: []string{"serve", ""}, says: "name is empty"},
		"argument to version":           {args: []string{"version", "2"}, says: `"2"`},
		"no address":                    {args: []string{"serve", "--listen", ""}, says: "want HOST:PORT"},
		"no port":                       {args: []string{"serve", "--listen", "127.0.0.1"}, says: "127.0.0.1"},
		"port beyond the last":          {args: []string{"serve", "--listen", "127.0.0.1:65536"}, says: "65536"},
		"rate of words":                 {args: []string{"serve", "--hz", "fast"}, says: "--hz"},
		"rate of zero":                  {args: []string{"serve", "--hz", "0"}, says: "--hz is 0"},
		"rate that is no number":        {args: []string{"serve", "--hz", "NaN"}, says: "--hz is NaN"},
		"to wait for less than no time": {args: []string{"serve", "--linger", "-1s"}, says: "--linger is -1s"},
		"less memory than none":         {args: []string{"serve", "--memory", "-1"}, says: "--memory is -1"},
		"rate beyond the limit":         {args: []string{"serve", "--hz", "1e6"}, says: "want 1 to 240"},
		"unknown log level":             {args: []string{"serve", "--log-level", "loud"}, says: "debug, info, warn, error"},
		"unknown log format":            {args: []string{"serve", "--log-format", "xml"}, says: "text, json"},
		"public host with port":         {args: []string{"serve", "--public-host", "example.org:1"}, says: `"example.org:1"`},
		"public host of two lines":      {env: []string{"ALLOPLACE_HOST=a\nb"}, says: `"a\nb"`},
		"port of words":                 {env: []string{"ALLOPLACE_PORT=http"}, says: `ALLOPLACE_PORT is "http"`},
		"web without port":              {args: []string{"serve", "--web", "localhost"}, says: "--web"},
		"web UDP without port":          {args: []string{"serve", "--web-udp", "localhost"}, says: "--web-udp"},
		"origin that is none":           {args: []string{"serve", "--allow-origin", "example.org"}, says: "--allow-origin"},
		"certificate without key":       {args: []string{"serve", "--tls-cert", "cert.pem"}, says: "--tls-key"},
		"HTTPS host and nowhere to be":  {args: []string{"serve", "--https-host", "example.org"}, says: "--data"},
		"HTTPS host with certificate":   {args: []string{"serve", "--https-host", "a.example", "--tls-cert", "a", "--tls-key", "b"}, says: "one of both"},
		"proxy that is none":            {args: []string{"serve", "--trusted-proxy", "proxy.example"}, says: "--trusted-proxy"},
		"apps from nowhere":             {args: []string{"serve", "--apps", "http://a"}, says: `"http://a"`},
		"gateway without apps":          {args: []string{"gateway"}, says: "--app NAME"},
		"app with half a quote":         {args: []string{"gateway", "--app", "a='b"}, says: "--app a"},
		"one app twice":                 {args: []string{"gateway", "--app", "a=b", "--app", "a=c"}, says: "twice"},
		"no launches at all":            {args: []string{"gateway", "--app", "a=b", "--rate", "0"}, says: "--rate"},
		"port that does not exist":      {env: []string{"ALLOPLACE_PORT=65536"}, says: `ALLOPLACE_PORT is "65536"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, c.env, c.args...)
			if got.code != 2 || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 2 and none", got.code, got.stdout)
			}
			if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, c.says) {
				t.Errorf("stderr %q, want one line that has %s", got.stderr, c.says)
			}
		})
	}
}
