//go:build !race

package engine

// raceDetector reports whether tests run under it.
const raceDetector = false
