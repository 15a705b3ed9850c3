package scripts

import (
	"slices"
	"testing"

	"github.com/loci-place/loci/engine"
)

func TestBundledScriptsLeaveRulesAsTheyAre(t *testing.T) {
	for _, f := range Check(Bundled(), Config{}).Findings {
		t.Error(f)
	}
	r := opened(t, Bundled().(files))
	r.do(func(turn *engine.Turn) {
		rules, usual := turn.Rules(), engine.DefaultRules()
		if len(rules.Own) > 0 || len(rules.Bundled) != len(usual.Bundled) || rules.Verdict != usual.Verdict {
			t.Errorf("rules: %v", rules)
		}
		if got := turn.Name(); got != "Unnamed place" {
			t.Errorf("it is called %q", got)
		}
		if ids := turn.Entities(); len(ids) < 2 || !slices.Contains(ids, "sign") {
			t.Errorf("there stand %v, want something to see, and a sign that says what to do", ids)
		}
	})
	ann := r.join("ann")
	r.equal(ann.request("place", `["knock"]`), `["knock","error","the place does not know \"knock\""]`)
	r.equal(ann.request("coral_block", `["poke",true]`), `["poke","ok"]`)
	r.do(func(turn *engine.Turn) {
		if block, _ := turn.Component("coral_block", "block"); block["color"] != 2.0 {
			t.Errorf("a block that was poked is %v", block)
		}
	})
	ann.peer.Close(0)
	r.Settle()
	r.want("ann has come in", "ann has left")
}
