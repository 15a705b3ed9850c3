// Package store keeps what is to survive a place in a directory: it is the
// [engine.Store] that goes with `loci serve --data`.
//
//	kept, err := store.Open("data", store.Options{})
//	if err != nil { … } // store: data is in use by another process
//	place, err := engine.New(engine.Config{Store: kept})
//	…
//	err = kept.Close() // after the place
//
// All records are held in memory. What is put changes them there, at once, and is noted
// as owed to the disk; a goroutine writes what is owed in batches, each a transaction of
// bbolt, 50 ms after the one before or at once where somebody waits for it:
//
//	Put → records, owed → writer → place.db
//	                         └→ snapshots/ (now and then)
//
// So nobody waits for the disk who does not want to, what waits is bounded by what is kept,
// and a disk that is full or read-only holds nothing up: the log says so once, the writer
// tries again every second, and who waits is told the error.
//
// # Files
//
//	place.db                      the records: a bucket for each kind, and loci
//	place.db.damaged-TIME         one that was damaged, set aside
//	snapshots/place-TIME.db       copies that were good, the newest three
//
// A file is read before it is trusted: its pages must form a tree (bbolt itself panics,
// or never ends, where they do not), and a checksum over all records, written with each
// batch, must agree. A file that is not so is set aside, and the newest snapshot that is
// good takes its place. What has come since that snapshot is lost then, unless the damage
// happened while the place ran: its records are in memory still.
//
// One process at a time has a directory: it holds a lock on it.
//
// # Limits
//
// A record's kind and key have at most [MaxKey] bytes. There is no limit to how many bytes
// all records have, other than memory, of which they take as much as they have; what scripts
// keep is limited by them. A file does not shrink.
package store
