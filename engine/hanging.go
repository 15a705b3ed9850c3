package engine

import (
	"errors"
	"slices"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine/world"
)

// hanging decides what agents may hang on entities of others, and take off their own. The
// access rules are asked about that separately, whichever request would do it:
//
//	["attach", from, entity or nil, parent]
//	["detach", from, entity, parent]
//
// An entity that hangs below another moves with it, is shown where it is, and goes when it
// goes. The place, its scripts and its host are not asked.
type hanging struct {
	world *world.World
	rules func(message []any, sender proven) acl.Decision
}

func (p *Place) hanging() hanging { return hanging{p.world, p.decideMessage} }

// asker is who asks, as the rules see it.
type asker struct {
	agent  string    // its id, "" if it is not in yet
	from   string    // the entity that speaks, "" if it has none yet
	proven           // if it is not in yet
	known  encodings // components of what it asks
}

// denied is the error of what a rule denies.
type denied struct{ acl.Decision }

func (d *denied) Error() string { return "denied by " + d.Reason() }

// attach decides whether an agent may hang an entity, or a new one where that is nil, below
// a parent; the error is a [denied]. The rules are not asked about what hangs there already,
// about parents that are the agent's own, or about ids that name nothing: if an entity of
// another owner appears under such an id later, nothing will hang on it ([Place.shakeOff]).
func (h hanging) attach(by asker, child *world.Entity, parent string) error {
	to := h.world.Entity(parent)
	if to == nil || to.Owner() == by.agent {
		return nil
	}
	var id any
	if child != nil {
		if child.ParentID() == parent {
			return nil
		}
		id = child.ID()
	}
	if d := h.rules([]any{"attach", by.from, id, parent}, by.proven); d.Verdict == acl.Deny {
		return &denied{d}
	}
	return nil
}

// attachComponents is attach to the parent that components name, if they do.
func (h hanging) attachComponents(by asker, child *world.Entity, components map[string]any) error {
	if parent := parentIn(components); parent != "" {
		return h.attach(by, child, parent)
	}
	return nil
}

// parentIn is the parent that components name, "" if none.
func parentIn(components map[string]any) string {
	relationships, _ := asObject(components["relationships"])
	parent, _ := relationships["parent"].(string)
	return parent
}

// detaches reports whether all that a change does is to take an entity of somebody else off
// one of the agent's own, or to hang it elsewhere.
func (h hanging) detaches(agent string, e *world.Entity, set map[string]any, unset []string) bool {
	if e.Owner() == agent || e.Parent() == nil || e.Parent().Owner() != agent {
		return false
	}
	for name, c := range set {
		relationships, ok := asObject(c)
		if _, parent := relationships["parent"]; name != "relationships" || !ok || len(relationships) > 1 ||
			len(relationships) == 1 && !parent {
			return false
		}
	}
	for _, name := range unset {
		if name != "relationships" {
			return false
		}
	}
	return len(set)+len(unset) > 0
}

// detach decides about a request that is denied as it stands, where all it does is to take
// something off the agent's own; ok reports whether that is so.
func (h hanging) detach(by asker, c *command) (d acl.Decision, ok bool) {
	if !c.asksPlace("change_components") {
		return d, false
	}
	id, _ := text(c.args, 0)
	set, unset, whole := changes(after(c.args, 1))
	e := h.world.Entity(id)
	if !whole || e == nil || !h.detaches(by.agent, e, set, unset) {
		return d, false
	}
	return h.rules([]any{"detach", by.from, id, e.ParentID()}, by.proven), true
}

// refuse answers why something is not done. What a rule denies only when it comes to be done
// is answered as what is denied at once.
// Where the answer goes elsewhere, it is an error.
func (r *Request) refuse(err error) {
	var d *denied
	if !errors.As(err, &d) || r.catch != nil || r.agent == nil || r.agent.session != r.session {
		r.Refuse(err.Error())
		return
	}
	if r.answered.Swap(true) {
		return
	}
	r.agent.pending.Add(-1)
	r.place.denied(r.agent, r.command(), d.Decision)
}

// stand has an entity stand where it did, in world space, after it got another parent.
func (p *Place) stand(e *world.Entity, at mgl64.Mat4) {
	if parent := e.Parent(); parent != nil {
		back := parent.World().Inv()
		if back == (mgl64.Mat4{}) {
			return // nothing can be said of where it is below what is flat
		}
		at = back.Mul4(at)
	}
	_ = p.edit(e, "transform", func() error {
		e.SetLocal(at)
		return nil
	})
}

// shakeOff takes off an entity that has just appeared what hung on its id before: no rule
// was asked about that.
func (p *Place) shakeOff(e *world.Entity) {
	for _, c := range slices.Clone(p.world.Children(e.ID())) {
		if c.Owner() != e.Owner() {
			at := c.Local() // it stood at the root
			_ = p.changeOne(c, "relationships", nil)
			p.stand(c, at)
		}
	}
}
