package engine

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/engine/bucket"
	"github.com/loci-place/loci/engine/internal/memory"
	"github.com/loci-place/loci/engine/media"
	"github.com/loci-place/loci/netcode"
)

// session is one connection, as the transport's goroutine, the connection's
// reader and the place goroutine share it.
type session struct {
	conn netcode.Conn
	from netip.AddrPort
	held *memory.Account // what the place holds for it

	// dialect is set when the agent's announce has been accepted.
	dialect atomic.Pointer[netcode.Dialect]
	// commands wait for the reader; closed when the connection is gone, code then
	// says why.
	commands *commandQueue
	entering atomic.Pointer[command] // the announce that is being let in
	quota    *quota
	flow     fairFlow      // for turns
	backlog  *backlog      // what waits to be sent to it
	gone     chan struct{} // closed with it
	warned   warnings
	waiting  atomic.Int64 // bytes that commands take which are not done with
	code     uint32

	// The transport's goroutine alone uses these.
	incoming  *netcode.IntentMessage
	compact   netcode.CompactIntentMessage // memory for it
	reply     []byte
	bad       int
	dropped   bool
	mediaTold time.Time // that its packets are dropped
	pace      media.RateLimit

	// assets is the agent in the distribution centre, set before dialect.
	assets *assets.Agent

	// voice is published by the place goroutine for the transport's.
	voice media.Voice

	mu     sync.Mutex
	intent *netcode.IntentMessage // the newest, if fresh; else memory for it
	fresh  bool

	// The place goroutine alone uses these.
	agent      *agent     // nil until announced
	challenge  *challenge // that it has to answer, nil if none
	envelope   bool       // speaks the version 0 envelope
	violations bucket.Bucket
	refused    bool // is being disconnected: nothing it asks counts any more
}

func newSession(c netcode.Conn, from netip.AddrPort, q *quota) *session {
	return &session{
		conn: c, from: from, quota: q, backlog: &backlog{conn: c},
		commands: newCommandQueue(),
		gone:     make(chan struct{}),
		incoming: &netcode.IntentMessage{},
		intent:   &netcode.IntentMessage{},
	}
}

// waits counts a command of n bytes that waits from now on, and returns how many bytes all that
// wait take.
func (s *session) waits(n int) int64 { return s.count(int64(n + commandMemory)) }

// done counts a command of n bytes that no longer waits.
func (s *session) done(n int) { s.count(-int64(n + commandMemory)) }

func (s *session) count(n int64) int64 {
	s.held.Add(memory.Commands, n)
	return s.waiting.Add(n)
}

// commandMemory is how many bytes a command that waits takes beside its own.
const commandMemory = 96

// putIntent makes the incoming message the newest intent.
func (s *session) putIntent() {
	s.mu.Lock()
	s.incoming, s.intent = s.intent, s.incoming
	s.fresh = true
	s.mu.Unlock()
}

// takeIntent returns the newest intent in exchange for the memory of an old one,
// or gives old back if there is none since the last call.
func (s *session) takeIntent(old *netcode.IntentMessage) (m *netcode.IntentMessage, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fresh {
		return old, false
	}
	m, s.intent, s.fresh = s.intent, old, false
	return m, true
}
