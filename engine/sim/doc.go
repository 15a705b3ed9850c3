// Package sim simulates movement, once per heartbeat: first avatars and what they hold, by
// the intents of their agents ([Step], netcode/PROTOCOL.md, "Intents"), then animated
// properties ([Animate], "Property animations" there).
//
// It computes the same steps that agents run locally for prediction, so that nothing jumps
// when the place's state arrives. Numbers that are not finite never enter the world: a
// movement that would produce one does not happen.
//
// Only acts and components of its owner move an entity: the head and hands of an agent are
// entities of its own ([world.Entity.Part]), a follower follows because its owner says so
// (intent.from_avatar), and a handle moves only entities of the handle's owner
// (grabbable.actuate_on). Children move with their parent; which children an entity may have
// is not decided here.
//
// The cost of both is proportional to what moves, not to the size of the world.
package sim
