// Package netcode encodes and decodes the messages of the Alloverse place protocol, and defines the
// [Transport] that carries them. It is pure Go, and knows nothing of worlds, scripts or access
// rules.
//
//   - Messages: a file for each on the wire ([Intent], [Interaction], [State], [Clock],
//     [MediaFrame], [AssetFrame], and [CompactState] and [CompactIntentMessage] of version 5), with a Parse function and an Append method, pure functions over
//     bytes. A [Dialect] says on which channel each travels for an agent of a given version of the
//     protocol.
//   - A [Transport] moves packets between connections. There are three, each a package of its own:
//     netcode/enet over UDP, which needs C; netcode/pipe in memory, with settable loss and delay;
//     and netcode/direct, for agents in the same process. One place may be served by several.
//     netcode/transporttest tests an implementation.
//   - netcode/client is a complete agent: it joins a place, sends intents, follows the state, asks
//     and answers.
//
// The rest is for tests and measurements: netcode/badlink is a relay that behaves as a bad network,
// netcode/rawenet sends what no ENet would, netcode/floor measures what ENet can do at best.
//
// PROTOCOL.md describes the protocol.
package netcode
