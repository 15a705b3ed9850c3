// Package assets is the place as a distribution centre for files (netcode/PROTOCOL.md,
// "Assets"): agents ask it for an asset by the hash of its content, and it answers from its
// cache, from the host's own files, or with what it gets from another agent.
//
//	centre, err := assets.New(assets.Config{Options: assets.Options{Dir: "data/assets"}, …})
//	centre.Start()
//	agent := centre.Join(id, conn, channel)
//	agent.Receive(frame) // each asset frame of that agent's
//	centre.Leave(agent)
//	centre.Close()
//
// What nobody here has is asked of the agents: the next one as soon as one has said no, or has
// not answered for half a second. Who then gives what was asked for first is the source; one
// that gives little, or stalls while there are others, is asked again when nobody else is
// left. It goes into a
// spool, is hashed, and only if it is what its id says does it enter the cache, from
// which all who wait are then served. What is too large for the cache streams through
// instead: each range is got from the source when somebody wants it.
//
// One goroutine decides everything and reads and writes pieces, a second does what
// takes long: hashing files as a whole, and making them durable. Neither is the
// place's or the transport's, and neither is ever waited for: what is for them goes
// into a mailbox, of which each agent may fill only so much.
//
// A piece goes to an agent when the one before it has arrived, and is as large as the
// link carries within some 50 ms, so that states and voice find room between them.
package assets
