package assets

import (
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode"
)

// pushIdle is how long who sends an asset unasked may pause before it is asked for the
// rest.
const pushIdle = 500 * time.Millisecond

// offered takes data that nobody has asked the agent for: the beginning of a push, or
// what makes looking for it unnecessary.
func (a *Agent) offered(hash netcode.AssetHash, s *asset, f *netcode.AssetFrame) {
	c, total := a.centre, int64(f.Header.TotalLength)
	_, there, _ := c.local(hash)
	if there || c.cache == nil || f.Header.Offset != 0 || a.lies >= maxLies || total > c.cfg.MaxBytes {
		return
	}
	switch {
	case s == nil && (a.pushes >= c.cfg.Pushes || a.pushBytes+total > int64(c.cfg.PushBytes)):
		c.log.Debug("ignoring an asset that an agent pushes: it is over a limit", "agent", a.id, "bytes", total)
		return
	case s == nil:
		s = c.search(hash)
		s.pusher, s.total = a, total
		a.pushes++
		a.pushBytes += total
	case s.phase != searching || s.asked[a] && !s.refused[a]:
		return
	}
	s.closeQuestion()
	s.source, s.asked[a] = a, true
	s.given, s.spent = 0, 0
	s.begin(total)
	switch {
	case s.phase == spooling:
		s.take(f.Data)
	case len(s.wants) == 0: // it does not fit, and nobody wants it
		s.end()
		return
	default:
		s.pass(0, f.Data)
	}
	s.goOn()
}

// awaitPush asks for the rest if that does not come by itself.
func (s *asset) awaitPush() {
	have, asked := s.have, s.questions
	time.AfterFunc(pushIdle, func() {
		s.centre.logic.do(func() {
			if s.phase == spooling && s.have == have && s.questions == asked {
				s.step()
			}
		})
	})
}

// Push sends an agent an asset that it has not asked for: one by its id, or a file of
// the folder by its name. The error says that it is neither. What is not here is
// looked for, and if it is not to be had, or is no file, the log says so.
func (c *Centre) Push(a *Agent, asset string) error {
	if hash, err := netcode.ParseAssetID(asset); err == nil {
		c.logic.do(func() { a.push(hash) })
		return nil
	}
	if strings.HasPrefix(asset, "asset:") || !fs.ValidPath(asset) || c.folder == nil {
		return fmt.Errorf("%w: %.100q is neither an asset's id nor a file in the folder", ErrNoFile, asset)
	}
	c.disk.do(func() {
		hash, err := c.file(asset)
		if err != nil {
			c.log.Warn("an asset cannot be pushed", "agent", a.id, "error", err)
			return
		}
		c.logic.do(func() { a.push(hash) })
	})
	return nil
}

func (a *Agent) push(hash netcode.AssetHash) {
	if a.gone || a.pushed[hash] != nil {
		return
	}
	w := &want{agent: a, hash: hash, length: mostPiece, push: true}
	a.pushed[hash] = w
	a.wants = append(a.wants, w)
	a.centre.look(w)
	a.pump()
}

// isPushed reports whether a range that the agent asks for comes anyway: deployed agents
// ask for the next range of whatever arrives. Who asks for the beginning wants to do
// the asking, and is pushed no more.
func (a *Agent) isPushed(hash netcode.AssetHash, offset int64) bool {
	w := a.pushed[hash]
	if w == nil || offset > w.offset {
		return false
	}
	if offset > 0 {
		return true
	}
	a.forget(w)
	return false
}

func (a *Agent) forget(w *want) {
	delete(a.pushed, w.hash)
	for i, o := range a.wants {
		if o == w {
			a.wants = append(a.wants[:i], a.wants[i+1:]...)
			break
		}
	}
	w.detach()
}

// pushEnds goes on to know it for a while: the request for the last range may still be
// on its way.
func (a *Agent) pushEnds(w *want) {
	const grace = 2 * time.Second
	time.AfterFunc(grace, func() {
		a.centre.logic.do(func() {
			if a.pushed[w.hash] == w {
				delete(a.pushed, w.hash)
			}
		})
	})
}
