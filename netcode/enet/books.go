package enet

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/loci-place/loci/netcode"
)

// DropCounts is what the guards of a [Transport] dropped, by reason. The
// first group counts datagrams, the second connections that were ended, the third
// packets.
type DropCounts struct {
	Source          uint64 // from port 0, or an address that nobody has
	Malformed       uint64 // not ENet's protocol, or more than ENet puts into one
	Stray           uint64 // from somebody who is not connected, or no longer
	Fragment        uint64 // a fragment that fits no packet, or one over MaxPacket
	Control         uint64 // a goodbye, ping or setting whose number is not the connection's next: forged
	CommandRate     uint64 // CommandRate
	ConnectRate     uint64 // a connect over ConnectRate and ConnectBurst
	Pressure        uint64 // a connect that had to come again, see HalfOpen
	AddressHalfOpen uint64 // a connect over HalfOpenPerAddress
	AddressOpen     uint64 // a connect over OpenPerAddress
	Full            uint64 // a connect when all Peers were taken

	HalfOpenExpired uint64 // HalfOpenTimeout
	Queued          uint64 // MaxQueuedCommands
	Outgoing        uint64 // MaxOutgoing
	Waiting         uint64 // MaxWaitingTotal

	Live   uint64 // a live packet to one connection, MaxLive
	Outbox uint64 // packets given to Send that did not fit into MaxOutbox
}

// enetDropNames are the guard's reasons, in its order: the fields of [DropCounts], for metrics.
var enetDropNames = [enetDropReasons]string{
	"source", "malformed", "stray", "fragment", "control", "command_rate", "connect_rate", "pressure",
	"address_half_open", "address_open", "full", "half_open_expired", "queued", "outgoing", "waiting", "live",
}

// enetReportEvery is how often drops are logged at most: a flood must not become
// one of log lines.
const enetReportEvery = 10 * time.Second

// enetBooks hold what a transport publishes about itself. Any goroutine may read
// them.
type enetBooks struct {
	mu       sync.RWMutex
	stats    map[netcode.Conn]netcode.Stats
	drops    [enetDropReasons]uint64
	outbox   uint64
	reported DropCounts
	nextLine time.Time
	crowds   enetCrowds
}

// enetCrowds says in the log what to do about OpenPerAddress, now and then.
type enetCrowds struct {
	reported uint64
	nextLine time.Time
}

func (b *enetBooks) update(c netcode.Conn, s netcode.Stats) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats[c] = s
}

func (b *enetBooks) forget(c netcode.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.stats, c)
}

func (b *enetBooks) forgetAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.stats)
}

func (b *enetBooks) stat(c netcode.Conn) (netcode.Stats, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	s, ok := b.stats[c]
	return s, ok
}

func (b *enetBooks) count(drops [enetDropReasons]uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drops = drops
}

func (b *enetBooks) addOutbox(n int) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outbox += uint64(n)
}

func (b *enetBooks) dropped() DropCounts {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.dropCounts()
}

// named returns what dropped does, by name.
func (b *enetBooks) named() []netcode.DropCount {
	b.mu.RLock()
	defer b.mu.RUnlock()
	counts := make([]netcode.DropCount, 0, len(b.drops)+1)
	for i, n := range b.drops {
		counts = append(counts, netcode.DropCount{Reason: enetDropNames[i], Count: n})
	}
	return append(counts, netcode.DropCount{Reason: "outbox", Count: b.outbox})
}

func (b *enetBooks) dropCounts() DropCounts {
	d := &b.drops
	return DropCounts{
		Source: d[0], Malformed: d[1], Stray: d[2], Fragment: d[3], Control: d[4], CommandRate: d[5],
		ConnectRate: d[6], Pressure: d[7], AddressHalfOpen: d[8], AddressOpen: d[9], Full: d[10],
		HalfOpenExpired: d[11], Queued: d[12], Outgoing: d[13], Waiting: d[14],
		Live:   d[15],
		Outbox: b.outbox,
	}
}

// report warns when refused has grown since the last time.
func (c *enetCrowds) report(log *slog.Logger, refused uint64, from netip.Addr, limit int, now time.Time) {
	if refused == c.reported || now.Before(c.nextLine) {
		return
	}
	log.Warn("refusing connections: too many from one address; if many people share it, "+
		"raise enet.Limits.OpenPerAddress (loci serve --connections-per-address)",
		"address", from, "limit", limit, "refused", refused-c.reported)
	c.reported, c.nextLine = refused, now.Add(enetReportEvery)
}

// report logs the counters when they have changed, now and then.
func (b *enetBooks) report(log *slog.Logger, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := b.dropCounts()
	if counts == b.reported || now.Before(b.nextLine) {
		return
	}
	b.reported, b.nextLine = counts, now.Add(enetReportEvery)
	log.Info("dropped since the start", "counts", counts)
}
