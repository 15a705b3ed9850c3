// Package enet carries packets over ENet on UDP, as deployed agents do. [New] binds a socket; what it
// returns is a [netcode.Transport], for a place that listens as for agents that dial.
//
// It runs the C library of github.com/codecat/go-enet behind guards of its own (the C files here):
// what strangers and connections can make it hold or do is bounded by [Limits].
package enet
