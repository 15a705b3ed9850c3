package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/loci-place/loci/netcode"
)

// socket is a connection's line over a WebSocket.
//
// The system keeps little of what is written to it ([limitUnsent]), so that what is live is dropped here,
// and not sent late. How much has arrived say pings: the answer to one acknowledges all that was written
// before it. As much may be on its way as makes a round trip LiveDelay longer than the shortest; what is
// reliable leaves a quarter of that to what is live.
type socket struct {
	conn    *conn
	ws      *websocket.Conn
	network *wire

	written, all    atomic.Uint64 // bytes of what is reliable, and of everything
	acked, allAcked atomic.Uint64 // how much of these has arrived
	window          atomic.Int64  // how much of everything may be on its way
	asked           atomic.Int64  // when the ping was sent that is out, in ns; 0: none is
	wrote           chan struct{} // full when something has been written that has not been asked for
	hurry           chan struct{} // full when somebody waits for the answer

	rtt, variance, least atomic.Int64 // in ns
}

// How often pings are sent: where nothing has been written, where something has, and where somebody
// waits to hear that it has arrived: at once.
const (
	idlePing = 5 * time.Second
	dataPing = 100 * time.Millisecond
)

// joinBySocket makes a WebSocket of a request.
func (t *Transport) joinBySocket(w http.ResponseWriter, r *http.Request, j *join) {
	network := &wire{}
	ws, err := websocket.Accept(&hijacker{w, network}, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // its origin has been checked
	if err != nil {
		t.log.Debug("a WebSocket has failed", "from", j.from, "error", err)
		j.release()
		return
	}
	ws.SetReadLimit(messageBytes + 1)
	limitUnsent(network.plain())
	j.connected()
	c := t.add(j, func(c *conn) line {
		s := &socket{conn: c, ws: ws, network: network, wrote: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
		s.window.Store(firstOnTheWay)
		return s
	})
	if c == nil {
		_ = ws.CloseNow()
		j.release()
		return
	}
	s := c.line.(*socket)
	t.reading.Go(s.ask)
	go func() {
		defer t.readDone(c)
		defer j.release()
		c.connect()
		c.lost(s.read())
	}()
}

// read hands on what comes, and returns why that has ended.
func (s *socket) read() (code uint32) {
	var buffer []byte
	for {
		typ, r, err := s.ws.Reader(context.Background())
		if err == nil {
			buffer, err = readAll(r, buffer[:0])
		}
		if err != nil {
			return s.ended(err)
		}
		s.conn.receive(buffer, typ != websocket.MessageBinary, false)
		if cap(buffer) > 4*partBytes {
			buffer = nil // most are small
		}
	}
}

// readAll appends a message to buffer.
func readAll(r io.Reader, buffer []byte) ([]byte, error) {
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, make([]byte, max(512, cap(buffer)))...)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if err == io.EOF {
			return buffer, nil
		}
		if err != nil {
			return buffer, err
		}
	}
}

// closed is what the status of a WebSocket's end is more than its code.
const closed = 3000

// ended returns the code of a connection whose reading has failed so.
func (s *socket) ended(err error) uint32 {
	if errors.Is(err, websocket.ErrMessageTooBig) {
		s.conn.t.log.Warn("disconnecting: a message is too large", "from", s.conn.from, "limit", messageBytes)
		return netcode.CodeOverload
	}
	switch status := websocket.CloseStatus(err); {
	case status == websocket.StatusNormalClosure:
		return netcode.CodeClientLeft
	case status >= closed+websocket.StatusCode(netcode.CodeConnectionLost):
		return netcode.GoodbyeCode(uint32(status - closed))
	default:
		return netcode.CodeConnectionLost
	}
}

// ask sends pings until the connection is over, or its peer is silent for too long.
func (s *socket) ask() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		clearSignal(s.wrote)
		clearSignal(s.hurry)
		mark, all, sent := s.written.Load(), s.all.Load(), time.Now()
		s.asked.Store(sent.UnixNano())
		ctx, cancel := context.WithTimeout(context.Background(), s.conn.t.limits.Timeout)
		err := s.ws.Ping(ctx)
		cancel()
		switch {
		case err == nil:
			s.asked.Store(0)
			s.measured(time.Since(sent), s.all.Load()-s.allAcked.Load())
			s.acked.Store(mark)
			s.allAcked.Store(all)
			s.conn.nudge()
		case errors.Is(err, context.DeadlineExceeded) && time.Since(s.network.lastHeard()) < s.conn.t.limits.Timeout:
			// What it sends is before its answer. It is asked again.
		default:
			s.conn.failed()
			return
		}
		if !s.rest(timer) {
			return
		}
	}
}

