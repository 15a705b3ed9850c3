package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"

	"github.com/loci-place/loci/netcode"
)

// Labels of the two data channels.
const (
	liveLabel     = "live"
	reliableLabel = "reliable"
)

// What data channels are made with.
const (
	// receiveBuffer is how much of what a peer sends may wait, and so what of a message that has not
	// come as a whole. It bounds what a peer can make the place hold.
	receiveBuffer = 512 << 10
	// leastWindow is how much may be on its way on any line, in bytes: ten packets, as in TCP.
	leastWindow = 12_000
	// longestResend is how long it takes at most until what was lost is sent again.
	longestResend = 2 * time.Second
	// refresh is how old what is known of the line may be.
	refresh = 50 * time.Millisecond
)

// rtc makes WebRTC connections, all over one UDP port, and over TCP connections that it is given.
type rtc struct {
	api         *webrtc.API
	certificate webrtc.Certificate
	udp         ice.UDPMux
	tcp         ice.TCPMux // nil if there is none
	addr        netip.AddrPort
	busy        chan struct{} // full while as many offers are answered as may be at once
}

// answersAtOnce is how many offers are answered at once, so that they do not crowd out what else is done.
const answersAtOnce = 2

func newRTC(cfg *Config, limits *Limits) (*rtc, error) {
	at, err := net.ResolveUDPAddr("udp", cfg.UDP)
	if err != nil {
		return nil, fmt.Errorf("UDP is %.100q: %w", cfg.UDP, err)
	}
	socket, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, err
	}
	for _, set := range []func(int) error{socket.SetReadBuffer, socket.SetWriteBuffer} {
		_ = set(socketBuffer) // as much as the system allows
	}
	r := &rtc{addr: socket.LocalAddr().(*net.UDPAddr).AddrPort(), busy: make(chan struct{}, answersAtOnce)}
	if r.certificate, err = newCertificate(); err != nil {
		_ = socket.Close()
		return nil, err
	}
	log := quietLogs{}
	r.udp = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: socket, Logger: log.NewLogger("ice")})
	s := webrtc.SettingEngine{LoggerFactory: log}
	s.SetLite(true)
	s.SetICEUDPMux(r.udp)
	s.SetIncludeLoopbackCandidate(true)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.DisableActiveTCP(true) // it connects to nobody
	networks := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if cfg.TCP != nil {
		networks = append(networks, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
		r.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: cfg.TCP, Logger: log.NewLogger("ice"), ReadBufferSize: tcpPackets, WriteBufferSize: tcpBuffer,
			FirstStunBindTimeout: limits.OfferTimeout, AliveDurationForConnFromStun: limits.OfferTimeout,
		})
		s.SetICETCPMux(r.tcp)
	}
	s.SetNetworkTypes(networks)
	if at := r.addr.Addr().Unmap(); !at.IsUnspecified() {
		s.SetIPFilter(func(ip net.IP) bool { return ip.Equal(at.AsSlice()) })
	}
	s.SetICETimeouts(limits.Timeout/3, limits.Timeout-limits.Timeout/3, 2*time.Second)
	s.DetachDataChannels()
	s.SetSCTPMaxReceiveBufferSize(receiveBuffer)
	s.SetSCTPMaxMessageSize(messageBytes + 1)
	s.SetSCTPMinCwnd(leastWindow)
	s.SetSCTPRTOMax(longestResend)
	s.EnableSCTPZeroChecksum(true)
	// The peer begins: what is made for an offer sends nothing before it has shown that it got the answer.
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if len(cfg.PublicAddrs) > 0 {
		var addrs []string
		for _, a := range cfg.PublicAddrs {
			addrs = append(addrs, a.String())
		}
		err := s.SetICEAddressRewriteRules(webrtc.ICEAddressRewriteRule{External: addrs, AsCandidateType: webrtc.ICECandidateTypeHost})
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	r.api = webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(&webrtc.MediaEngine{}))
	return r, nil
}

// What may wait of what comes and goes: in the system, and for a peer over TCP.
const (
	socketBuffer = 4 << 20
	tcpPackets   = 64
	tcpBuffer    = 256 << 10
)

func (r *rtc) close() error {
	err := r.udp.Close()
	if r.tcp != nil {
		err = errors.Join(err, r.tcp.Close())
	}
	return err
}

