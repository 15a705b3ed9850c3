//go:build !linux

package web

import "net"

// limitUnsent does nothing where the system cannot be told: pings still notice when a line is behind.
func limitUnsent(net.Conn) {}
