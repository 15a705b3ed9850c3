//go:build !race

package acl

// slowness is how much longer things may take under the race detector.
const slowness = 1
