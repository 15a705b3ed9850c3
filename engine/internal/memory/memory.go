// Package memory counts what agents make a place hold, and says who may have it hold more.
//
// What holds memory for an agent tells the agent's [Account] how much: before, whether there is
// [Account.Room], and after, how much it is ([Account.Set]). All amounts are bytes of memory,
// not of the messages they came in. The package knows nothing of what is held.
package memory

import (
	"fmt"
	"net/netip"
	"sync"
)

// Kind is what memory is held for.
type Kind int

const (
	Entities      Kind = iota // what stands in the world, and what did not long ago
	Agents                    // what is known of what agents were told and asked
	Commands                  // messages that wait
	Assets                    // asset frames that wait
	Subscriptions             // compiled patterns
	Kinds
)

var kindNames = [Kinds]string{"entities", "agents", "commands", "assets", "subscriptions"}

func (k Kind) String() string { return kindNames[k] }

// Limits are how much may be held. Each is above 0.
type Limits struct {
	// Place is for all agents together. From three quarters of it on, only those get more
	// that hold less than their part of these three quarters; from seven eighths on, only
	// those that hold less than [Modest]; and at all of it nobody.
	Place int64
	// Address is for all agents that come from one address, if it is not a shared one.
	Address int64
	// Agent is for one.
	Agent int64
}

// Modest is what an agent gets also where others have filled the place, from the eighth that is
// kept for that: enough for an avatar as they usually are.
const Modest = 64 << 10

// Ledger counts for a place. Its methods, and those of its accounts, may be called from any
// goroutine.
type Ledger struct {
	limits Limits

	mu    sync.Mutex
	used  [Kinds]int64
	total int64
	here  int64 // of it, on accounts that are open
	open  int   // accounts
	by    map[netip.Addr]int64
}

// New returns a ledger in which nothing is held.
func New(limits Limits) *Ledger {
	return &Ledger{limits: limits, by: map[netip.Addr]int64{}}
}

// Limits are what it was made with.
func (l *Ledger) Limits() Limits { return l.limits }

// Used is how much is held, in all and by kind.
func (l *Ledger) Used() (total int64, kinds [Kinds]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total, l.used
}

// Over reports whether more is held on open accounts than may be by an eighth: not all that grows
// can be refused, nor is it known beforehand how much a change takes. What is held on accounts
// that were closed goes by itself.
func (l *Ledger) Over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.here > l.limits.Place*9/8
}

// Account counts for one agent.
type Account struct {
	ledger *Ledger
	from   netip.Addr // the zero Addr if it is a shared one
	held   [Kinds]int64
	total  int64
	closed bool
}

// Open returns an account for an agent from an address. Behind a shared one there may be many.
func (l *Ledger) Open(from netip.Addr, shared bool) *Account {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	if shared {
		from = netip.Addr{}
	}
	return &Account{ledger: l, from: from}
}

// Close ends an account. What is held on it still counts until it is set to less.
func (a *Account) Close() {
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	if !a.closed {
		a.closed = true
		a.ledger.open--
		a.ledger.here -= a.total
	}
}

// Held is how much is held on the account.
func (a *Account) Held() int64 {
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	return a.total
}

// Set notes how much is held of a kind.
func (a *Account) Set(k Kind, n int64) {
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	a.add(k, n-a.held[k])
}

// Add notes that more is held of a kind, or less.
func (a *Account) Add(k Kind, n int64) {
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	a.add(k, n)
}

func (a *Account) add(k Kind, n int64) {
	l := a.ledger
	a.held[k] += n
	a.total += n
	l.used[k] += n
	l.total += n
	if !a.closed {
		l.here += n
	}
	if !a.from.IsValid() {
		return
	}
	if l.by[a.from] += n; l.by[a.from] == 0 {
		delete(l.by, a.from)
	}
}

// Take has what was held of some kinds on another account held on this one.
func (a *Account) Take(old *Account, kinds ...Kind) {
	if a == old {
		return
	}
	a.ledger.mu.Lock()
	defer a.ledger.mu.Unlock()
	for _, k := range kinds {
		n := old.held[k]
		old.add(k, -n)
		a.add(k, n)
	}
}

// FullError says why there is no room.
type FullError struct {
	Held  int64  // on the account
	Limit int64  // that it would be over
	Of    string // whose limit that is
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the place has no room for more: you hold %s of its memory, and %s at most %s",
		inKiB(e.Held), e.Of, inKiB(e.Limit))
}

func inKiB(n int64) string { return fmt.Sprintf("%d KiB", (n+1023)>>10) }

// Room returns a [*FullError] if n bytes more cannot be held on the account. With n 0 or less,
// which is for changes, that is so only if it holds more than it may already: who does not grow
// is not to be harmed by those that do.
func (a *Account) Room(n int64) error {
	l := a.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	place, mine, part := l.limits.Place, a.total+n, l.limits.Place*3/4/int64(max(1, l.open))
	const crowded = "each may hold when the place is as full as it is"
	full := func(limit int64, of string) error { return &FullError{a.total, limit, of} }
	switch total := l.total + n; {
	case n <= 0 && a.total <= l.limits.Agent && (l.total <= place || a.total <= part):
		return nil
	case n <= 0 && a.total <= l.limits.Agent:
		return full(part, crowded)
	case mine > l.limits.Agent:
		return full(l.limits.Agent, "an agent may hold")
	case a.from.IsValid() && l.by[a.from]+n > l.limits.Address:
		return full(l.limits.Address, "all agents from your address may hold")
	case total > place:
		return full(place, "all agents may hold")
	case total > place*7/8 && mine > Modest:
		return full(Modest, crowded)
	case total > place*3/4 && mine > part:
		return full(part, crowded)
	}
	return nil
}
