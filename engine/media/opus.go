package media

import "time"

const (
	opusMostFrame  = 1275 // bytes
	opusMostPacket = 120 * time.Millisecond
)

// ValidOpus reports whether a packet is made of frames as RFC 6716 wants them (section
// 3.2, R1 to R7). A decoder takes any bytes within them for sound, if not for a
// pleasant one; packets that are made otherwise it refuses, and deployed agents end
// when theirs does.
func ValidOpus(packet []byte) bool {
	if len(packet) == 0 {
		return false
	}
	toc, rest := packet[0], packet[1:]
	switch toc & 3 {
	case 0: // one frame
		return len(rest) <= opusMostFrame
	case 1: // two of one size
		return len(rest)%2 == 0 && len(rest)/2 <= opusMostFrame
	case 2: // two
		return validFrames(rest, 2)
	default: // any number
		return validCounted(rest, opusFrame(toc>>3))
	}
}

// validCounted looks at what follows the first byte of a packet that says how many
// frames it has.
func validCounted(rest []byte, frame time.Duration) bool {
	if len(rest) == 0 {
		return false
	}
	head, rest := rest[0], rest[1:]
	n := int(head & 63)
	if n == 0 || time.Duration(n)*frame > opusMostPacket {
		return false
	}
	if padded := head&64 != 0; padded {
		var ok bool
		if rest, ok = withoutPadding(rest); !ok {
			return false
		}
	}
	if sized := head&128 != 0; sized {
		return validFrames(rest, n)
	}
	return len(rest)%n == 0 && len(rest)/n <= opusMostFrame
}

// withoutPadding reads how much padding there is, at the end, and cuts it off.
func withoutPadding(rest []byte) ([]byte, bool) {
	for padding := 0; len(rest) > 0; {
		size := int(rest[0])
		rest = rest[1:]
		if size == 255 { // 254, and another byte says more
			padding += 254
			continue
		}
		padding += size
		return rest[:max(0, len(rest)-padding)], padding <= len(rest)
	}
	return nil, false
}

// validFrames looks at frames of which each but the last has its size before it; the
// sizes of all come before the first frame.
func validFrames(rest []byte, n int) bool {
	sum := 0
	for range n - 1 {
		if len(rest) == 0 {
			return false
		}
		size, bytes := int(rest[0]), 1
		if size >= 252 {
			if len(rest) < 2 {
				return false
			}
			size, bytes = size+4*int(rest[1]), 2
		}
		rest = rest[bytes:]
		sum += size
	}
	last := len(rest) - sum
	return last >= 0 && last <= opusMostFrame
}

// opusFrame is how long a frame of one of the 32 configurations lasts.
func opusFrame(config byte) time.Duration {
	switch {
	case config < 12: // SILK
		return [...]time.Duration{10, 20, 40, 60}[config%4] * time.Millisecond
	case config < 16: // hybrid
		return [...]time.Duration{10, 20}[config%2] * time.Millisecond
	default: // CELT
		return 2500 * time.Microsecond << (config % 4)
	}
}
