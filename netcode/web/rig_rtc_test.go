package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode/transporttest"
)

// rtcPeer is an agent's end over data channels.
type rtcPeer struct {
	t              testing.TB
	pc             *webrtc.PeerConnection
	live, reliable *webrtc.DataChannel
	agent          transporttest.Agent
	gone           context.Context // ends with the connection

	mu    sync.Mutex // held while a packet is sent, in parts
	parts parts
}

// newClient makes a WebRTC connection as a browser's would be, that has not offered anything.
func newClient(t testing.TB) *webrtc.PeerConnection {
	t.Helper()
	s := webrtc.SettingEngine{LoggerFactory: quietLogs{}}
	s.SetIncludeLoopbackCandidate(true)
	s.SetInterfaceFilter(func(name string) bool { return name == "lo" || name == "lo0" })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pc.GracefulClose(); err != nil {
			t.Error(err)
		}
	})
	return pc
}

// createOffer has a client make an offer, without candidates.
func createOffer(t testing.TB, pc *webrtc.PeerConnection) string {
	t.Helper()
	o, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetLocalDescription(o); err != nil {
		t.Fatal(err)
	}
	return o.SDP
}

// browsers keeps connections for as many as ask at once.
var browsers = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// post sends an offer and returns the answer.
func post(t testing.TB, url, offer string) (status int, body string) {
	t.Helper()
	r, err := browsers.Post(url, "application/sdp", strings.NewReader(offer))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(text)
}

// joinWith has a client make an offer and take the answer, once the place is open.
func joinWith(t testing.TB, pc *webrtc.PeerConnection, url string) {
	t.Helper()
	offer := createOffer(t, pc)
	var status int
	var answer string
	await.Until(t, "the place is open", func() bool {
		status, answer = post(t, url, offer)
		return status != http.StatusServiceUnavailable
	})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
}

// dialRTC joins by WebRTC.
func dialRTC(t testing.TB, url string, agent transporttest.Agent) *rtcPeer {
	t.Helper()
	pc := newClient(t)
	ctx, cancel := context.WithCancel(context.Background())
	p := &rtcPeer{t: t, pc: pc, agent: agent, gone: ctx, parts: parts{packet: 8 << 20, total: 64 << 20}}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s >= webrtc.PeerConnectionStateDisconnected {
			cancel()
		}
	})
	ordered, none := false, uint16(0)
	p.live = p.channel(liveLabel, &webrtc.DataChannelInit{Ordered: &ordered, MaxRetransmits: &none})
	p.reliable = p.channel(reliableLabel, nil)
	opened := make(chan struct{}, 2)
	for _, d := range []*webrtc.DataChannel{p.live, p.reliable} {
		d.OnOpen(func() { opened <- struct{}{} })
	}
	joinWith(t, pc, url)
	await.Next(t, opened, "a channel to open")
	await.Next(t, opened, "the other channel to open")
	return p
}

func (p *rtcPeer) channel(label string, o *webrtc.DataChannelInit) *webrtc.DataChannel {
	d, err := p.pc.CreateDataChannel(label, o)
	if err != nil {
		p.t.Fatal(err)
	}
	d.OnMessage(func(data webrtc.DataChannelMessage) {
		m, err := parseMessage(data.Data)
		switch {
		case err != nil || data.IsString:
			p.t.Errorf("the place sends %.20q: %v", data.Data, err)
		case m.goodbye:
			p.agent.Disconnected(m.code)
		case label == liveLabel:
			p.agent.Received(m.channel, m.payload)
		default:
			if packet, complete, err := p.parts.add(m); err != nil {
				p.t.Error(err)
			} else if complete {
				p.agent.Received(m.channel, packet)
			}
		}
	})
	return d
}

// Send implements [transporttest.Peer].
func (p *rtcPeer) Send(channel uint8, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(data) > partBytes {
		_ = p.reliable.Send(message{channel: channel, part: true, payload: data[:partBytes]}.append(nil))
		data = data[partBytes:]
	}
	_ = p.reliable.Send(message{channel: channel, payload: data}.append(nil)) // not where it is over
}

// Close implements [transporttest.Peer].
func (p *rtcPeer) Close(code uint32) {
	_ = p.reliable.Send(message{goodbye: true, code: code}.append(nil))
}

var _ transporttest.Peer = (*rtcPeer)(nil)
