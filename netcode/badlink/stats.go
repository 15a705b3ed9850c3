package badlink

import "time"

// Stats tells what a [Relay] has done since it was made.
type Stats struct {
	Clients int    // that the relay knows at the moment
	Waiting int    // datagrams that are under way at the moment
	Up      Counts // from clients to the server
	Down    Counts // from the server to clients

	// MaxLag is the longest that a datagram left after it was due: when the
	// machine is too busy for the relay to be exact, this says so.
	MaxLag time.Duration
}

// Counts counts the datagrams of one direction. At rest, and in all, Received
// and Duplicated together are Delivered, Lost, Overflowed and Failed.
type Counts struct {
	Received      uint64 // came to the relay
	ReceivedBytes uint64
	Delivered     uint64 // were sent on, each copy counted
	Lost          uint64 // by Link.Loss
	Overflowed    uint64 // lost as they would have waited for Link.Rate too long
	Duplicated    uint64 // got a second copy
	Reordered     uint64 // were made late
	Failed        uint64 // that the system did not take: nobody is there, or no socket is left
}

// Stats returns the counters.
func (r *Relay) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{
		Clients: len(r.clients),
		Waiting: len(r.queue) + r.leaving,
		Up:      r.up,
		Down:    r.down,
		MaxLag:  r.maxLag,
	}
}