// newCertificate makes the one of all connections: what it is worth is in the answer. It is made
// once, as that takes as long as a handshake.
func newCertificate() (webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return webrtc.Certificate{}, err
	}
	now := time.Now()
	c, err := webrtc.NewCertificate(key, x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Version: 3, NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(50, 0, 0),
	})
	if err != nil {
		return webrtc.Certificate{}, err
	}
	return *c, nil
}

// offer is a join that has been answered, until it is connected or given up.
type offer struct {
	t    *Transport
	join *join
	pc   *webrtc.PeerConnection

	counted bool // among Transport.peers
	closing sync.Once

	mu             sync.Mutex  // held while what follows is used
	late           *time.Timer // ends it
	over           bool
	conn           *conn // once connected
	live, reliable *datachannel.DataChannel
}

// joinByOffer answers an offer.
func (t *Transport) joinByOffer(w http.ResponseWriter, r *http.Request, j *join) {
	text, no := t.readBody(w, r)
	if no != nil {
		j.release()
		refuse(w, no)
		return
	}
	sdp, err := readOffer(text)
	if err != nil {
		j.release()
		refuse(w, &refusal{http.StatusBadRequest, 0, "the offer: " + err.Error()})
		return
	}
	select {
	case t.rtc.busy <- struct{}{}:
		defer func() { <-t.rtc.busy }()
	case <-r.Context().Done():
		j.release()
		return
	case <-t.closing:
		j.release()
		refuse(w, &refusal{http.StatusServiceUnavailable, 0, "the place closes"})
		return
	}
	o, answer, err := t.answer(j, sdp)
	if err != nil {
		t.log.Debug("an offer is not answered", "from", j.from, "error", err)
		refuse(w, &refusal{http.StatusBadRequest, 0, "the offer: " + err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/sdp")
	w.WriteHeader(http.StatusOK)
	if _, err := io.WriteString(w, answer); err != nil {
		o.giveUp("the answer was not taken")
	}
}

// readBody reads an offer, for as long as it may take.
func (t *Transport) readBody(w http.ResponseWriter, r *http.Request) (string, *refusal) {
	// Not where the server's connections have no deadlines, as in tests.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(t.limits.OfferTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(t.limits.OfferBytes)))
	switch _, large := errors.AsType[*http.MaxBytesError](err); {
	case large:
		return "", &refusal{http.StatusRequestEntityTooLarge, 0, fmt.Sprintf("the offer is larger than %d bytes", t.limits.OfferBytes)}
	case err != nil:
		return "", &refusal{http.StatusBadRequest, 0, "the offer did not come as a whole"}
	}
	return string(body), nil
}

// answer makes a connection of an offer. The join is the offer's from here on.
func (t *Transport) answer(j *join, sdp string) (_ *offer, answer string, err error) {
	pc, err := t.rtc.api.NewPeerConnection(webrtc.Configuration{Certificates: []webrtc.Certificate{t.rtc.certificate}})
	if err != nil {
		j.release()
		return nil, "", err
	}
	o := &offer{t: t, join: j, pc: pc}
	pc.OnDataChannel(o.opens)
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateClosed {
			o.ends()
		}
	})
	pc.SCTP().OnError(func(error) { o.violates("frames for a channel that there is not") })
	if !t.addOffer(o) {
		o.giveUp("the place closes")
		return nil, "", netcode.ErrClosed
	}
	defer func() {
		if err != nil {
			o.giveUp("it cannot be answered")
		}
	}()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp}); err != nil {
		return nil, "", err
	}
	description, err := pc.CreateAnswer(nil)
	if err != nil {
		return nil, "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(description); err != nil {
		return nil, "", err
	}
	patience := time.NewTimer(2 * time.Second)
	defer patience.Stop()
	select {
	case <-gathered:
	case <-patience.C:
		return nil, "", errors.New("the place does not find out its addresses")
	}
	return o, pc.LocalDescription().SDP, nil
}

// addOffer has the offer be given up in time, or when the transport closes. It returns false where that is closed.
func (t *Transport) addOffer(o *offer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed.Load() {
		return false
	}
	t.offers[o] = struct{}{}
	t.peers.Add(1)
	o.counted = true
	o.mu.Lock()
	defer o.mu.Unlock()
	o.late = time.AfterFunc(t.limits.HalfOpenTimeout, func() {
		t.drops.halfOpen.Add(1)
		o.giveUp("it did not connect in time")
	})
	return true
}

