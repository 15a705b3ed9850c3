package engine

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/loci-place/loci/engine/internal/memory"
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// holdings bound what agents make the place hold in memory (see [Limits].Memory).
type holdings struct {
	ledger   *memory.Ledger
	decoding decoding
	log      *slog.Logger

	// The rest is used on the place's turn only.
	world  *world.World
	owners map[string]*memory.Account // of agents that are or were here, while something is held for them
	told   time.Time
}

// holdingsInterval is how often what is held for all agents is brought up to date. What an agent
// asks for counts at once.
const holdingsInterval = time.Second

func newHoldings(l *Limits, w *world.World, log *slog.Logger) *holdings {
	return &holdings{
		ledger:   memory.New(memory.Limits{Place: int64(l.Memory), Address: int64(l.AddressMemory), Agent: int64(l.AgentMemory)}),
		decoding: newDecoding(int64(l.DecodingMemory)),
		log:      log, world: w, owners: map[string]*memory.Account{},
	}
}

// open returns an account for a connection from an address.
func (h *holdings) open(from netip.Addr) *memory.Account {
	return h.ledger.Open(from, netcode.IsPrivate(from))
}

// attach has what is held for an agent counted on an account: that of its connection.
func (h *holdings) attach(agentID string, to *memory.Account) {
	if old := h.owners[agentID]; old != nil {
		to.Take(old, memory.Entities, memory.Agents, memory.Subscriptions)
	}
	h.owners[agentID] = to
}

// await is attach for an agent without a connection.
func (h *holdings) await(agentID string) {
	account := h.ledger.Open(netip.Addr{}, true)
	account.Close() // as one has whose connection is lost
	h.attach(agentID, account)
}

// room reports why an agent cannot have the place hold so many bytes more.
func (h *holdings) room(agentID string, bytes int) error {
	account := h.owners[agentID]
	if account == nil {
		return nil // the place's own
	}
	err := account.Room(int64(bytes))
	if err != nil && time.Since(h.told) >= lateReport {
		h.told = time.Now()
		used, _ := h.ledger.Used()
		h.log.Warn("an agent wants the place to hold more than there is room for",
			"agent", agentID, "bytes", bytes, "because", err, "held", used, "limit", h.ledger.Limits().Place, "raise", "Limits.Memory (loci serve --memory)")
	}
	return err
}

// took counts what an agent has had the place hold, until all is reckoned.
func (h *holdings) took(agentID string, bytes int) {
	if account := h.owners[agentID]; account != nil {
		account.Add(memory.Entities, int64(bytes))
	}
}

// subscribed counts a subscription of an agent, or its end if bytes is below 0.
func (h *holdings) subscribed(agentID string, bytes int) {
	if account := h.owners[agentID]; account != nil {
		account.Add(memory.Subscriptions, int64(bytes))
	}
}

// patternRoom is about what a compiled pattern takes in memory.
func patternRoom(source string) int { return 600 + patternMemory*len(source) }

// entityRoom is about what an entity takes in memory that takes so many bytes in a state.
func entityRoom(stateBytes int) int { return entityMemory + stateBytes*5/4 }

// sizeOf is how many bytes components take in a state.
func sizeOf(components map[string]world.Component) (bytes int) {
	for name, c := range components {
		bytes += len(name) + c.Size()
	}
	return bytes
}

// growthRoom is about what it takes for components to grow by so many bytes in a state, 0 if that
// is so little that it is the same with other values.
func growthRoom(stateBytes int) int {
	const slight = 128
	if stateBytes <= slight {
		return 0
	}
	return stateBytes * 5 / 4
}

const (
	entityMemory  = 1000 // of an entity, beside its components
	patternMemory = 100  // of a compiled pattern, for each byte of its source
	requestMemory = 600  // of an open request
	agentMemory   = 8 << 10
)

// reckon brings all accounts up to date.
func (h *holdings) reckon(agents map[string]*agent) {
	h.world.ReckonHeap()
	for id, account := range h.owners {
		held := h.world.HeapOf(id)
		account.Set(memory.Entities, int64(held))
		a := agents[id]
		account.Set(memory.Agents, int64(a.memory()))
		if a == nil && held == 0 {
			delete(h.owners, id)
		}
	}
}

// memory is about how much is held to know the agent.
func (a *agent) memory() int {
	switch {
	case a == nil:
		return 0
	case a.away():
		return agentMemory
	}
	return agentMemory + a.view.Heap() + requestMemory*(len(a.asked)+len(a.owes))
}

// boundMemory counts what agents make the place hold, and sends away the one that holds most if
// that is too much: what was not refused, as it is no agent's act alone.
func (p *Place) boundMemory() {
	h := p.holdings
	h.reckon(p.agents)
	if !h.ledger.Over() {
		return
	}
	var most *agent
	var held int64
	for id, account := range h.owners {
		if a := p.agents[id]; a != nil && account.Held() > held {
			most, held = a, account.Held()
		}
	}
	if most == nil {
		return
	}
	p.counts.hit(limitMemory)
	most.log.Warn("disconnecting: it holds most of the place's memory, and all of it is taken", "bytes", held, "limit", h.ledger.Limits().Place)
	p.dismiss(most, netcode.CodeOverload)
}

// mayHold reports why what somebody wants the place to hold cannot be, and counts that.
func (p *Place) mayHold(by string, bytes int) error {
	err := p.holdings.room(by, bytes)
	if err != nil {
		p.counts.hit(limitMemory)
	}
	return err
}

// MemoryStats are what agents make a place hold in memory, in bytes.
type MemoryStats struct {
	Held, Limit int64
	Kinds       []MemoryKind
}

// MemoryKind is what is held of one kind: "entities" (those too that are gone, while states may
// start from when they were there), "agents" (what is known of what each has been told and
// asked), "commands" and frames of "assets" that wait, and "subscriptions".
type MemoryKind struct {
	Kind string
	Held int64
}

// Memory is what agents make the place hold. It may be called from any goroutine.
func (p *Place) Memory() MemoryStats {
	held, kinds := p.holdings.ledger.Used()
	s := MemoryStats{Held: held, Limit: p.holdings.ledger.Limits().Place}
	for k, n := range kinds {
		s.Kinds = append(s.Kinds, MemoryKind{fmt.Sprint(memory.Kind(k)), n})
	}
	return s
}
