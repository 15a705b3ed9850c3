package engine

import (
	"fmt"
	"log/slog"

	"github.com/loci-place/loci/acl"
)

// defaultDenials says once of each default rule how to allow what it has denied: the author
// of a place that has no rules of its own has not read these.
type defaultDenials struct {
	said map[string]bool // by the rule's id; never more than there are default rules
}

func (h *defaultDenials) denied(log *slog.Logger, verb string, d acl.Decision) {
	if d.Rule == nil || d.Rule.Origin != defaultOrigin || h.said[d.Rule.ID] {
		return
	}
	if h.said == nil {
		h.said = map[string]bool{}
	}
	h.said[d.Rule.ID] = true
	log.Info("a default rule denied this; a rule in acl.lua allows it", "verb", verb, "rule", d.Rule.ID,
		"allow", fmt.Sprintf(`allow [=[ ["interaction", "request", From, "place", _, [%q | _]] when verified(From) == "KEY" ]=]`, verb))
}
