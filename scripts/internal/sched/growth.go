package sched

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/scripts/sandbox"
)

// Growth is what the heap has grown by in calls of each function, while that is measured. A
// function that makes most of it may be told to rest.
type Growth struct {
	weighing bool
	depth    int // of calls within calls
	grown    map[*lua.FunctionProto]int64
	off      map[string]float64 // functions that rest, by where they begin, and until when
}

// Weigh has calls measured from now on, or not.
func (m *Growth) Weigh(on bool) {
	if on != m.weighing {
		m.weighing, m.grown = on, map[*lua.FunctionProto]int64{}
	}
}

// begin notes the heap before a call.
func (m *Growth) begin() (heap int64) {
	m.depth++
	if !m.weighing || m.depth > 1 {
		return -1
	}
	return sandbox.HeapBytes()
}

// end notes what the heap has grown by since, garbage included.
func (m *Growth) end(h *Handler, heap int64) {
	m.depth--
	if heap < 0 {
		return
	}
	if grown := sandbox.HeapBytes() - heap; grown > 0 {
		m.grown[h.Fn.Proto] += grown
	}
}

// Depth returns how many calls are under way within each other.
func (m *Growth) Depth() int { return m.depth }

// Forget forgets the functions of scripts that were replaced, and, where those have changed,
// which of them rest.
func (m *Growth) Forget(changed bool) {
	m.grown = map[*lua.FunctionProto]int64{}
	if changed {
		m.off = nil
	}
}

// Worst returns the function in whose calls the heap grew most, if that was more than in all
// others together.
func (m *Growth) Worst() (worst *lua.FunctionProto, grown int64, ok bool) {
	var all int64
	for p, by := range m.grown {
		all += by
		if by > grown {
			worst, grown = p, by
		}
	}
	return worst, grown, 2*grown > all
}

// Rest has a function rest until a time.
func (m *Growth) Rest(p *lua.FunctionProto, until float64) {
	if m.off == nil {
		m.off = map[string]float64{}
	}
	m.off[SpotOf(p)] = until
}

// Resting returns the functions that rest, by where they begin, and until when.
func (m *Growth) Resting() map[string]float64 { return m.off }

// rests is how long a handler still rests for what memory it took, in seconds.
func (m *Growth) rests(h *Handler, now float64) float64 {
	if len(m.off) == 0 {
		return 0
	}
	return max(0, m.off[h.Spot()]-now)
}
