// Package sched decides which of a place's scripts run, on whose account, and for how long.
//
//	something happens → Emit → Drain → Do if it fits the quota of its cause, else held
//	heartbeat → Refill → RunHeld
//	Do → Calls.Call → Account: budget, backoff, charge, errors → sandbox
//
// One [Scheduler] belongs to a runtime and outlives reloads; one [Calls] belongs to each load
// of the scripts. Both are used on the place's turn only.
//
// The package does not know what handlers are for: it counts them by kind.
package sched