// rest waits until it is time for another ping. It returns false when the connection is over.
func (s *socket) rest(timer *time.Timer) bool {
	timer.Reset(idlePing)
	select {
	case <-s.wrote:
	case <-s.hurry:
		return true
	case <-timer.C:
		return true
	case <-s.conn.gone:
		return false
	}
	timer.Reset(dataPing)
	select {
	case <-s.hurry:
	case <-timer.C:
	case <-s.conn.gone:
		return false
	}
	return true
}

// measured folds a round trip into what is known, weighted as ENet does. The least of them grows by
// and by: the way may become longer.
func (s *socket) measured(rtt time.Duration, onTheWay uint64) {
	now, mean, least := int64(rtt), s.rtt.Load(), s.least.Load()
	defer func() { s.adapt(rtt, int64(onTheWay)) }()
	if mean == 0 {
		s.rtt.Store(now)
		s.variance.Store(now / 2)
		s.least.Store(now)
		return
	}
	s.rtt.Store(mean + (now-mean)/8)
	s.variance.Store(s.variance.Load() + (int64((rtt-time.Duration(mean)).Abs())-s.variance.Load())/4)
	s.least.Store(min(now, least+least/256+1))
}

// How much may be on its way over a WebSocket.
const (
	leastOnTheWay = 4 << 10
	firstOnTheWay = 32 << 10
	mostOnTheWay  = 1 << 20
)

// adapt brings how much may be on its way to what the line carries without delay. OnTheWay is how much
// was.
func (s *socket) adapt(rtt time.Duration, onTheWay int64) {
	window, most := s.window.Load(), time.Duration(s.least.Load())+s.conn.t.limits.LiveDelay
	switch {
	case rtt > most:
		window = int64(float64(min(window, onTheWay)) * float64(most) / float64(rtt))
	case onTheWay > window/2:
		window += window/4 + 1<<10
	}
	s.window.Store(min(max(window, leastOnTheWay), mostOnTheWay))
}

// onTheWay is how much has been written and not acknowledged.
func (s *socket) onTheWay() int64 { return int64(s.all.Load() - s.allAcked.Load()) }

// write implements [line]. It blocks while the line is full.
func (s *socket) write(message []byte) error {
	if err := s.ws.Write(context.Background(), websocket.MessageBinary, message); err != nil {
		return err
	}
	s.written.Add(uint64(len(message)))
	s.all.Add(uint64(len(message)))
	signal(s.wrote)
	return nil
}

// await implements [line].
func (s *socket) await() { signal(s.hurry) }

// writeLive implements [line].
func (s *socket) writeLive(message []byte) (written bool, err error) {
	if s.late() {
		return false, nil
	}
	if err := s.ws.Write(context.Background(), websocket.MessageBinary, message); err != nil {
		return false, err
	}
	s.all.Add(uint64(len(message)))
	signal(s.wrote)
	return true, nil
}

// full implements [line].
func (s *socket) full() bool { return s.onTheWay() > s.window.Load()*3/4 }

// late implements [line].
func (s *socket) late() bool {
	if s.onTheWay() > s.window.Load() {
		return true
	}
	asked := s.asked.Load()
	if asked == 0 {
		return false
	}
	usual := time.Duration(s.least.Load())
	if usual == 0 {
		usual = time.Second // as nothing is known yet
	}
	return time.Since(time.Unix(0, asked)) > usual+s.conn.t.limits.LiveDelay
}

// acknowledged implements [line].
func (s *socket) acknowledged() uint64 { return s.acked.Load() }

// hoards implements [line]: a message is read as it comes.
func (s *socket) hoards() bool { return false }

// stats implements [line].
func (s *socket) stats(stats *netcode.Stats) {
	stats.RTT, stats.RTTVariance = time.Duration(s.rtt.Load()), time.Duration(s.variance.Load())
}

// cut implements [line].
func (s *socket) cut() { _ = s.network.plain().Close() }

// close implements [line]. The peer has heard goodbye; its closing is waited for.
func (s *socket) close(code uint32) {
	if s.conn.cut.Load() {
		_ = s.ws.CloseNow()
		return
	}
	limit := time.AfterFunc(time.Second, s.cut)
	defer limit.Stop()
	_ = s.ws.Close(websocket.StatusCode(closed+min(code, 1999)), "")
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func clearSignal(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}

// hijacker is an http.ResponseWriter that keeps the connection which a WebSocket is made of.
type hijacker struct {
	http.ResponseWriter
	network *wire
}

// Hijack implements [http.Hijacker].
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.network.Conn = c
	h.network.heard.Store(time.Now().UnixNano())
	return h.network, buffers, nil
}

// wire is a network connection that knows when something has come over it.
type wire struct {
	net.Conn
	heard atomic.Int64
}

// Read implements [net.Conn].
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

func (w *wire) lastHeard() time.Time { return time.Unix(0, w.heard.Load()) }

// plain is the connection below TLS and whatever else is in between. To close TLS says goodbye, and may
// wait for room.
func (w *wire) plain() net.Conn {
	c := w.Conn
	for {
		outer, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return c
		}
		c = outer.NetConn()
	}
}
