// Package netcode turns bytes into the messages of the Alloverse place protocol
// and back, and carries them between agents and a place.
//
// It has three layers, each usable alone:
//
//   - Transports move packets between connections: [ENet] over UDP, and [PipeEnd]
//     in memory with settable loss and delay. Both are a [Transport].
//   - Messages: one file per wire message ([Intent], [Interaction], state
//     updates, [Clock], [MediaFrame], [AssetFrame]), each with a Parse function
//     and an Append method, pure functions over bytes. A [Dialect] says which
//     channel each travels on for an agent of a given protocol version.
//   - [Client] is a complete agent: it joins a place, sends intents, follows the
//     state, asks and answers.
//
// The package knows nothing of worlds, scripts or access rules.
package netcode
