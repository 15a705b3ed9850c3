package acl

import (
	"cmp"
	"math"
)

// exactBelow is where doubles stop telling neighbouring integers apart.
const exactBelow = 1 << 53

// numberOf returns the number that v is. It fails on other kinds, and on what JSON
// cannot carry.
func numberOf(v any) (float64, bool) {
	f, ok := v.(float64)
	return f, ok && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// isInteger reports whether a number has no fraction. JSON does not tell 1.0 from 1.
func isInteger(v any) bool {
	f, ok := v.(float64)
	return ok && f == math.Trunc(f)
}

// finite returns f as a value, unless it is none of JSON's.
func finite(f float64) (any, bool) {
	return f, !math.IsInf(f, 0) && !math.IsNaN(f)
}

// compareNumbers compares by value. What JSON cannot carry equals everything.
func compareNumbers(a, b any) int {
	x, okX := a.(float64)
	y, okY := b.(float64)
	if !okX || !okY {
		return 0
	}
	return cmp.Compare(x, y)
}
