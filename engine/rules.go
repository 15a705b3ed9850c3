package engine

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// Rules are a place's own access rules. What agents send is tried against the rules
// that change_acl added, then Own, then Bundled; the first that matches decides, and
// Verdict if none does. The place, its host and its scripts are not subject to them.
type Rules struct {
	Own     []*acl.Rule
	Bundled []*acl.Rule
	Verdict acl.Verdict
}

// DefaultRules are those of a place that has none of its own: everything is allowed
// but to change the rules, to send others away, and to change or remove what somebody
// else owns, or hang something on it. What was offered may be moved and hung elsewhere by
// the agent that it was offered to, as `["add_wrist_widget", id]` asks for, and it may be
// hung on. What hangs on their own agents may take off, but for what is the place's.
func DefaultRules() Rules {
	var bundled []*acl.Rule
	for i, rule := range []struct {
		verdict acl.Verdict
		pattern string
	}{
		{acl.Deny, `["interaction", "request", _, "place", _, ["change_acl" | _]]`},
		{acl.Deny, `["interaction", "request", _, "place", _, ["kick_agent" | _]]`},
		{acl.Deny, `["interaction", "request", From, "place", _, ["change_components", E | _]]
			when owner(E) != nil and not owns(From, E) and not offered(E, From)`},
		{acl.Deny, `["interaction", "request", From, "place", _, ["change_components", E | C]]
			when owner(E) != nil and not owns(From, E) and not (length(C) == 4 and C[0] == "add_or_change" and C[2] == "remove" and C[3] == []
				and (map_size(C[1]) == 1 and (is_map_key(C[1], "relationships") or is_map_key(C[1], "transform"))
					or map_size(C[1]) == 2 and is_map_key(C[1], "relationships") and is_map_key(C[1], "transform")))`},
		{acl.Deny, `["interaction", "request", From, "place", _, ["remove_entity", E | _]]
			when owner(E) != nil and not owns(From, E)`},
		{acl.Deny, `["attach", From, _, Parent] when not offered(Parent, From)`},
		{acl.Deny, `["detach", _, E, _] when owner(E) == "place"`},
		{acl.Allow, `["detach" | _]`},
	} {
		p, err := acl.Compile(rule.pattern)
		if err != nil {
			panic(err)
		}
		id := fmt.Sprintf("default%d", i+1)
		bundled = append(bundled, &acl.Rule{ID: id, Verdict: rule.verdict, Pattern: p, Origin: defaultOrigin})
	}
	return Rules{Bundled: bundled, Verdict: acl.Allow}
}

// defaultOrigin is where the rules of [DefaultRules] say that they come from.
const defaultOrigin = "default"

// access is the list in force, and what it is made of.
type access struct {
	added []*acl.Rule // at run time, in this order
	given int         // of ids
	rules Rules
	list  *acl.List

	defaults defaultDenials
	waiting  []func(done func()) // changes at run time, the first of them under way
}

// set puts a whole new list in force.
func (a *access) set(added []*acl.Rule, rules Rules) {
	a.added, a.rules = added, rules
	a.list = acl.NewList(rules.Verdict, slices.Concat(added, rules.Own, rules.Bundled)...)
}

// Rules returns the place's own rules as they are, without what change_acl added.
func (t *Turn) Rules() Rules { return t.on().access.rules }

// SetRules replaces the place's own rules, all at once. What change_acl added stays.
func (t *Turn) SetRules(r Rules) { t.on().access.set(t.on().access.added, r) }

// decide reports whether an agent's interaction may pass. It is tried in one spelling
// only, whatever the agent's: else a rule could be slipped past by the other.
func (p *Place) decide(c *command) acl.Decision {
	typ := c.Type
	if c.IsOneway() {
		typ = netcode.TypeOneway
	}
	return p.decideMessage([]any{"interaction", typ, c.From, c.To, c.RequestID, c.body}, c.proven())
}

// decideMessage tries the rules on a message of a sender, who may not be in yet.
func (p *Place) decideMessage(message []any, sender proven) acl.Decision {
	d := p.access.list.Decide(message, &placeEnv{place: p, newcomer: sender})
	p.counts.decided(d)
	if d.Failure != nil {
		p.complain("access rule could not be tried", "rule", d.Rule.ID, "origin", d.Rule.Origin,
			"pattern", d.Rule.Pattern.String(), "error", d.Failure)
	}
	return d
}

// denied tells the sender of what a rule denies (netcode/PROTOCOL.md, "Interactions").
func (p *Place) denied(a *agent, c *command, d acl.Decision) {
	p.counts.interaction(c.verb, outcomeDenied)
	p.access.defaults.denied(a.log, c.verb, d)
	a.log.Debug("denied", "type", c.Type, "verb", c.verb, "to", c.To, "because", d.Reason())
	if c.Type == netcode.TypeResponse {
		p.answerInstead(a, c, "the answer was denied")
	}
	switch {
	case !a.dialect.DeniedAsResponse:
		p.tellDenied(a.session, c, d)
	case c.Type == netcode.TypeRequest && c.RequestID != "":
		_ = p.answer(a.session, &c.Interaction, "interaction_denied", c.original(), ruleOf(d))
	}
}

// tellDenied sends the message of its own that versions 1 and 2 know.
func (p *Place) tellDenied(s *session, c *command, d acl.Decision) {
	body := []any{"interaction_denied", c.original(), ruleOf(d)}
	if s.envelope {
		_ = p.send(s, &netcode.Interaction{Type: netcode.TypeOneway, From: PlaceID, To: c.From, Body: netcode.AppendValue(nil, body)})
		return
	}
	data := netcode.AppendValue(nil, body)
	packet := netcode.Packet{Channel: netcode.CommandChannel, Reliable: true, Data: append(data, '\n')}
	p.counts.sent(netcode.KindCommand, s.version(), len(packet.Data), 1)
	if err := p.transport.Send(packet, s.conn); err != nil {
		p.sessionLog(s).Warn("denial not sent", "verb", c.verb, "error", err)
	}
	p.backlogs.add(s.backlog, toItself, len(packet.Data))
}

// original is the interaction as it was sent, but for an empty sender.
func (c *command) original() []any {
	return []any{"interaction", c.Type, c.From, c.To, c.RequestID, json.RawMessage(c.Body)}
}

// ruleOf is the rule that decided, in the form that change_acl takes it, and why if it
// could not be tried.
func ruleOf(d acl.Decision) []any {
	rule := []any{d.Verdict.String(), "_"}
	if d.Rule != nil {
		rule[1] = d.Rule.Pattern.String()
	}
	if d.Failure != nil || d.GuardError != nil {
		rule = append(rule, d.Reason())
	}
	return rule
}
