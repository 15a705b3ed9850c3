package media

import "time"

const (
	opusMostFrame  = 1275 // bytes
	opusMostPacket = 120 * time.Millisecond
)

// ValidOpus reports whether the framing of a packet is valid (RFC 6716, section 3.2, R1
// to R7). A decoder accepts any bytes inside valid frames; it refuses packets with
// invalid framing, and deployed agents crash when theirs does.
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

// validCounted checks the rest of a packet that states its number of frames.
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

// withoutPadding reads the length of the padding at the end, and cuts it off.
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

// validFrames checks n frames, which follow the sizes of all frames but the last.
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

// opusFrame returns the duration of a frame of one of the 32 configurations.
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
