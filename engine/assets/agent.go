package assets

import (
	"bytes"
	"slices"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/engine/bucket"
	"github.com/loci-place/loci/netcode"
)

// Agent is one agent as the centre knows it.
type Agent struct {
	centre    *Centre
	id        string
	to        []netcode.Conn // its connection
	channel   uint8
	transport Transport
	backlog   atomic.Int64 // bytes of frames that wait for logic
	waits     func(bytes int64)

	// All below belongs to logic.
	gone     bool
	wants    []*want // what it has asked for, and what it is pushed, in order
	searches int     // how many of them other agents are asked for
	asking   bucket.Bucket
	sending  bool // a piece is on its way to it
	out, in  pace
	pushed   map[netcode.AssetHash]*want

	questions int  // that it was asked and has not answered
	silent    bool // it did not answer the last one in time
	lies      int  // how often what it gave was not what the id said
	pushes    int  // assets that it sends unasked
	pushBytes int64
}

// frameCost is what a waiting frame counts beside its content.
const frameCost = 256

// Receive takes an asset frame that the agent has sent, and reports false if too much
// of it waits already. The frame's data is copied.
func (a *Agent) Receive(f netcode.AssetFrame) bool {
	h := &f.Header
	cost := int64(len(f.Data) + len(h.ID) + len(h.PublishedBy) + len(h.ErrorReason) + frameCost)
	if a.backlog.Add(cost) > int64(a.centre.cfg.QueueBytes) {
		a.backlog.Add(-cost)
		return false
	}
	a.waits(cost)
	f.Data = bytes.Clone(f.Data)
	a.centre.logic.do(func() {
		a.backlog.Add(-cost)
		a.waits(-cost)
		if !a.gone {
			a.received(&f)
		}
	})
	return true
}

func (a *Agent) received(f *netcode.AssetFrame) {
	hash, err := netcode.ParseAssetID(f.Header.ID)
	switch {
	case err != nil && f.MID == netcode.AssetRequest:
		a.refuse(f.Header.ID, netcode.AssetMalformed, err.Error())
	case err != nil:
	case f.MID == netcode.AssetRequest:
		a.request(hash, &f.Header)
	default:
		a.silent = false
		a.gave(hash, f)
	}
}

// gave takes a frame about an asset that the agent may have been asked for.
func (a *Agent) gave(hash netcode.AssetHash, f *netcode.AssetFrame) {
	s := a.centre.assets[hash]
	switch asked := s != nil && s.source == a; {
	case s != nil && s.phase == searching && s.others[a].open:
		s.changeTo(a)
		a.gave(hash, f)
	case f.MID == netcode.AssetData && asked:
		s.answered(f)
	case f.MID == netcode.AssetData:
		a.offered(hash, s, f)
	case asked && s.question.open:
		s.refused[a] = true
		s.lose("does not have it")
	}
}

// request puts a range that the agent asks for into line.
func (a *Agent) request(hash netcode.AssetHash, h *netcode.AssetHeader) {
	offset, length := int64(h.Offset), int64(h.Length)
	if a.isPushed(hash, offset) {
		return
	}
	open := 0
	for _, w := range a.wants {
		if w.hash == hash && w.offset == offset && !w.push {
			w.length = max(w.length, length) // it gets one answer to both
			return
		}
		if !w.push {
			open++
		}
	}
	if open >= a.centre.cfg.Requests {
		a.refuse(h.ID, netcode.AssetNotAvailable, "too many open requests")
		return
	}
	w := &want{agent: a, hash: hash, offset: offset, length: length, publishedBy: h.PublishedBy}
	a.wants = append(a.wants, w)
	if _, there, _ := a.centre.local(hash); there {
		a.centre.hits.Add(1)
	} else {
		a.centre.misses.Add(1)
	}
	a.centre.look(w)
	a.pump()
}

// pump sends the next piece there is, if none is on its way.
func (a *Agent) pump() {
	for a.next() {
	}
}

// next looks for something to send, and reports whether there may be more.
func (a *Agent) next() bool {
	if a.sending || a.gone {
		return false
	}
	for i, w := range a.wants {
		if total, ready := a.centre.ready(w); ready {
			a.wants = append(a.wants[:i], a.wants[i+1:]...)
			a.serve(w, total)
			return true
		}
	}
	return false
}

// serve answers what an agent wants, or begins to: a short answer is fine
// (netcode/PROTOCOL.md, "Assets").
func (a *Agent) serve(w *want, total int64) {
	if w.offset > total {
		w.detach()
		a.refuse(w.hash.ID(), netcode.AssetMalformed, "the range begins behind the end")
		return
	}
	n := min(w.length, int64(a.out.size), total-w.offset)
	frame, err := a.centre.piece(w, n, total)
	if err != nil {
		a.centre.log.Warn("an asset cannot be read", "asset", w.hash.ID(), "error", err)
		a.wants = append(a.wants, w)
		a.centre.look(w)
		return
	}
	a.send(frame)
	n = int64(frame.n)
	if w.push && w.offset+n < total {
		w.offset += n
		a.wants = append(a.wants, w)
		return
	}
	w.offset += n
	w.detach()
	if w.push {
		a.pushEnds(w)
	}
}

// piece is a frame with n bytes of an asset in it.
type piece struct {
	frame []byte
	n     int
}

func (a *Agent) send(p piece) {
	a.sending = true
	sent := time.Now()
	err := a.transport.Send(netcode.Packet{
		Channel: a.channel, Reliable: true, Data: p.frame,
		Delivered: func() { a.centre.logic.do(func() { a.delivered(p.n, time.Since(sent)) }) },
	}, a.to...)
	if err != nil {
		a.sending = false
		a.centre.log.Debug("a piece of an asset is not sent", "agent", a.id, "error", err)
	}
}

func (a *Agent) delivered(n int, took time.Duration) {
	stats, _ := a.transport.Stats(a.to[0])
	a.out.took(n, took, stats.RTT)
	a.sending = false
	a.pump()
	for _, w := range slices.Clone(a.wants) {
		if w.asset != nil { // what streams may have gone by
			w.asset.step()
		}
	}
}

// refuse tells the agent that it does not get something.
func (a *Agent) refuse(id string, code int, why string) {
	a.tell(netcode.AssetFrame{
		MID:    netcode.AssetFailure,
		Header: netcode.AssetHeader{ID: id, ErrorCode: code, ErrorReason: why},
	})
}

// tell sends a frame that is small.
func (a *Agent) tell(f netcode.AssetFrame) {
	err := a.transport.Send(netcode.Packet{Channel: a.channel, Reliable: true, Data: f.Append(nil)}, a.to...)
	if err != nil {
		a.centre.log.Debug("an asset frame is not sent", "agent", a.id, "error", err)
	}
}

// maxLies is after how many of them nothing more is taken from an agent that it was
// not asked for.
const maxLies = 16
