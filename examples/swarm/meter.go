package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// meter measures what two processes use: this one and the place.
type meter struct {
	start     time.Time
	serverPID int
	server    process
	own       time.Duration
}

// usage is what they used, in CPU seconds per second, and bytes of memory at the end.
type usage struct {
	seconds           float64
	serverCPU, ownCPU float64
	serverRSS         uint64
}

func startMeter(serverPID int) (*meter, error) {
	m := &meter{serverPID: serverPID}
	var err error
	if m.server, err = m.readServer(); err != nil {
		return nil, err
	}
	if m.own, err = ownCPU(); err != nil {
		return nil, err
	}
	m.start = time.Now()
	return m, nil
}

func (m *meter) stop(end time.Time) (usage, error) {
	server, err := m.readServer()
	if err != nil {
		return usage{}, err
	}
	own, err := ownCPU()
	seconds := end.Sub(m.start).Seconds()
	return usage{
		seconds:   seconds,
		serverCPU: (server.cpu - m.server.cpu).Seconds() / seconds,
		ownCPU:    (own - m.own).Seconds() / seconds,
		serverRSS: server.rss,
	}, err
}

// process is what the kernel says of a process.
type process struct {
	cpu time.Duration // user and system, all threads, since it began
	rss uint64        // bytes
}

func (m *meter) readServer() (process, error) {
	if m.serverPID == 0 {
		return process{}, nil
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.serverPID))
	if err != nil {
		return process{}, fmt.Errorf("--server-pid %d: %w", m.serverPID, err)
	}
	return parseStat(string(stat))
}

// clockTick is the unit of times in /proc: 100 a second on every Linux that Go
// runs on.
const clockTick = time.Second / 100

// parseStat reads /proc/PID/stat, see proc_pid_stat(5). The name in it, in
// parentheses, may itself contain spaces and parentheses.
func parseStat(stat string) (process, error) {
	_, rest, _ := cutLast(stat, ")")
	fields := strings.Fields(rest) // from the third on, "state"
	if len(fields) < 22 {
		return process{}, fmt.Errorf("malformed /proc stat %q", stat)
	}
	var p process
	for _, field := range fields[11:13] { // utime and stime
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return process{}, fmt.Errorf("malformed /proc stat %q: %w", stat, err)
		}
		p.cpu += time.Duration(ticks) * clockTick
	}
	pages, err := strconv.ParseUint(fields[21], 10, 64)
	if err != nil {
		return process{}, fmt.Errorf("malformed /proc stat %q: %w", stat, err)
	}
	p.rss = pages * uint64(os.Getpagesize())
	return p, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func ownCPU() (time.Duration, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0, fmt.Errorf("own CPU time: %w", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), nil
}
