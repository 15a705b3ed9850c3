package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/loci-place/loci/netcode"
)

// placeDir makes a place's directory of files by their paths.
func placeDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestScriptsNameThePlaceUnlessAFlagDoes(t *testing.T) {
	dir := placeDir(t, map[string]string{"place.lua": `place.name = "Lobby"`})
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"scripts":                  {want: "Lobby"},
		"flag over scripts":        {args: []string{"--name", "Attic"}, want: "Attic"},
		"environment over scripts": {env: []string{"ALLOPLACE_NAME=Cellar"}, want: "Cellar"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.env, append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, c.args...)...)
			if got := join(t, s.url, netcode.ClientConfig{}).PlaceName(); got != c.want {
				t.Errorf("the place is called %q, want %q", got, c.want)
			}
			s.stop(t, syscall.SIGTERM)
		})
	}
}

func TestScriptsThatDoNotLoadAreOneLineAndExitCode1(t *testing.T) {
	for name, c := range map[string]struct {
		dir  string
		says string
	}{
		"no directory":        {filepath.Join(t.TempDir(), "attic"), "attic"},
		"a file":              {filepath.Join(placeDir(t, map[string]string{"place.lua": ""}), "place.lua"), "not a directory"},
		"syntax error":        {placeDir(t, map[string]string{"place.lua": "\nplace.name ="}), "place.lua:2: syntax error"},
		"error at load":       {placeDir(t, map[string]string{"place.lua": "\nplace.nam = 1"}), "place.lua:2: place.nam cannot be set"},
		"broken component":    {placeDir(t, map[string]string{"components/door.lua": "return 1"}), "components/door.lua:1: "},
		"a bad settings file": {placeDir(t, map[string]string{"acl.lua": "\ndefault 'perhaps'"}), "acl.lua:2: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, nil, "serve", c.dir, "--listen", "127.0.0.1:0")
			if got.code != 1 || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 1 and none", got.code, got.stdout)
			}
			if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, c.says) {
				t.Errorf("stderr %q, want one line that has %q", got.stderr, c.says)
			}
		})
	}
}

func TestSavedScriptsRunUnlessReloadingIsOff(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"reload":    {nil, "Attic"},
		"no reload": {[]string{"--no-reload"}, "Lobby"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := placeDir(t, map[string]string{"place.lua": `place.name = "Lobby"`})
			s := start(t, nil, append([]string{"serve", dir, "--listen", "127.0.0.1:0"}, c.args...)...)
			s.log.await(t, "scripts run")
			if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte(`place.name = "Attic"`), 0o644); err != nil {
				t.Fatal(err)
			}
			if c.want == "Attic" {
				s.log.await(t, "scripts reloaded")
			}
			if got := join(t, s.url, netcode.ClientConfig{}).PlaceName(); got != c.want {
				t.Errorf("the place is called %q, want %q", got, c.want)
			}
			s.stop(t, syscall.SIGTERM)
		})
	}
}
