package assets

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loci-place/loci/netcode"
)

// checker is a transport that looks at what the centre sends: each frame must be one
// that deployed agents survive.
type checker struct {
	t    *testing.T
	sent atomic.Int64
}

func (c *checker) Send(p netcode.Packet, to ...netcode.Conn) error {
	f, err := netcode.ParseAsset(p.Data)
	if err != nil || len(to) != 1 || !p.Reliable {
		c.t.Errorf("sent %q to %d: %v", p.Data, to, err)
	}
	if _, err := netcode.ParseAssetID(f.Header.ID); err != nil && f.MID != netcode.AssetFailure {
		c.t.Errorf("sent %+v: %v", f.Header, err)
	}
	c.sent.Add(1)
	if p.Delivered != nil {
		go p.Delivered()
	}
	return nil
}

func (c *checker) Stats(netcode.Conn) (netcode.Stats, bool) { return netcode.Stats{}, true }

// idOf is the id that byte n of a fuzz test's input speaks of.
func idOf(n byte) string { return netcode.AssetID([]byte{n % 4, n % 4}) }

// FuzzFrames has three agents send frames, four bytes of the input each: from whom and
// what kind, of which asset, and the range. The last is that of content of two bytes.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02" + "\x11\x00\x00\x02" + "\x00\x00\x00\x00"))
	f.Add([]byte("\x10\x00\x00\x02" + "\x01\x00\x00\x02" + "\x02\x00\x01\x01"))
	f.Add([]byte("\x01\x01\x00\x02" + "\x21\x01\x00\x02" + "\x12\x01\x00\x02" + "\x22\x01\x00\x02"))
	f.Add([]byte("\x01\x02\x00\x02" + "\x12\x02\x00\x01" + "\x12\x02\x01\x01" + "\x03\x02\x00\x00"))
	f.Add([]byte("\x21\x03\x00\x01" + "\x05\x03\x00\x00" + "\x04\x03\x00\x00" + "\x14\x03\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, cache := range []int64{2, 100, -1} {
			synctest.Test(t, func(t *testing.T) { tryFrames(t, data, cache) })
		}
	})
}

func tryFrames(t *testing.T, data []byte, cache int64) {
	c, err := New(Config{
		Options: Options{CacheBytes: cache, MaxBytes: 200}, Limits: Limits{Requests: 4, Searches: 2, Pushes: 2, PushBytes: 4},
		Transport: &checker{t: t}, Logger: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Start()
	var agents []*Agent
	for n := range 3 {
		agents = append(agents, c.Join(fmt.Sprint("agent ", n), netcode.Conn(n+1), 3, nil))
	}
	for ; len(data) >= 4; data = data[4:] {
		n := int(data[0]&15) % len(agents)
		sendFuzzed(c, agents[n], data)
		if data[0]&15 == 5 {
			c.Leave(agents[n])
			agents[n] = c.Join("another", netcode.Conn(n+10), 3, nil)
		}
		synctest.Wait()
	}
	time.Sleep(time.Hour)
	synctest.Wait()
	var left string
	c.logic.do(func() { left = c.leftOver() })
	synctest.Wait()
	if left != "" {
		t.Errorf("an hour later there is left: %s", left)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// sendFuzzed sends what four bytes say.
func sendFuzzed(c *Centre, a *Agent, b []byte) {
	id, offset, length := idOf(b[1]), uint64(b[2]), uint64(b[3])
	content := []byte{b[1] % 4, b[1] % 4, 0, 0, 0, 0}
	header := netcode.AssetHeader{ID: id, Offset: offset, Length: length}
	switch b[0] >> 4 {
	case 0:
		a.Receive(netcode.AssetFrame{MID: netcode.AssetRequest, Header: header})
	case 1, 4: // the truth, in a frame or two
		if offset <= 2 && offset+length <= 2 {
			header.TotalLength = 2
			a.Receive(netcode.AssetFrame{MID: netcode.AssetData, Header: header, Data: content[offset : offset+length]})
		}
	case 2:
		a.Receive(netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{ID: id, ErrorCode: 1}})
	case 3: // a lie
		if offset+length <= uint64(len(content)) {
			header.TotalLength = uint64(b[1])
			a.Receive(netcode.AssetFrame{MID: netcode.AssetData, Header: header, Data: content[offset : offset+length]})
		}
	case 5:
		_ = c.Push(a, id)
	case 6:
		header.PublishedBy = "somebody's"
		a.Receive(netcode.AssetFrame{MID: netcode.AssetRequest, Header: header})
	default:
		header.ID = fmt.Sprintf("%q", b)
		a.Receive(netcode.AssetFrame{MID: netcode.AssetRequest, Header: header})
	}
}

// leftOver says what the centre has not settled.
func (c *Centre) leftOver() string {
	for _, a := range c.agents {
		if len(a.wants) > 0 || a.searches != 0 || a.questions != 0 || a.pushes != 0 || a.pushBytes != 0 ||
			a.sending || len(a.pushed) > 0 || a.backlog.Load() != 0 {
			return fmt.Sprintf("%+v", a)
		}
	}
	if len(c.assets) > 0 || c.cache != nil && c.cache.coming != 0 || c.window.bytes != 0 {
		return fmt.Sprintf("%d assets, %d bytes in the window", len(c.assets), c.window.bytes)
	}
	if c.cache != nil && c.cache.used > c.cache.limit {
		return fmt.Sprintf("%d bytes in a cache of %d", c.cache.used, c.cache.limit)
	}
	return ""
}

func TestSpoolsAreSweptWhenTheCentreCloses(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{Options: Options{Dir: dir}, Transport: &checker{t: t}, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		c.Start()
		a := c.Join("ann", 1, 3, nil)
		content, h := someContent(1, 1000)
		a.Receive(netcode.AssetFrame{
			MID: netcode.AssetData, Header: netcode.AssetHeader{ID: h.ID(), Length: 500, TotalLength: 1000}, Data: content[:500],
		})
		synctest.Wait()
		if files := first(os.ReadDir(dir)); len(files) != 1 {
			t.Errorf("%d files while it comes in", len(files))
		}
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if files := first(os.ReadDir(dir)); len(files) != 0 {
			t.Errorf("%d files afterwards", len(files))
		}
	})
}

func TestFramesThatWaitAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Config{Transport: &checker{t: t}, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		var waiting atomic.Int64
		a := c.Join("ann", 1, 3, func(n int64) { waiting.Add(n) })
		content, h := someContent(1, 1000)
		a.Receive(netcode.AssetFrame{
			MID: netcode.AssetData, Header: netcode.AssetHeader{ID: h.ID(), Length: 1000, TotalLength: 1000}, Data: content,
		})
		if n := waiting.Load(); n < 1000 {
			t.Errorf("%d bytes wait", n)
		}
		c.Start()
		synctest.Wait()
		if n := waiting.Load(); n != 0 {
			t.Errorf("%d bytes wait when nothing does", n)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}
