// Package store persists the records of a place in a directory. It is the
// [engine.Store] behind `loci serve --data`.
//
//	s, err := store.Open("data", store.Options{})
//	if err != nil { … } // store: data is in use by another process
//	place, err := engine.New(engine.Config{Store: s})
//	…
//	err = s.Close() // after the place
//
// All records are in memory. Put changes them there and marks them as pending. A
// goroutine writes pending records in batches, each a bbolt transaction, 50 ms after the
// previous one, or at once if a caller waits:
//
//	Put → records, pending → writer → place.db
//	                           └→ snapshots/ (hourly)
//
// So callers wait for the disk only if they ask to, pending data is bounded by the number of
// records, and a disk that is full or read-only does not block the place: the writer logs
// it once and retries every second, and callers that wait get the error.
//
// # Files
//
//	place.db                      the records: a bucket for each kind, and loci
//	place.db.damaged-TIME         a damaged file, set aside
//	snapshots/place-TIME.db       verified copies, the newest three
//
// A file is verified before it is used: its pages must form a tree, and a checksum over all
// records, written with each batch, must match. A damaged file is set aside and replaced by
// the newest good snapshot. Changes since that snapshot are lost, unless the damage happens
// while the place runs: then the records are still in memory.
//
// The package has its own check of the tree (tree.go) because bbolt's tx.Check, and the scan
// for free pages when bbolt opens a file, run on goroutines of bbolt: a fault there, which a
// truncated file causes, ends the process (seen with v1.5.0). Neither recover nor
// debug.SetPanicOnFault reaches another goroutine.
//
// A process locks its directory, so that no other can open it.
//
// # Limits
//
// A record's kind and key have at most [MaxKey] bytes. The total size of the records is
// limited only by memory, all of which they occupy; scripts limit their own share. A file
// does not shrink.
package store
