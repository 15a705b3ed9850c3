package sandbox

import (
	"strings"
	"testing"
)

func TestPatternThatEndsItsOwnTextIsExplained(t *testing.T) {
	const hint = "write [=[ … ]=]"
	for name, c := range map[string]struct {
		source string
		hinted bool
	}{
		"guard behind":      {`allow [[ ["interaction", ["kick_agent", _]] when true ]]`, true},
		"guard a line down": {"deny [[ [\"interaction\", [\"announce\", Who | _]]\n    where Who == 1 ]]", true},
		"no guard":          {`deny [[ ["interaction", _, ["poke", Hard]] ]]`, true},
		"other mistake":     {"deny [[ [\"interaction\", _] ]]\nlocal = 1", false},
		"no pattern":        {"local a = t[u[1]] 7", false},
	} {
		_, err := New(Config{}).Load(c.source, "acl.lua")
		if err == nil || strings.Contains(err.Error(), hint) != c.hinted {
			t.Errorf("%s: %v", name, err)
		}
	}
}
