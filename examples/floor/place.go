package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// socketBuffer is what place and bare loop ask the kernel for in each direction,
// in bytes.
const socketBuffer = 4 << 20

// opened is the first answer of the place and of the bare loop.
type opened struct {
	Addr netip.AddrPort
}

// used is a reading of what the place has used so far.
type used struct {
	CPU time.Duration // user and system, of all its threads
	At  time.Duration // since it began
}

// playPlace serves a place.
func playPlace(p *parent) error {
	var part struct{}
	if err := p.part(&part); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	transport, err := enet.New(enet.Config{
		Listen: "127.0.0.1:0",
		Limits: enet.Limits{SocketBuffer: socketBuffer},
		Logger: log,
	})
	if err != nil {
		return err
	}
	place, err := engine.New(engine.Config{Name: "floor", Transports: []netcode.Transport{transport}, Logger: log})
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- place.Serve(context.Background()) }()
	began := time.Now()
	err = p.answer(opened{transport.Addr()})
	if err == nil {
		err = p.serve(func() any { return used{ownCPU(), time.Since(began)} })
	}
	return errors.Join(err, place.Close(), <-served)
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(fmt.Sprintf("getrusage of oneself cannot fail: %v", err))
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
