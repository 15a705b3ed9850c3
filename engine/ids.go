package engine

import "hash/maphash"

// ids remembers the newest of the request ids that an agent has used.
type ids struct {
	seen  map[uint64]bool
	order []uint64 // as they came, from next on around
	next  int
}

var idSeed = maphash.MakeSeed()

// has reports whether an id is remembered.
func (u *ids) has(id string) bool { return u.seen[maphash.String(idSeed, id)] }

// use notes an id, and reports whether it is new, as far as the latest most go back.
func (u *ids) use(id string, most int) bool {
	h := maphash.String(idSeed, id)
	if u.seen[h] {
		return false
	}
	if u.seen == nil {
		u.seen = map[uint64]bool{}
	}
	u.seen[h] = true
	if len(u.order) < most {
		u.order = append(u.order, h)
		return true
	}
	delete(u.seen, u.order[u.next])
	u.order[u.next] = h
	u.next = (u.next + 1) % most
	return true
}