func (t *Transport) removeOffer(o *offer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.offers, o)
}

// giveUp ends an offer that has not been connected.
func (o *offer) giveUp(why string) {
	o.mu.Lock()
	over := o.over || o.conn != nil
	o.over = true
	o.mu.Unlock()
	if over {
		return
	}
	o.t.log.Debug("a join is given up: "+why, "from", o.join.from)
	o.release()
	o.close()
}

// close closes the WebRTC connection, elsewhere: that waits for what may call this.
func (o *offer) close() {
	o.closing.Do(func() {
		go func() {
			_ = o.pc.GracefulClose()
			if o.counted {
				o.t.peers.Done()
			}
		}()
	})
}

// release frees what an offer holds before it is connected.
func (o *offer) release() {
	o.mu.Lock()
	if o.late != nil {
		o.late.Stop()
	}
	o.mu.Unlock()
	o.t.removeOffer(o)
	o.join.release()
}

// ends hears that the WebRTC connection has ended.
func (o *offer) ends() {
	o.mu.Lock()
	c := o.conn
	o.mu.Unlock()
	if c != nil {
		c.lost(netcode.CodeConnectionLost)
		return
	}
	o.giveUp("the connection has failed")
}

// violates ends what opens or writes to other channels than it should.
func (o *offer) violates(why string) {
	o.mu.Lock()
	c := o.conn
	o.mu.Unlock()
	if c == nil {
		o.giveUp(why)
		return
	}
	c.mu.Lock()
	c.overload(why)
	c.mu.Unlock()
}

// opens hears that the peer opens a channel.
func (o *offer) opens(d *webrtc.DataChannel) {
	label := d.Label()
	lasting := d.Ordered() && d.MaxRetransmits() == nil && d.MaxPacketLifeTime() == nil
	fleeting := !d.Ordered() && d.MaxRetransmits() != nil && *d.MaxRetransmits() == 0
	if label != liveLabel && label != reliableLabel || label == liveLabel && !fleeting || label == reliableLabel && !lasting {
		o.violates(fmt.Sprintf("it opens a channel %.20q that is none of the two", label))
		return
	}
	d.OnOpen(func() {
		raw, err := d.Detach()
		channel, ok := raw.(*datachannel.DataChannel)
		if err != nil || !ok {
			o.violates("a channel cannot be used")
			return
		}
		o.opened(label, channel)
	})
}

func (o *offer) opened(label string, d *datachannel.DataChannel) {
	o.mu.Lock()
	which := &o.live
	if label == reliableLabel {
		which = &o.reliable
	}
	twice := *which != nil
	if !twice {
		*which = d
	}
	both := o.live != nil && o.reliable != nil && !o.over && !twice
	o.mu.Unlock()
	if twice {
		o.violates("it opens a channel twice")
		return
	}
	if both {
		o.connect()
	}
}

// connect makes a connection of an offer that has been followed up.
func (o *offer) connect() {
	t := o.t
	var p *peerLine
	c := t.add(o.join, func(c *conn) line {
		p = &peerLine{conn: c, offer: o, live: o.live, reliable: o.reliable}
		return p
	})
	if c == nil {
		o.giveUp("the place closes")
		return
	}
	o.mu.Lock()
	o.late.Stop()
	o.conn = c
	gone := o.over
	o.mu.Unlock()
	t.removeOffer(o)
	o.join.connected()
	p.reliable.OnBufferedAmountLow(c.nudge)
	if gone {
		c.lost(netcode.CodeConnectionLost)
	}
	go func() {
		defer t.readDone(c)
		defer o.join.release()
		c.connect()
		var reading sync.WaitGroup
		reading.Go(func() { p.read(p.live, true) })
		p.read(p.reliable, false)
		reading.Wait()
	}()
}

// peerLine is a connection's line over data channels.
type peerLine struct {
	conn           *conn
	offer          *offer
	live, reliable *datachannel.DataChannel
	written        atomic.Uint64

	seen   atomic.Int64 // when what follows was looked at, in ns
	rtt    atomic.Int64 // in ns
	window atomic.Int64 // bytes that may be on their way

	taken, since uint64 // bytes of messages, and of packets when they were last more; used by hoards
}

