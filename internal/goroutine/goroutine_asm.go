//go:build amd64 || arm64

package goroutine

// current is in assembly (current_*.s).
func current() ID
