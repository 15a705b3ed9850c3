// Package world holds the entities of a place with their components, and computes what has
// changed since an earlier state (netcode/PROTOCOL.md, "Agents and entities" and "State").
//
// The document agents see is a tree of objects:
//
//	{"entities": {id: {"id": id, "components": {name: {…}}}}}
//
// There are no copies of earlier states. Every key of the tree has the [Stamp] of its last
// change, every object the newest stamp anywhere below it, and a removed key leaves a
// tombstone until [World.Sweep]. A delta from an earlier stamp is one walk over the entities
// changed since, newest first, and over the changed keys of their objects, newest first. So
// its cost depends on what changed and not on the size of the world. Replacing an object
// costs one pass through its keys and the new ones; setting a number in it, or in a list,
// costs only that number.
//
// Values are stored as encoded JSON ([Encode]) and opened into a tree of keys only where a
// part of them changes; everything else takes little more memory than its bytes.
//
// Data flows one way: edits ([World.Spawn], [Entity.Set], [Entity.SetLocal], …) are stamped
// with the current state, the Append methods encode it, and [World.Advance] begins the next
// one. A World belongs to one goroutine. The package knows nothing of agents, networks or
// scripts.
package world
