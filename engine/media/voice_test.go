package media

import (
	"testing"
	"time"
)

func TestRateLimitAllowsABurstOfASecondThenItsRate(t *testing.T) {
	for name, c := range map[string]struct{ size, packetRate, byteRate, want int }{
		"by packets": {10, 50, 1000, 50},
		"by bytes":   {100, 50, 1000, 10},
		"never":      {1001, 50, 1000, 0},
	} {
		var l RateLimit
		now := time.Now()
		passed := func() (n int) {
			for range 200 {
				if l.Take(now, c.size, c.packetRate, c.byteRate) {
					n++
				}
			}
			return n
		}
		if got := passed(); got != c.want {
			t.Errorf("%s: %d at once, want %d", name, got, c.want)
		}
		now = now.Add(500 * time.Millisecond)
		if got := passed(); got != c.want/2 {
			t.Errorf("%s: %d after half a second, want %d", name, got, c.want/2)
		}
		now = now.Add(time.Hour)
		if got := passed(); got != c.want {
			t.Errorf("%s: %d after an hour, want %d", name, got, c.want)
		}
	}
}
