package main

import (
	"math"
	"time"
)

// walkingSpeed is that of a stick held all the way, in metres a second
// (netcode/PROTOCOL.md, "Intents").
const walkingSpeed = 2

// circle is how an agent walks. The zero circle is a point.
type circle struct {
	radius  float64 // metres
	heading float64 // radians, at first
	turning float64 // radians a second
}

// circleOf is the nth agent's: of one to four metres, each its own.
func circleOf(n int) circle {
	turning := 0.5 + math.Mod(float64(n)*0.618, 1.5)
	return circle{radius: walkingSpeed / turning, heading: float64(n), turning: turning}
}

// yaw is where the agent heads after walking for a time. At 0 that is -Z, and
// grows to the right.
func (c *circle) yaw(at time.Duration) float64 { return c.heading + c.turning*at.Seconds() }

// offset is how far it has come from where it began.
func (c *circle) offset(at time.Duration) (x, z float64) {
	sin0, cos0 := math.Sincos(c.heading)
	sin, cos := math.Sincos(c.yaw(at))
	return c.radius * (cos0 - cos), c.radius * (sin0 - sin)
}
