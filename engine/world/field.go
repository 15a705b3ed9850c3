package world

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// Field reads what a component has under a key, a copy as [netcode.ParseValue] has it, and
// returns how many bytes that takes. The rest of the component is not read.
func (e *Entity) Field(component, key string) (v any, bytes int, ok bool) {
	c := e.components.get(component)
	if c == nil || !c.isObj {
		return nil, 0, false
	}
	k := c.open().get(key)
	if k == nil {
		return nil, 0, false
	}
	raw := k.appendFull(nil)
	v, err := netcode.ParseValue(raw)
	if err != nil {
		panic(fmt.Sprintf("world: stored field %s of %s of %s: %v", key, component, e.id, err))
	}
	return v, len(raw), true
}
