//go:build race

package engine

// raceDetector tells whether tests run under it.
const raceDetector = true
