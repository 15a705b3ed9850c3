package main

import (
	"slices"
	"sync"
)

// guestLines is how many lines a guest book has: older ones are forgotten.
const guestLines = 20

// guestBook is who came and left. The place writes on its own turn, so nobody may
// ask the place anything while holding the lock.
type guestBook struct {
	mu    sync.Mutex
	lines []string // the oldest first
}

func (g *guestBook) write(line string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.lines) == guestLines {
		g.lines = slices.Delete(g.lines, 0, 1)
	}
	g.lines = append(g.lines, line)
}

// newest returns the lines, the newest first.
func (g *guestBook) newest() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	lines := append([]string{}, g.lines...)
	slices.Reverse(lines)
	return lines
}
