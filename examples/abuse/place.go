package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// served is a running `loci serve`.
type served struct {
	url   string
	dir   string // of its scripts
	cmd   *exec.Cmd
	log   lineLog
	ended chan struct{}
}

// serve serves a place of these files on a free port of loopback.
func serve(ctx context.Context, loci string, files map[string]string, flags []string) (_ *served, err error) {
	dir, err := os.MkdirTemp("", "abuse-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	args := append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)
	if len(files) > 0 {
		args = append(args, dir)
	}
	s := &served{dir: dir, cmd: exec.CommandContext(ctx, loci, args...), ended: make(chan struct{})}
	s.cmd.Stderr = &s.log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 5 * time.Second
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go func() {
		_ = s.cmd.Wait()
		close(s.ended)
	}()
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if err != nil || !ok {
		s.stop()
		return nil, fmt.Errorf("%s serve did not get ready: %s", loci, bytes.Join(s.log.take(), []byte("; ")))
	}
	s.url = strings.Replace(url, "localhost", "127.0.0.1", 1)
	return s, nil
}

func (s *served) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// stop ends the place and removes its files.
func (s *served) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	_ = os.RemoveAll(s.dir)
}

// peakMemory returns the most memory that the process had resident, in bytes; 0 where the
// system does not say.
func (s *served) peakMemory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// warnings returns the kinds of warnings and errors in the place's log.
func (s *served) warnings() (kinds []string) {
	for _, line := range s.log.take() {
		level, rest, _ := bytes.Cut(line, []byte("msg="))
		if bytes.Contains(level, []byte("level=WARN")) || bytes.Contains(level, []byte("level=ERROR")) {
			text, _, _ := bytes.Cut(rest, []byte("="))
			if i := bytes.LastIndexByte(text, ' '); i > 0 {
				text = text[:i]
			}
			if !slices.Contains(kinds, string(text)) {
				kinds = append(kinds, string(text))
			}
		}
	}
	return kinds
}

// lineLog keeps the last lines that were written to it.
type lineLog struct {
	mu   sync.Mutex
	rest []byte
	kept [][]byte
}

func (l *lineLog) Write(p []byte) (int, error) {
	const most = 2000
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.kept = append(l.kept, bytes.Clone(line[:min(len(line), 1000)]))
		l.kept = l.kept[max(0, len(l.kept)-most):]
		l.rest = bytes.Clone(rest)
	}
}

func (l *lineLog) take() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept)
}
