package assets_test

import (
	"encoding/binary"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode/client"
)

// sizeVariable is how many MB are moved in TestLargeTransferDelaysNobody; 20 if it is
// not set.
const sizeVariable = "LOCI_ASSETS_MB"

// TestLargeTransferDelaysNobody has an agent publish something large and ten others
// fetch it at once, over loopback from a place in a process of its own, and looks how
// regularly states and voice get through to those meanwhile, and how much memory the
// place takes.
func TestLargeTransferDelaysNobody(t *testing.T) {
	megabytes := 20
	if text := os.Getenv(sizeVariable); text != "" {
		var err error
		if megabytes, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	content := noise(1, megabytes<<20)
	t.Run("from a cache on disk", func(t *testing.T) { underLoad(t, content, t.TempDir()) })
	if megabytes > 32 { // what the cache in memory has room for
		t.Run("streaming through", func(t *testing.T) { underLoad(t, content, "") })
	}
}

func underLoad(t *testing.T, content []byte, dir string) {
	at, pid := startProcess(t, "place", dirVariable+"="+dir)
	publisher := dialPlace(t, at, client.Config{})
	id := publisher.PublishAsset(content)
	var agents []*listener
	for range 10 {
		agents = append(agents, listen(t, at))
	}
	bystander := listen(t, at) // fetches nothing, on the same machine
	defer speak(t, publisher, append(agents, bystander))()
	time.Sleep(time.Second)
	before := memory(t, pid, "VmRSS")

	start := time.Now()
	for _, a := range append(agents, bystander) {
		a.reset()
	}
	var fetching sync.WaitGroup
	for _, a := range agents {
		fetching.Go(func() {
			if err := a.FetchAssetTo(t.Context(), io.Discard, id, publisher.Avatar()); err != nil {
				t.Error(err)
			}
		})
	}
	fetching.Wait()
	took := time.Since(start)

	var gaps, delays []time.Duration
	bytes := 0
	for _, a := range agents {
		bytes += a.size()
		gaps, delays = append(gaps, a.gaps(start)...), append(delays, a.voice()...)
	}
	gapsBeside, delaysBeside := bystander.gaps(start), bystander.voice()
	grown := memory(t, pid, "VmHWM") - before
	megabytes := len(content) >> 20
	t.Logf("%d MB to %d agents in %v, %d MB/s: gaps between %d states of %d bytes %v at p50, %v at p99, %v at most; "+
		"delays of %d voice packets %v, %v, %v; memory +%d MB",
		megabytes, len(agents), took.Round(time.Millisecond), int(float64(megabytes*len(agents))/took.Seconds()),
		len(gaps), bytes/len(gaps), at50(gaps), at99(gaps), slices.Max(gaps), len(delays), at50(delays), at99(delays), slices.Max(delays), grown>>20)
	t.Logf("beside them: gaps %v at p50, %v at p99; delays %v, %v", at50(gapsBeside), at99(gapsBeside), at50(delaysBeside), at99(delaysBeside))
	if p99, beside := at99(gaps), at99(gapsBeside); p99 >= beside+slowness*100*time.Millisecond {
		t.Errorf("p99 of the gaps between states is %v, and %v of who fetches nothing", p99, beside)
	}
	if p99, beside := at99(delays), at99(delaysBeside); p99 >= beside+slowness*100*time.Millisecond {
		t.Errorf("p99 of the delays of voice is %v, and %v of who fetches nothing", p99, beside)
	}
	const heartbeat = 50 * time.Millisecond
	if got, beats := len(gapsBeside), int(took/heartbeat); slowness*got < beats*3/4 {
		t.Errorf("who fetches nothing is sent %d states in %d heartbeats", got, beats)
	}
	if grown >= slowness*64<<20 {
		t.Errorf("the place has grown by %d MB", grown>>20)
	}
}

func at50(d []time.Duration) time.Duration { return percentile(d, 50) }
func at99(d []time.Duration) time.Duration { return percentile(d, 99) }

func percentile(d []time.Duration, p int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[(len(d)-1)*p/100].Round(10 * time.Microsecond)
}

// listener is an agent that notes when states and voice come.
type listener struct {
	*client.Client
	mu     sync.Mutex
	states []time.Time
	bytes  int // of those
	heard  []time.Duration
}

func listen(t *testing.T, at netip.AddrPort) *listener {
	t.Helper()
	l := &listener{}
	l.Client = dialPlace(t, at, client.Config{
		Mode: client.AcknowledgeOnly,
		Observe: func(s client.StateHeader) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.bytes += s.Bytes
			l.states = append(l.states, time.Now())
		},
		OnMedia: func(_ uint32, payload []byte) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.heard = append(l.heard, time.Since(time.Unix(0, int64(binary.BigEndian.Uint64(payload)))))
		},
	})
	return l
}

func (l *listener) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.states, l.bytes, l.heard = nil, 0, nil
}

// gaps are those between states from some time until now.
func (l *listener) gaps(from time.Time) (gaps []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range append(l.states, time.Now()) {
		gaps = append(gaps, at.Sub(from))
		from = at
	}
	return gaps
}

func (l *listener) voice() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.heard)
}

// speak has an agent say the time fifty times a second, to all the others, until stop
// is called.
func speak(t *testing.T, c *client.Client, to []*listener) (stop func()) {
	t.Helper()
	answer, err := c.Request(t.Context(), "place", "allocate_track", "audio", "time", map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	track := answer[2]
	for _, l := range to {
		if _, err := l.Request(t.Context(), "place", "media_track", track, "subscribe"); err != nil {
			t.Fatal(err)
		}
	}
	var speaking sync.WaitGroup
	stopped := make(chan struct{})
	speaking.Go(func() {
		for c.SendMedia(uint32(track.(float64)), binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))) == nil {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-stopped:
				return
			}
		}
	})
	return func() {
		close(stopped)
		speaking.Wait()
	}
}

// size is how many bytes the states had together.
func (l *listener) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}
