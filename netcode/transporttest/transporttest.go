// Package transporttest checks that a transport does what [netcode.Transport] promises, as
// testing/fstest does for file systems. A transport's own test calls [Run] with what it needs:
// the place's end, and how an agent connects to it.
package transporttest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
)

// Rig is what [Run] needs of a transport.
type Rig struct {
	// Transport is the place's end, not yet served. Run closes it.
	Transport netcode.Transport
	// Connect opens a connection to it, with channels 0 to 5, as an agent does.
	Connect func(t testing.TB, a Agent) Peer
	// MaxPacket is the size in bytes over which Send fails; 0 if it takes every size.
	MaxPacket int
	// Several says that it is several transports as one, which use all bits of a Conn.
	Several bool
}

// Agent hears what happens to an agent's end of a connection.
type Agent struct {
	Received     func(channel uint8, data []byte) // must not keep data
	Disconnected func(code uint32)                // by the place
}

// Peer is an agent's end of a connection.
type Peer interface {
	// Send sends a packet to the place, reliably.
	Send(channel uint8, data []byte)
	// Close ends the connection, telling the place code.
	Close(code uint32)
}

// Run checks a transport. Each test makes a new one.
func Run(t *testing.T, make func(t testing.TB) Rig) {
	for name, test := range map[string]func(b *bench){
		"packets arrive in order":                 testOrder,
		"packets to several arrive once":          testSeveral,
		"unreliable packets arrive whole":         testUnreliable,
		"what is kept back is flushed":            testFlush,
		"deliveries are told once":                testDelivered,
		"disconnecting delivers what went before": testDisconnect,
		"a peer leaves":                           testPeerLeaves,
		"a connection's name is not used again":   testNames,
		"the handler may call":                    testFromHandler,
		"packets that are too large are refused":  testTooLarge,
		"goroutines may call at the same time":    testAtOnce,
		"closing tells all":                       testClose,
		"served once":                             testServedOnce,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, make(t))
			b.serve()
			test(b)
			b.close()
		})
	}
	t.Run("closed before it is served", func(t *testing.T) {
		transport := make(t).Transport
		if err := transport.Close(netcode.CodePlaceClosed); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := transport.Serve(&handler{}); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// bench is a transport that is served.
type bench struct {
	*testing.T
	Rig
	handler handler
	served  chan error
}

func newBench(t *testing.T, rig Rig) *bench {
	const plenty = 1 << 14
	b := &bench{T: t, Rig: rig, served: make(chan error, 1)}
	b.handler = handler{
		t: t, several: rig.Several, open: map[netcode.Conn]bool{}, connected: make(chan netcode.Conn, plenty),
		received: make(chan packet, plenty), ended: make(chan ending, plenty),
	}
	return b
}

func (b *bench) serve() { go func() { b.served <- b.Transport.Serve(&b.handler) }() }

func (b *bench) close() {
	b.Helper()
	if err := b.Transport.Close(netcode.CodePlaceClosed); err != nil {
		b.Errorf("Close: %v", err)
	}
	if err := await.Next(b.T, b.served, "Serve to return"); err != nil {
		b.Errorf("Serve: %v", err)
	}
	if n := b.handler.running.Load(); n != 0 {
		b.Errorf("the handler runs after Serve has returned")
	}
}

func (b *bench) send(p netcode.Packet, to ...netcode.Conn) {
	b.Helper()
	if err := b.Transport.Send(p, to...); err != nil {
		b.Errorf("Send: %v", err)
	}
}

// handler keeps what it hears and checks what can be said of it at once.
type handler struct {
	t          *testing.T
	several    bool
	running    atomic.Int32
	connected  chan netcode.Conn
	received   chan packet
	ended      chan ending
	onReceived func(c netcode.Conn, data []byte)

	open map[netcode.Conn]bool // false: it was
}

type packet struct {
	conn    netcode.Conn
	channel uint8
	data    []byte
}

type ending struct {
	conn netcode.Conn
	code uint32
}

// alone checks that the handler's methods run one at a time.
func (h *handler) alone() (done func()) {
	if h.running.Add(1) != 1 {
		h.t.Error("the handler hears two things at the same time")
	}
	return func() { h.running.Add(-1) }
}

// Connected implements [netcode.Handler].
func (h *handler) Connected(c netcode.Conn, _ netip.AddrPort) {
	defer h.alone()()
	if _, known := h.open[c]; known || c == 0 || !h.several && c>>netcode.ConnBits != 0 {
		h.t.Errorf("Connected(%#x): 0, used before, or over %d bits", c, netcode.ConnBits)
	}
	h.open[c] = true
	h.connected <- c
}

// Received implements [netcode.Handler].
func (h *handler) Received(c netcode.Conn, channel uint8, data []byte) {
	defer h.alone()()
	if !h.open[c] {
		h.t.Errorf("Received from %#x, which is not connected", c)
	}
	if h.onReceived != nil {
		h.onReceived(c, data)
	}
	h.received <- packet{c, channel, bytes.Clone(data)}
}

// Disconnected implements [netcode.Handler].
func (h *handler) Disconnected(c netcode.Conn, code uint32) {
	defer h.alone()()
	if !h.open[c] {
		h.t.Errorf("Disconnected(%#x), which is not connected", c)
	}
	h.open[c] = false
	h.ended <- ending{c, code}
}

// agent is a connected agent.
type agent struct {
	Peer
	conn     netcode.Conn // as the transport names it
	received chan packet
	ended    chan uint32
}

func (b *bench) connect() *agent {
	b.Helper()
	const plenty = 1 << 14
	a := &agent{received: make(chan packet, plenty), ended: make(chan uint32, 16)}
	a.Peer = b.Connect(b.T, Agent{
		Received:     func(channel uint8, data []byte) { a.received <- packet{0, channel, bytes.Clone(data)} },
		Disconnected: func(code uint32) { a.ended <- code },
	})
	a.conn = await.Next(b.T, b.handler.connected, "the connection")
	return a
}

// numbered is a packet's data of a size that says which of several it is.
func numbered(n, size int) []byte {
	data := bytes.Repeat([]byte{byte(n)}, max(4, size))
	binary.BigEndian.PutUint32(data, uint32(n))
	return data
}

// wantNumbered takes packets from a channel, which must be these, in order.
func wantNumbered(t *testing.T, from chan packet, channel uint8, sizes []int) {
	t.Helper()
	for n, size := range sizes {
		p := await.Next(t, from, "a packet")
		if p.channel != channel || !bytes.Equal(p.data, numbered(n, size)) {
			t.Fatalf("packet %d of %d bytes on channel %d came as one of %d on %d", n, size, channel, len(p.data), p.channel)
		}
	}
}

var sizes = []int{4, 1371, 1372, 1373, 5, 20_000, 6, 100_000, 7}

func testOrder(b *bench) {
	a := b.connect()
	var buffer []byte
	for n, size := range sizes {
		buffer = append(buffer[:0], numbered(n, size)...)
		b.send(netcode.Packet{Channel: 1, Reliable: true, Data: buffer}, a.conn)
		clear(buffer) // it must have been copied
		a.Send(1, numbered(n, size))
	}
	wantNumbered(b.T, a.received, 1, sizes)
	wantNumbered(b.T, b.handler.received, 1, sizes)
}

func testSeveral(b *bench) {
	one, two, gone := b.connect(), b.connect(), b.connect()
	gone.Close(netcode.CodeClientLeft)
	await.Next(b.T, b.handler.ended, "the end of one")
	const unknown = netcode.Conn(1)<<netcode.ConnBits - 7
	for n := range 3 {
		b.send(netcode.Packet{Channel: 1, Reliable: true, Data: numbered(n, 4)}, 0, one.conn, unknown, two.conn, gone.conn)
	}
	b.send(netcode.Packet{Channel: 1, Reliable: true, Data: numbered(9, 4)}) // to nobody
	for _, a := range []*agent{one, two} {
		wantNumbered(b.T, a.received, 1, []int{4, 4, 4})
		b.send(netcode.Packet{Channel: 1, Reliable: true, Data: numbered(0, 4)}, a.conn)
		wantNumbered(b.T, a.received, 1, []int{4}) // and nothing in between
	}
}

// testUnreliable sends packets until the last arrives. The others may be missing.
func testUnreliable(b *bench) {
	a := b.connect()
	for _, p := range []netcode.Packet{
		{Data: make([]byte, 100)}, {Data: make([]byte, 3000)}, {Data: make([]byte, 3001), NoResend: true}, {Data: make([]byte, 3002), Live: true},
	} {
		last, n := -1, 0
		await.Until(b.T, "an unreliable packet arrives", func() bool {
			p.Data = numbered(n, len(p.Data))
			b.send(p, a.conn)
			n++
			for {
				select {
				case got := <-a.received:
					if len(got.data) != len(p.Data) { // of the packets before
						continue
					}
					number := int(binary.BigEndian.Uint32(got.data))
					if number <= last || !bytes.Equal(got.data, numbered(number, len(p.Data))) {
						b.Errorf("packet %d came after %d, or damaged", number, last)
					}
					last = number
				default:
					return last >= 0
				}
			}
		})
	}
}

func testFlush(b *bench) {
	a := b.connect()
	for n := range 3 {
		b.send(netcode.Packet{Channel: 1, Reliable: true, More: true, Data: numbered(n, 4)}, a.conn)
	}
	if err := b.Transport.Flush(); err != nil {
		b.Errorf("Flush: %v", err)
	}
	wantNumbered(b.T, a.received, 1, []int{4, 4, 4})
	if err := b.Transport.Flush(); err != nil {
		b.Errorf("Flush of nothing: %v", err)
	}
}

func testDelivered(b *bench) {
	one, two, gone := b.connect(), b.connect(), b.connect()
	gone.Close(netcode.CodeClientLeft)
	await.Next(b.T, b.handler.ended, "the end of one")
	told := make(chan int, 16)
	for n, to := range [][]netcode.Conn{{one.conn}, {one.conn, two.conn}, {gone.conn}, {}} {
		b.send(netcode.Packet{Channel: 1, Reliable: true, Data: numbered(n, 5000), Delivered: func() {
			defer b.handler.alone()()
			told <- n
		}}, to...)
	}
	seen := map[int]bool{}
	for len(seen) < 4 {
		n := await.Next(b.T, told, "a delivery")
		if seen[n] {
			b.Errorf("delivery %d is told twice", n)
		}
		seen[n] = true
	}
	if p := await.Next(b.T, two.received, "what has been delivered"); !bytes.Equal(p.data, numbered(1, 5000)) {
		b.Errorf("%d bytes have been delivered", len(p.data))
	}
}

func testDisconnect(b *bench) {
	a, other := b.connect(), b.connect()
	var all []int
	for n := range 50 {
		all = append(all, 1000)
		b.send(netcode.Packet{Channel: 1, Reliable: true, Data: numbered(n, 1000)}, a.conn)
	}
	b.Transport.Disconnect(a.conn, netcode.CodeKicked)
	b.Transport.Disconnect(a.conn, netcode.CodeOverload) // has ended already
	b.Transport.Disconnect(0, netcode.CodeKicked)
	wantNumbered(b.T, a.received, 1, all)
	if code := await.Next(b.T, a.ended, "the agent's end"); code != netcode.CodeKicked {
		b.Errorf("the agent is told %d", code)
	}
	if end := await.Next(b.T, b.handler.ended, "the connection's end"); end != (ending{a.conn, netcode.CodeKicked}) {
		b.Errorf("disconnected %+v", end)
	}
	if _, ok := b.Transport.Stats(a.conn); ok {
		b.Error("a connection that has ended has Stats")
	}
	if _, ok := b.Transport.Stats(other.conn); !ok {
		b.Error("a connection has no Stats")
	}
	if _, ok := b.Transport.Stats(0); ok {
		b.Error("nobody has Stats")
	}
	a.Send(1, []byte("late"))
	other.Send(1, numbered(0, 4))
	wantNumbered(b.T, b.handler.received, 1, []int{4})
}

func testPeerLeaves(b *bench) {
	for code, want := range map[uint32]uint32{
		netcode.CodeClientLeft: netcode.CodeClientLeft, 4711: 4711, netcode.CodeConnectionLost: netcode.CodeClientLeft,
	} {
		a := b.connect()
		a.Close(code)
		if end := await.Next(b.T, b.handler.ended, "the connection's end"); end != (ending{a.conn, want}) {
			b.Errorf("disconnected %+v, want code %d", end, want)
		}
	}
}

func testNames(b *bench) {
	for range 20 { // the handler looks at them
		b.connect().Close(netcode.CodeClientLeft)
		await.Next(b.T, b.handler.ended, "the connection's end")
	}
}

func testFromHandler(b *bench) {
	b.handler.onReceived = func(c netcode.Conn, data []byte) {
		if _, ok := b.Transport.Stats(c); !ok {
			b.Error("no Stats in Received")
		}
		b.send(netcode.Packet{Channel: 1, Reliable: true, Data: data, More: true}, c)
		if err := b.Transport.Flush(); err != nil {
			b.Errorf("Flush: %v", err)
		}
		if binary.BigEndian.Uint32(data) == 2 {
			b.Transport.Disconnect(c, netcode.CodeKicked)
		}
	}
	a := b.connect()
	for n := range 3 {
		a.Send(1, numbered(n, 4))
	}
	wantNumbered(b.T, a.received, 1, []int{4, 4, 4})
	if end := await.Next(b.T, b.handler.ended, "the connection's end"); end != (ending{a.conn, netcode.CodeKicked}) {
		b.Errorf("disconnected %+v", end)
	}
}

func testTooLarge(b *bench) {
	if b.MaxPacket == 0 {
		return
	}
	a := b.connect()
	told := false
	err := b.Transport.Send(netcode.Packet{Channel: 1, Reliable: true, Data: make([]byte, b.MaxPacket+1), Delivered: func() { told = true }}, a.conn)
	if !errors.Is(err, netcode.ErrTooLarge) {
		b.Errorf("a byte too much: %v", err)
	}
	b.send(netcode.Packet{Channel: 1, Reliable: true, Data: numbered(0, 4)}, a.conn)
	wantNumbered(b.T, a.received, 1, []int{4})
	b.close()
	if told {
		b.Error("the delivery of what was refused is told")
	}
	b.served <- nil
}

// testAtOnce has agents come, talk and go while several goroutines send to all of them.
func testAtOnce(b *bench) {
	var sending sync.WaitGroup
	var senders [3]chan netcode.Conn
	for i := range senders {
		conns := make(chan netcode.Conn)
		senders[i] = conns
		sending.Go(func() {
			var to []netcode.Conn
			for c := range conns {
				to = append(to, c)
				b.sendSome(to)
			}
		})
	}
	for n := range 8 {
		a := b.connect()
		for _, conns := range senders {
			conns <- a.conn
		}
		a.Send(1, numbered(0, 4))
		await.Next(b.T, b.handler.received, "a packet")
		await.Next(b.T, a.received, "a packet")
		if n%2 == 0 {
			a.Close(netcode.CodeClientLeft)
		} else {
			b.Transport.Disconnect(a.conn, netcode.CodeKicked)
		}
		await.Next(b.T, b.handler.ended, "the connection's end")
	}
	for _, conns := range senders {
		close(conns)
	}
	sending.Wait()
}

func (b *bench) sendSome(to []netcode.Conn) {
	for n := range 30 {
		if err := b.Transport.Send(netcode.Packet{Channel: 1, Reliable: n%2 == 0, More: n%3 == 0, Data: numbered(n, 8)}, to...); err != nil {
			b.Errorf("Send: %v", err)
		}
		if err := b.Transport.Flush(); err != nil {
			b.Errorf("Flush: %v", err)
		}
		for _, c := range to {
			b.Transport.Stats(c)
		}
	}
}

func testClose(b *bench) {
	agents := []*agent{b.connect(), b.connect()}
	b.close()
	for _, a := range agents {
		if code := await.Next(b.T, a.ended, "the agent's end"); code != netcode.CodePlaceClosed {
			b.Errorf("an agent is told %d", code)
		}
		if _, ok := b.Transport.Stats(a.conn); ok {
			b.Error("a connection has Stats after Close")
		}
		a.Send(1, []byte("late"))
		b.Transport.Disconnect(a.conn, netcode.CodeKicked)
		if err := b.Transport.Send(netcode.Packet{Channel: 1, Data: []byte("late")}, a.conn); !errors.Is(err, netcode.ErrClosed) {
			b.Errorf("Send after Close: %v", err)
		}
	}
	if err := b.Transport.Flush(); !errors.Is(err, netcode.ErrClosed) {
		b.Errorf("Flush after Close: %v", err)
	}
	if err := b.Transport.Serve(&b.handler); err != nil {
		b.Errorf("Serve after Close: %v", err)
	}
	if len(b.handler.ended) != 0 {
		b.Error("the handler hears of connections that Close ends")
	}
	b.served <- nil
}

func testServedOnce(b *bench) {
	a := b.connect()
	if err := b.Transport.Serve(&b.handler); err == nil {
		b.Error("it is served twice")
	}
	a.Send(1, numbered(0, 4))
	wantNumbered(b.T, b.handler.received, 1, []int{4})
}
