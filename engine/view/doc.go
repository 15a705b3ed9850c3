// Package view decides what state each agent is sent (protocol section 3).
//
// A state packet is a promise: once an agent acknowledges it, the agent's
// document is exactly that. A [View] keeps, for one agent, the log of what it was
// sent and what it acknowledged, and chooses the base of the next packet from it.
// A [Press] encodes packets, each only once for all agents that share a base.
//
// The package knows the world and the wire form, not agents or connections.
package view
