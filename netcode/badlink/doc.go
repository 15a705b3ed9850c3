// Package badlink is a bad network on one machine: a UDP relay that delays,
// loses, reorders, duplicates and throttles what passes through it.
//
// A [Relay] stands in front of a server and sends to it, from a socket per
// client, what clients send to the relay, and back:
//
//	client ─▶ socket ─▶ lane up ──▶ queue of what is due ─▶ socket of the client ─▶ server
//	client ◀─ socket ◀─ queue of what is due ◀── lane down ◀─ socket of the client ◀─ server
//
// So the server sees every client at an address of its own, as behind a NAT, and
// each client has a link of its own: each of its directions, a lane, draws its
// own random numbers and has its own rate. A client is a socket: agents that
// share one, as those of a client.Dialer do, share a link. A [Link] says what the link is like,
// with the fields and the meanings of pipe.Config, save that these are
// about datagrams: with ENet a datagram carries several packets, and what is
// sent reliably suffers too and is sent again.
//
// The package knows nothing of what is in the datagrams.
package badlink
