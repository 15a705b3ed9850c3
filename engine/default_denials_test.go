package engine

import (
	"strings"
	"testing"
)

func TestADefaultDenialIsExplainedOnce(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		ann, bob := r.join(4, `{}`), r.join(4, `{}`)
		for i, p := range []*peer{ann, bob, ann} {
			id := string(rune('a' + i))
			p.command(asked(id, `["kick_agent","nobody"]`))
			if body := p.answer(id); body[0] != "interaction_denied" {
				t.Fatalf("answered %v", body)
			}
		}
		r.logs.mu.Lock()
		defer r.logs.mu.Unlock()
		var said []string
		for line := range strings.Lines(r.logs.text.String()) {
			if strings.Contains(line, "a default rule denied this") {
				said = append(said, line)
			}
		}
		if len(said) != 1 || !strings.Contains(said[0], "level=INFO") || !strings.Contains(said[0], "kick_agent") || !strings.Contains(said[0], "acl.lua") {
			t.Errorf("the log says %q", said)
		}
	})
}
