// Package view decides what of the world each agent is told (netcode/PROTOCOL.md, "State").
//
// A state packet is a promise: once an agent acknowledges it, the agent's
// document is exactly that. So a [View] keeps, for one agent, a record of each
// packet sent, and knows of every entity whether the agent's document has it and
// as of which state. The next packet starts from the newest acknowledged one and
// carries what the agent is owed: what changed, came or went since.
//
// Where all that is owed fits the agent's link, the view is full: everybody who
// acknowledged the same state gets the same bytes, encoded once by a [Press].
// Where it does not, the packet is filled by priority, and the rest stays owed,
// older and so more urgent:
//
//  1. what is on its way for the first time: a packet that left it out would take
//     it back;
//  2. the agent's own and the place's;
//  3. what is nearest, up to seven tenths of what is left;
//  4. what has been owed longest.
//
// What came or went in a packet that is not acknowledged yet is in all that follow,
// whatever the budget, and nothing comes before its parent: apps give up on entities
// of theirs that vanish again, and fail over a child without its parent.
//
// Every heartbeat three tenths of the budget go to the oldest, whatever else there
// is. So at a budget of B bytes, of which 2 % and some hundred bytes are set aside,
// and U bytes owed, in entities of up to E bytes, nothing waits longer than
// U / (0.3 B - E) heartbeats, or as many times as long as an acknowledgement takes
// where that is longer. An entity too large for that share goes alone when it has
// waited for ten. What an agent has not been sent of a world that it came into
// waits in a backlog, and counts as the oldest of all. A crowd of entities that come at
// once waits there too, and is owed only since it left it: no change is to wait for who
// spawns without end.
//
// Agents stall: they are stopped, or their link goes dark. C clients keep a state in the
// slot of its revision modulo 64, so a patch must start from less than 64 revisions back.
// An agent from which nothing new is acknowledged is therefore sent fewer states, under
// revisions of its own, so that some are left for half a minute ([Reach]); then it is
// patched from what it holds, within a round trip of its next word, and its revisions catch
// up with those of the others.
//
// Apps take an entity that is missing from a state for removed, for good. So a state from
// scratch, for an agent that asks for everything or was away for longer than the world
// remembers, holds all that the agent may have seen and still stands, whatever the budget.
// It waits until the one before has had its share of budgets (ration). What a view knows
// of packets on their way outlives a change between full and partial, and what an agent
// owns never goes out of view.
//
// A packet over one datagram stalls what comes behind it when a part of it is lost,
// for a round trip at least. So packets of up to three datagrams ([NoResendBudget])
// are lost instead, and on long ways, of 70 ms there and back or more, none is
// larger than two ([FarBudget]) but while a world is loaded. C clients can bear that
// up to some amount, which [View] keeps count of: after 16 MiB, so after a quarter
// of an hour at 20 % loss or four hours at 1 %, packets stall again.
//
// With a view distance, [Views] keeps who has which family of entities in view.
// It looks around for an agent when the agent has moved, and for an entity when
// that has, so that a heartbeat costs what moves near each agent.
//
// The package knows the world and the wire form, not agents or connections.
package view
