// Package sim moves avatars by their agents' intents, once each heartbeat
// (protocol section 4).
//
// It follows the steps that agents run locally to predict their own movement, so
// that what they see does not jump when the place's state arrives. Numbers that
// are not finite never enter the world: a movement that would make one does not
// happen.
package sim
