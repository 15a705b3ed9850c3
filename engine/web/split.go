package web

import (
	"errors"
	"net"
	"sync"
	"time"
)

// split tells ICE over TCP from HTTP, on one port: what ICE sends begins with its length, less than
// 256, in two bytes; HTTP and TLS never begin with 0.
type split struct {
	from net.Listener
	http *branch
	ice  *branch
	done chan struct{} // closed when nothing more is accepted

	mu     sync.Mutex // held while what follows is used
	err    error      // of accepting
	closed bool
	asked  map[net.Conn]struct{} // of which the first byte has not come
}

// firstByteTimeout is how long that may take to come.
const firstByteTimeout = headerTimeout

// branch is the listener of one of the two.
type branch struct {
	split *split
	conns chan net.Conn
	once  sync.Once
	over  chan struct{} // closed when it is
}

func newSplit(from net.Listener) *split {
	s := &split{from: from, done: make(chan struct{}), asked: map[net.Conn]struct{}{}}
	s.http, s.ice = s.branch(), s.branch()
	go s.accept()
	return s
}

func (s *split) branch() *branch {
	return &branch{split: s, conns: make(chan net.Conn), over: make(chan struct{})}
}

func (s *split) accept() {
	defer close(s.done)
	for {
		c, err := s.from.Accept()
		if err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			return
		}
		s.mu.Lock()
		if s.closed {
			_ = c.Close()
		} else {
			s.asked[c] = struct{}{}
			go s.look(c)
		}
		s.mu.Unlock()
	}
}

// look hands a connection on to one of the two branches.
func (s *split) look(c net.Conn) {
	first := make([]byte, 1)
	_ = c.SetReadDeadline(time.Now().Add(firstByteTimeout))
	_, err := c.Read(first)
	s.mu.Lock()
	delete(s.asked, c)
	s.mu.Unlock()
	if err != nil {
		_ = c.Close()
		return
	}
	_ = c.SetReadDeadline(time.Time{})
	to := s.http
	if first[0] == 0 {
		to = s.ice
	}
	select {
	case to.conns <- &begunConn{c, first}:
	case <-to.over:
		_ = c.Close()
	case <-s.done:
		_ = c.Close()
	}
}

// close ends it, and what waits.
func (s *split) close() error {
	s.mu.Lock()
	s.closed = true
	for c := range s.asked {
		_ = c.Close()
	}
	s.mu.Unlock()
	err := s.from.Close()
	<-s.done
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Accept implements [net.Listener].
func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.over:
		return nil, net.ErrClosed
	case <-b.split.done:
		b.split.mu.Lock()
		defer b.split.mu.Unlock()
		return nil, b.split.err
	}
}

// Close implements [net.Listener]. The other branch stays.
func (b *branch) Close() error {
	b.once.Do(func() { close(b.over) })
	return nil
}

// Addr implements [net.Listener].
func (b *branch) Addr() net.Addr { return b.split.from.Addr() }

// begunConn is a connection of which the first byte has been read.
type begunConn struct {
	net.Conn
	first []byte
}

// Read implements [net.Conn].
func (c *begunConn) Read(p []byte) (int, error) {
	if len(c.first) > 0 && len(p) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// NetConn is the connection below.
func (c *begunConn) NetConn() net.Conn { return c.Conn }
