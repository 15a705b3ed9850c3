package media

import "time"

// Pace keeps what an agent sends within a rate, with up to a second's worth at once.
// The zero Pace has its first second's worth.
type Pace struct {
	last           time.Time
	packets, bytes float64 // that have been let through, less what time has made up for
}

// Take reports whether a packet may go now, at so many packets and bytes a second, and
// counts it if so.
func (p *Pace) Take(now time.Time, size int, packetRate, byteRate int) bool {
	since := now.Sub(p.last).Seconds()
	p.last = now
	p.packets = max(0, p.packets-since*float64(packetRate))
	p.bytes = max(0, p.bytes-since*float64(byteRate))
	if p.packets+1 > float64(packetRate) || p.bytes+float64(size) > float64(byteRate) {
		return false
	}
	p.packets++
	p.bytes += float64(size)
	return true
}
