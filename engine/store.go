package engine

import "iter"

// Store is where a place keeps what is to survive it: [Config.Store]. Package
// engine/store is one, in a directory. Both methods may be called from any goroutine,
// on the place's turn too, so neither may wait for a disk.
type Store interface {
	// Records gives what is kept of a kind, by key and in no order. The values are not
	// to be changed, and nothing may be put meanwhile.
	Records(kind string) iter.Seq2[string, []byte]
	// Put keeps records, the newest under each key. What is put at once becomes durable
	// at once, and nothing does before what was put earlier. Done, unless it is nil,
	// hears once when all that was put so far is durable, or why it is not: it is kept
	// all the same, and becomes durable when it can. It is called from any goroutine,
	// maybe before Put returns, and does not block. The values are the store's from then
	// on.
	Put(records []Record, done func(error))
}

// Record is one thing that is kept.
type Record struct {
	Kind  string // which records it is one of, such as KindEntity
	Key   string
	Value []byte // JSON; nil where it is to be forgotten
}

// The kinds of records that a place keeps itself; its behaviour may have others.
const (
	// KindEntity are the place's own entities by id, the place among them without its
	// transform and clock: {"components": {…}}.
	KindEntity = "entity"
	// KindAgent are the agents with a verified key that are here, by id: {"identity",
	// "avatar", "version", "verified", "bound"}. KindAgentEntity are their entities, by id:
	// {"owner", "components": {…}}.
	KindAgent       = "agent"
	KindAgentEntity = "agent_entity"
	// KindRule are the rules that change_acl added by id: {"number", "verdict",
	// "pattern", "origin"}. Number is their order.
	KindRule = "rule"
	// KindPlace is what there is one of: "clock", {"began", "time"}, when it was 0 in
	// seconds since 1970 and what it said when it was kept, and "rules", {"given"}: how
	// many ids of rules have been given away.
	KindPlace = "place"
)
