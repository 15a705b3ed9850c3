package view

import (
	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// Press encodes the packets of the newest state of a world. Agents with the same
// base and the same choice of forms get the same bytes.
type Press struct {
	w       *world.World
	at      world.Stamp
	packets []packet // of state at; those beyond len are kept for their memory
	came    []came   // of state at
	body    []byte
	encoded uint64
}

type packet struct {
	span
	form  Form
	bytes []byte
}

// Form is how an agent is told of what has changed.
type Form uint8

const (
	Merge   Form = iota // JSON merge patches
	Patch               // or JSON Patches, where these are smaller
	Compact             // the compact dialect
)

// FormOf returns the form for agents of a dialect.
func FormOf(d *netcode.Dialect) Form {
	switch {
	case d.Compact:
		return Compact
	case d.JSONPatch:
		return Patch
	default:
		return Merge
	}
}

// span is where a packet starts, with its number, and the number that the newest state
// has in it.
type span struct {
	base     world.Stamp // 0 = from nothing: the whole state
	from, to world.Stamp // numbers
}

// came is how many entities there are that base had not.
type came struct {
	base world.Stamp
	n    int
}

// NewPress gives a press for w.
func NewPress(w *world.World) *Press { return &Press{w: w} }

// Encoded counts the packets encoded so far, however many agents they went to.
func (p *Press) Encoded() uint64 { return p.encoded }

// Packet returns the state packet that leads from a base to the newest state. The bytes are
// good until the world advances.
func (p *Press) Packet(s span, form Form) []byte {
	p.begin()
	if form == Patch && s.base == 0 {
		form = Merge
	}
	for i := range p.packets {
		if k := &p.packets[i]; k.span == s && k.form == form {
			return k.bytes
		}
	}
	p.encoded++
	k := p.next()
	k.span, k.form = s, form
	switch {
	case form == Compact:
		k.bytes = p.compact(k.bytes[:0], s)
	case s.base == 0:
		k.bytes = p.set(k.bytes[:0], s)
	default:
		k.bytes = p.merge(k.bytes[:0], s)
		if form == Patch {
			if b := p.apply(nil, s); len(b) < len(k.bytes) {
				k.bytes = b
			}
		}
	}
	return k.bytes
}

// begin forgets the packets of the state before.
func (p *Press) begin() {
	if now := p.w.Now(); p.at != now {
		p.at, p.packets, p.came = now, p.packets[:0], p.came[:0]
	}
}

// Came counts the entities that have come since a base state.
func (p *Press) Came(base world.Stamp) int {
	p.begin()
	for _, c := range p.came {
		if c.base == base {
			return c.n
		}
	}
	n := 0
	for e := range p.w.Changed(base) {
		if e.Alive() && !e.Existed(base) {
			n++
		}
	}
	p.came = append(p.came, came{base, n})
	return n
}

// next grows packets by one, with the memory of one from an earlier state.
func (p *Press) next() *packet {
	if len(p.packets) < cap(p.packets) {
		p.packets = p.packets[:len(p.packets)+1]
	} else {
		p.packets = append(p.packets, packet{})
	}
	return &p.packets[len(p.packets)-1]
}

func (p *Press) set(dst []byte, s span) []byte {
	p.body = p.w.AppendSet(p.body[:0])
	state := netcode.State{Style: netcode.StyleSet, Entities: p.body, Revision: Revision(s.to)}
	return state.Append(dst)
}

func (p *Press) merge(dst []byte, s span) []byte {
	p.body = p.w.AppendMerge(p.body[:0], s.base)
	state := netcode.State{Style: netcode.StyleMerge, From: Revision(s.from), Entities: p.body, Revision: Revision(s.to)}
	return state.Append(dst)
}

func (p *Press) apply(dst []byte, s span) []byte {
	p.body = p.w.AppendPatch(p.body[:0], s.base, Revision(s.to))
	state := netcode.State{Style: netcode.StyleApply, From: Revision(s.from), Patches: p.body, Revision: Revision(s.to)}
	return state.Append(dst)
}

func (p *Press) compact(dst []byte, s span) []byte {
	state := s.compact()
	p.body, state.Count = p.w.AppendCompact(p.body[:0], s.base)
	state.Entities = p.body
	return state.Append(dst)
}

// compact returns the header of a compact state.
func (s span) compact() netcode.CompactState {
	if s.base == 0 {
		return netcode.CompactState{Style: netcode.StyleSet, Revision: Revision(s.to)}
	}
	return netcode.CompactState{Style: netcode.StyleMerge, From: Revision(s.from), Revision: Revision(s.to)}
}