// read hands on what comes over a channel, until it ends.
func (p *peerLine) read(d *datachannel.DataChannel, live bool) {
	buffer := make([]byte, 2<<10)
	for {
		n, text, err := d.ReadDataChannel(buffer)
		if errors.Is(err, io.ErrShortBuffer) && len(buffer) <= messageBytes {
			buffer = make([]byte, min(2*len(buffer), messageBytes+1))
			continue
		}
		if errors.Is(err, io.ErrShortBuffer) {
			p.conn.t.log.Warn("disconnecting: a message is too large", "from", p.conn.from, "limit", messageBytes)
			p.conn.lost(netcode.CodeOverload)
			return
		}
		if err != nil {
			p.conn.lost(netcode.CodeConnectionLost)
			return
		}
		p.conn.receive(buffer[:n], text, live)
		if len(buffer) > 4*partBytes {
			buffer = make([]byte, 2<<10) // most are small
		}
	}
}

// look brings what is known of the line up to date.
func (p *peerLine) look() {
	now := time.Now().UnixNano()
	seen := p.seen.Load()
	if now-seen < int64(refresh) || !p.seen.CompareAndSwap(seen, now) {
		return
	}
	s := p.offer.pc.SCTP().Stats()
	p.rtt.Store(int64(s.SmoothedRoundTripTime * float64(time.Second)))
	p.window.Store(int64(s.CongestionWindow))
}

// late implements [line]. What is on its way is not late; what waits for that to arrive is, where it is
// more than goes out in LiveDelay.
func (p *peerLine) late() bool {
	p.look()
	window, rtt := p.window.Load(), max(p.rtt.Load(), int64(time.Millisecond))
	l := &p.conn.t.limits
	most := window + int64(float64(window)*float64(l.LiveDelay)/float64(rtt))
	return int64(p.live.BufferedAmount()) > min(max(most, liveBytes), int64(l.MaxLive))
}

// writeLive implements [line].
func (p *peerLine) writeLive(message []byte) (written bool, err error) {
	if p.late() {
		return false, nil
	}
	_, err = p.live.WriteDataChannel(message, false)
	return err == nil, err
}

// full implements [line]. What is live goes first, whatever is queued in SCTP; other channels do not.
func (p *peerLine) full() bool {
	p.look()
	return int64(p.reliable.BufferedAmount()) > max(2*p.window.Load(), 4*partBytes)
}

// await implements [line]: any acknowledgement of what is reliable nudges the connection.
func (p *peerLine) await() {
	for {
		n := p.reliable.BufferedAmount()
		if n == 0 {
			return
		}
		p.reliable.SetBufferedAmountLowThreshold(n - 1)
		if p.reliable.BufferedAmount() == n {
			return
		}
		p.conn.nudge() // some came in between
	}
}

// write implements [line].
func (p *peerLine) write(message []byte) error {
	if _, err := p.reliable.WriteDataChannel(message, false); err != nil {
		return err
	}
	p.written.Add(uint64(len(message)))
	return nil
}

// acknowledged implements [line]. It counts bytes: where something has been lost, as many behind it
// may have been acknowledged in its place.
func (p *peerLine) acknowledged() uint64 {
	written := p.written.Load()
	return written - min(written, p.reliable.BufferedAmount())
}

// hoardBytes is how much a peer may send that no message comes of: four times what may wait. SCTP puts
// fragments together whatever their size, and each costs much more than its bytes.
const hoardBytes = 4 * receiveBuffer

// hoards implements [line].
func (p *peerLine) hoards() bool {
	sent, taken := p.offer.pc.SCTP().Stats().BytesReceived, p.conn.received.Load()
	if taken != p.taken {
		p.taken, p.since = taken, sent
	}
	return sent-min(sent, p.since) > hoardBytes
}

// stats implements [line].
func (p *peerLine) stats(s *netcode.Stats) {
	p.look()
	s.RTT = time.Duration(p.rtt.Load())
}

// cut implements [line].
func (p *peerLine) cut() { p.offer.close() }

// close implements [line]. The peer has heard goodbye, if it can.
func (p *peerLine) close(uint32) { p.cut() }

// quietLogs keeps to itself what pion would log: it is about packets, and strangers can cause it.
type quietLogs struct{}

// NewLogger implements [logging.LoggerFactory].
func (quietLogs) NewLogger(scope string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope(scope, logging.LogLevelDisabled, io.Discard)
}
