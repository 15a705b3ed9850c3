package js

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// place starts the loci command, and returns where web pages and where other agents join.
func place(t *testing.T) (web, enet string) {
	t.Helper()
	loci := filepath.Join(t.TempDir(), "loci")
	run(t, "go", "build", "-o", loci, "../..")
	_, log := start(t, ".", loci, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--web", "127.0.0.1:0")
	web = await(t, log, `walk in at (http://[^/"]+)`)
	enet = await(t, log, `url=(alloplace://\S+)`)
	go func() {
		for range log { //nolint:revive // what it says later must not block it
		}
	}()
	return web, enet
}

// start runs a program until the test ends, and returns the lines that it writes.
func start(t *testing.T, dir, name string, args ...string) (*exec.Cmd, <-chan string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = r.Close()
	})
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return cmd, lines
}

// await returns what the group of a pattern matches in the first line that matches it.
func await(t *testing.T, lines <-chan string, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	var all []string
	for deadline := time.After(20 * time.Second); ; {
		select {
		case line, ok := <-lines:
			all = append(all, line)
			if m := want.FindStringSubmatch(line); m != nil {
				return m[1]
			}
			if !ok {
				t.Fatalf("it ended without %q:\n%s", pattern, strings.Join(all, "\n"))
			}
		case <-deadline:
			t.Fatalf("no %q in:\n%s", pattern, strings.Join(all, "\n"))
		}
	}
}

func TestBotInJavaScript(t *testing.T) {
	web, enet := place(t)
	run(t, "npm", "ci", "--no-progress")
	run(t, "npm", "run", "build")
	bot := filepath.Join("..", "..", "examples", "bot-js")
	run(t, "npm", "install", "--prefix", bot, "--no-package-lock", "--no-progress")

	heard := make(chan string, 100)
	agent, err := client.Dial(t.Context(), enet, client.Config{Handle: func(_ *client.Client, i netcode.Interaction) {
		heard <- string(i.Body)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = agent.Close() }()
	if _, err := agent.Request(t.Context(), "place", "subscribe", `["chat", _]`); err != nil {
		t.Fatal(err)
	}

	_, log := start(t, bot, "node", "bot.js", web)
	await(t, log, "in (.*)")
	ticker := time.NewTicker(100 * time.Millisecond) // until the bot has subscribed
	defer ticker.Stop()
	for deadline, said := time.After(20*time.Second), 0; ; {
		select {
		case <-ticker.C:
			if err := agent.Publish("chat", "hello parrot"); err != nil {
				t.Fatal(err)
			}
			said++
		case body := <-heard:
			var chat []string
			if json.Unmarshal([]byte(body), &chat) == nil && len(chat) == 2 && chat[1] == "hello parrot" {
				return
			}
			t.Errorf("the parrot says %s", body)
		case <-deadline:
			t.Fatalf("the parrot is silent, after %d hellos", said)
		}
	}
}

func TestBotInPython(t *testing.T) {
	python := ""
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import websockets").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("there is no Python with websockets here")
	}
	web, enet := place(t)
	agent, err := client.Dial(t.Context(), enet, client.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = agent.Close() }()
	_, log := start(t, ".", python, filepath.Join("..", "..", "examples", "bot-python", "bot.py"), web)
	avatar := await(t, log, `response from place \['announce', '(\w+)'`)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := agent.WaitFor(ctx, func(d *netcode.Document) bool {
		transform, _ := d.Component(avatar, "transform")
		matrix, _ := transform["matrix"].([]any)
		if len(matrix) != 16 {
			return false
		}
		z, _ := matrix[14].(float64)
		return z < -1
	}); err != nil {
		t.Errorf("the bot has not walked a metre: %v", err)
	}
}
