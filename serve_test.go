package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// busyPort returns a UDP port that is taken on every interface until the test
// ends.
func busyPort(t testing.TB) int {
	t.Helper()
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().(*net.UDPAddr).Port
}

func TestReadyIsTheOnlyLineOnStdout(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	got := s.stop(t, syscall.SIGTERM)
	if !regexp.MustCompile(`^ready alloplace://127\.0\.0\.1:[1-9]\d*\n$`).MatchString(got.stdout) {
		t.Errorf("stdout is %q, want one ready line with the real port", got.stdout)
	}
}

func TestSignalEndsThePlaceWithExitCode0(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
			if got := s.stop(t, sig); got.code != 0 {
				t.Errorf("exit code %d, want 0; stderr:\n%s", got.code, got.stderr)
			}
		})
	}
}

func TestPublicHostStandsInTheReadyLine(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"every interface is shown as localhost": {
			args: []string{"--listen", "0.0.0.0:0"}, want: "alloplace://localhost:",
		},
		"flag": {
			args: []string{"--listen", "127.0.0.1:0", "--public-host", "attic.example"}, want: "alloplace://attic.example:",
		},
		"environment": {
			env:  []string{"ALLOPLACE_HOST=attic.example", "ALLOPLACE_PORT=0"},
			want: "alloplace://attic.example:",
		},
		"flag over environment": {
			env:  []string{"ALLOPLACE_HOST=cellar.example"},
			args: []string{"--listen", "127.0.0.1:0", "--public-host", "attic.example"}, want: "alloplace://attic.example:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.env, append([]string{"serve"}, c.args...)...)
			s.stop(t, syscall.SIGTERM)
			if !strings.HasPrefix(s.url, c.want) {
				t.Errorf("ready at %s, want %s…", s.url, c.want)
			}
		})
	}
}

func TestImpossibleAddressIsOneLineAndExitCode1(t *testing.T) {
	busy := busyPort(t)
	for name, c := range map[string]struct {
		env  []string
		args []string
		says string
	}{
		"busy port":                       {args: []string{"serve", "--listen", fmt.Sprint("127.0.0.1:", busy)}, says: fmt.Sprint("127.0.0.1:", busy)},
		"busy port from the environment":  {env: []string{fmt.Sprint("ALLOPLACE_PORT=", busy)}, args: []string{"serve"}, says: fmt.Sprint("0.0.0.0:", busy)},
		"busy port without a command":     {env: []string{fmt.Sprint("ALLOPLACE_PORT=", busy)}, says: fmt.Sprint("0.0.0.0:", busy)},
		"address of another machine":      {args: []string{"serve", "--listen", "192.0.2.1:0"}, says: "192.0.2.1"},
		"address of the other IP version": {args: []string{"serve", "--listen", "[::1]:0"}, says: "::1"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, c.env, c.args...)
			if got.code != 1 || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 1 and none", got.code, got.stdout)
			}
			if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, c.says) {
				t.Errorf("stderr %q, want one line that has %s", got.stderr, c.says)
			}
		})
	}
}

func TestListenFlagOverridesPortOfEnvironment(t *testing.T) {
	for name, port := range map[string]string{
		"busy":     fmt.Sprint(busyPort(t)),
		"nonsense": "http",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, []string{"ALLOPLACE_PORT=" + port}, "serve", "--listen", "127.0.0.1:0")
			if got := s.stop(t, syscall.SIGTERM); got.code != 0 {
				t.Errorf("exit code %d, want 0", got.code)
			}
		})
	}
}

func TestJSONLogIsOneObjectALine(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "debug")
	got := s.stop(t, syscall.SIGTERM)
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	var closing bool
	for _, line := range lines {
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			t.Errorf("%q lacks a time, a level or a message", line)
		}
		closing = closing || entry.Msg == "closing"
	}
	if !closing {
		t.Errorf("no line says that the place is closing:\n%s", got.stderr)
	}
}

func TestLogLevelKeepsLowerLinesBack(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0", "--log-level", "error")
	if got := s.stop(t, syscall.SIGTERM); got.stderr != "" {
		t.Errorf("stderr is %q, want none", got.stderr)
	}
}

// join joins a running place.
func join(t testing.TB, url string, cfg client.Config) *client.Client {
	t.Helper()
	ctx := await.Context(t)
	c, err := client.Dial(ctx, url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestAgentsAreToldTheNameOfThePlace(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"default":               {want: "Unnamed place"},
		"flag":                  {args: []string{"--name", "Attic"}, want: "Attic"},
		"environment":           {env: []string{"ALLOPLACE_NAME=Cellar"}, want: "Cellar"},
		"flag over environment": {env: []string{"ALLOPLACE_NAME=Cellar"}, args: []string{"--name", "Attic"}, want: "Attic"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, c.env, append([]string{"serve", "--listen", "127.0.0.1:0"}, c.args...)...)
			if got := join(t, s.url, client.Config{}).PlaceName(); got != c.want {
				t.Errorf("the place is called %q, want %q", got, c.want)
			}
			s.stop(t, syscall.SIGTERM)
		})
	}
}

func TestSignalTellsAgentsThatThePlaceCloses(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	agent := join(t, s.url, client.Config{})
	if got := s.stop(t, syscall.SIGTERM); got.code != 0 {
		t.Errorf("exit code %d, want 0", got.code)
	}
	<-agent.Done()
	reason, ok := errors.AsType[*client.DisconnectError](agent.Err())
	if !ok || reason.Code != netcode.CodePlaceClosed {
		t.Errorf("the agent was disconnected with %v, want code %d", agent.Err(), netcode.CodePlaceClosed)
	}
}

func TestSecondSignalEndsAWaitingPlace(t *testing.T) {
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	mute, muted, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var once sync.Once
	// While Observe runs, the agent's transport acknowledges nothing.
	join(t, s.url, client.Config{Observe: func(client.StateHeader) {
		select {
		case <-mute:
			once.Do(func() { close(muted); <-done })
		default:
		}
	}})
	t.Cleanup(func() { close(done) })
	close(mute)
	<-muted
	s.signal(t, syscall.SIGTERM)
	s.log.await(t, "closing")
	s.signal(t, syscall.SIGTERM)
	s.wait(t)
	status := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("the process ended with %v, want by the second signal", s.cmd.ProcessState)
	}
}
