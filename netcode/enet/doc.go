// Package enet carries packets over ENet on UDP, as deployed agents do. [New] binds a socket; what it
// returns is a [netcode.Transport], for a place that listens as for agents that dial.
//
// It runs the C library of github.com/codecat/go-enet behind guards of its own (the C files here):
// what strangers and connections can make it hold or do is bounded by [Limits].
//
// An unreliable packet over 1372 bytes goes in fragments. With [netcode.Packet].NoResend these are
// ENet's unreliable fragments, which old peers do not bear. ENet up to 1.3.13, which all C clients have,
// never takes a packet of which it lost a part off what it believes to be waiting, and takes nothing
// more when that is 32 MiB: so engine/view counts what got lost. ENet before 1.3.16 writes into memory that
// it has freed when parts of several get lost: so agents say whether they bear it
// ([netcode.TakesFragments]). Without NoResend they are reliable fragments, which every peer bears,
// and for which the channel waits.
package enet
