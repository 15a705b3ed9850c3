package scripts

import "testing"

func TestLimitsOfScriptsAreSetByName(t *testing.T) {
	var l Limits
	if err := l.Set("call", "500000"); err != nil || l.Call != 500_000 {
		t.Errorf("%d, %v", l.Call, err)
	}
}

func TestNegativeLimitIsRefused(t *testing.T) {
	const want = "scripts: Limits.Tasks is -1, want 0 for the default, or more"
	if _, err := New(Config{Sources: files{}, Limits: Limits{Tasks: -1}}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
