// Package sim moves what moves by itself, once each heartbeat: avatars, and what
// they hold, by their agents' intents ([Step], netcode/PROTOCOL.md, "Intents"), then
// properties that are animated ([Animate], "Property animations" there).
//
// It follows the steps that agents run locally to predict what they will see, so
// that nothing jumps when the place's state arrives. Numbers that are not finite
// never enter the world: a movement that would make one does not happen.
//
// Nothing moves an entity but its owner's acts and components: only an agent's own
// entities are its head and hands ([world.Entity.Part]), a follower follows because its
// owner says so (intent.from_avatar), and a handle moves only what has the handle's owner
// (grabbable.actuate_on). What hangs on a moving entity moves along; what may hang there
// is not decided here.
//
// Both cost what moves, not what stands in the world.
package sim
