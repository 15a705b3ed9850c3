// Package world holds what stands in a place, entities made of components, and
// knows for any earlier state what has changed since (netcode/PROTOCOL.md, "Agents and
// entities" and "State").
//
// The document agents see is a tree of objects:
//
//	{"entities": {id: {"id": id, "components": {name: {…}}}}}
//
// There is no history of copies. Every key of the tree carries the [Stamp] of
// its last change, every object the newest stamp anywhere below it, and a key
// that was removed stays behind as a tombstone until [World.Sweep]. A delta from
// an earlier stamp is one walk over the entities changed since, newest first, and
// over the keys of their objects that have, newest first, so it costs what changed
// and not how much stands in the world. To replace an object costs one pass through
// its keys and the new ones; to set a number in it, or in a list, costs the number.
//
// Values are kept as encoded JSON ([Encode]) and opened into a tree of keys only where
// part of them changes; what nobody touches costs little more than its bytes.
//
// Data flows one way: edits ([World.Spawn], [Entity.Set], [Entity.SetLocal], …)
// are stamped with the state being made, the Append methods encode it, and
// [World.Advance] begins the next one. A World belongs to one goroutine. The
// package knows nothing of agents, networks or scripts.
package world
