package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/loci-place/loci/internal/await"
)

// server is a running `loci serve`.
type server struct {
	cmd    *exec.Cmd
	ready  string // the first line on stdout, with its end
	url    string // from that line
	stdout *bufio.Reader
	log    serverLog
}

// start runs loci and waits for its ready line.
func start(t testing.TB, env []string, args ...string) *server {
	t.Helper()
	s := &server{cmd: command(t, env, args...)}
	s.cmd.Stderr = &s.log
	pipe, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.stdout = bufio.NewReader(pipe)
	s.ready, err = s.stdout.ReadString('\n')
	if err != nil {
		s.cmd.Wait()
		t.Fatalf("no ready line: %v, stderr:\n%s", err, s.log.String())
	}
	url, ok := strings.CutPrefix(s.ready, "ready ")
	if !ok {
		t.Fatalf("stdout begins with %q, want a ready line", s.ready)
	}
	s.url = strings.TrimSuffix(url, "\n")
	return s
}

// signal sends a signal.
func (s *server) signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// wait waits for the end.
func (s *server) wait(t testing.TB) outcome {
	t.Helper()
	rest, err := io.ReadAll(s.stdout)
	if err != nil {
		t.Fatal(err)
	}
	err = s.cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return outcome{s.cmd.ProcessState.ExitCode(), s.ready + string(rest), s.log.String()}
}

// stop sends a signal and waits for the end.
func (s *server) stop(t testing.TB, sig os.Signal) outcome {
	t.Helper()
	s.signal(t, sig)
	return s.wait(t)
}

// serverLog collects what a server writes to stderr.
type serverLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the log contains text.
func (l *serverLog) await(t testing.TB, text string) {
	t.Helper()
	await.Until(t, fmt.Sprintf("the log says %q", text), func() bool { return strings.Contains(l.String(), text) })
}
