// Package pipe is a network in memory whose delay, loss and rate can be set, for tests: each [End] of
// a [Network] is a [netcode.Transport]. It runs in testing/synctest, alike with the same seed.
package pipe
