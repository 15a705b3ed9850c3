package bucket

import (
	"testing"
	"time"
)

func TestWhatIsChargedIsOwedUntilTheBucketHasFilled(t *testing.T) {
	var b Bucket
	now := time.Now()
	if wait := b.Charge(15, 10, 20, now); wait != 0 {
		t.Errorf("a wait of %v for what it holds", wait)
	}
	if wait := b.Charge(25, 10, 20, now); wait != 2*time.Second {
		t.Errorf("a wait of %v for twenty too many", wait)
	}
	if wait := b.Take(1, 10, 20, now.Add(time.Second)); wait != 1100*time.Millisecond {
		t.Errorf("one more in %v", wait)
	}
}

func TestABucketGivesItsRateAndWhatItHolds(t *testing.T) {
	var b Bucket
	now := time.Now()
	took := 0
	for range 100 {
		if b.Take(1, 10, 20, now) == 0 {
			took++
		}
	}
	if took != 20 {
		t.Errorf("%d at once, want 20", took)
	}
	if wait := b.Take(5, 10, 20, now); wait != 500*time.Millisecond {
		t.Errorf("five more in %v", wait)
	}
	if wait := b.Take(5, 10, 20, now.Add(500*time.Millisecond)); wait != 0 {
		t.Errorf("after half a second, in %v", wait)
	}
	later := now.Add(time.Hour)
	if b.Take(1000, 10, 20, later) != 0 || b.Take(1, 10, 20, later) == 0 {
		t.Error("more than it holds is not all that it holds")
	}
}
