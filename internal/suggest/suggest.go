// Package suggest finds the name that was probably meant where one is misspelled.
package suggest

import (
	"slices"
	"strings"
)

// Nearest returns the candidate that name is most likely a misspelling of, "" if
// it is like none of them.
func Nearest(name string, candidates ...string) string {
	best, least := "", 1+min(2, len(name)/3)
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// Meant returns the end of an error that suggests a name, "" without one.
func Meant(name string) string {
	if name == "" {
		return ""
	}
	return ": did you mean " + name + "?"
}

// From returns the end of an error about a name that is none of the candidates: ": did you
// mean owner?", or "" if it is like none of them.
func From(name string, candidates ...string) string {
	return Meant(Nearest(name, candidates...))
}

// distance counts the letters to insert, drop, change or swap with their
// neighbour to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
