package netcode

import (
	"encoding/binary"
	"fmt"
)

// MediaFrame is a piece of live audio or video (netcode/PROTOCOL.md, "Media").
type MediaFrame struct {
	Track   uint32
	Payload []byte // opaque
}

const mediaHeader = 4

// ParseMedia parses a media packet: the track, big-endian, and the payload, which shares
// memory with data. If trailer is set (see [Dialect].MediaTrailer), it drops the last byte.
func ParseMedia(data []byte, trailer bool) (MediaFrame, error) {
	least := mediaHeader
	if trailer {
		least++
	}
	if len(data) < least {
		return MediaFrame{}, fmt.Errorf("media: %s, want at least %d", count(len(data), "byte"), least)
	}
	end := len(data) - (least - mediaHeader)
	return MediaFrame{
		Track:   binary.BigEndian.Uint32(data),
		Payload: data[mediaHeader:end:end],
	}, nil
}

// Append appends the packet, followed by a newline if trailer is set.
func (f MediaFrame) Append(dst []byte, trailer bool) []byte {
	dst = binary.BigEndian.AppendUint32(dst, f.Track)
	dst = append(dst, f.Payload...)
	if trailer {
		dst = append(dst, '\n')
	}
	return dst
}
