package acl

import (
	"iter"
	"slices"
)

// Subscription is a pattern for the bodies of publications, and who wants them.
type Subscription struct {
	ID      string // unique within Subscriptions
	Owner   string // the agent, or whatever tells subscribers apart
	Pattern *Pattern
}

// Subscriptions is a set of subscriptions that finds those which match a
// publication without trying all. The zero value is empty and ready. Add and
// Remove need exclusive use; any number of goroutines may use Each at once.
type Subscriptions struct {
	byID  map[string]*subscription
	verbs map[string]*shelf // by the string a body must begin with
	other shelf             // of those that may begin with anything
}

// subscription is one in the set, and where it is shelved.
type subscription struct {
	Subscription
	requirement requirement // item is 0 if there is none but the verb
	shelf       *shelf
	verb        string
}

// Add adds a subscription, or replaces the one with its id.
func (s *Subscriptions) Add(added Subscription) {
	s.Remove(added.ID)
	if s.byID == nil {
		s.byID, s.verbs = map[string]*subscription{}, map[string]*shelf{}
	}
	found := requirements(added.Pattern.rule, conjuncts)
	sub := &subscription{Subscription: added, shelf: &s.other}
	found = slices.DeleteFunc(found, func(r requirement) bool { return r.in >= 0 })
	if i := slices.IndexFunc(found, func(r requirement) bool { return r.item == 0 }); i >= 0 {
		sub.verb = found[i].text
		if s.verbs[sub.verb] == nil {
			s.verbs[sub.verb] = &shelf{}
		}
		sub.shelf = s.verbs[sub.verb]
	}
	sub.requirement = sub.shelf.best(found)
	sub.shelf.add(sub)
	s.byID[added.ID] = sub
}

// Remove removes a subscription, and reports whether there was one.
func (s *Subscriptions) Remove(id string) bool {
	sub := s.byID[id]
	if sub == nil {
		return false
	}
	delete(s.byID, id)
	sub.shelf.remove(sub)
	if sub.shelf.count == 0 && sub.shelf != &s.other {
		delete(s.verbs, sub.verb)
	}
	return true
}

// Get gives a subscription by its id.
func (s *Subscriptions) Get(id string) (Subscription, bool) {
	sub := s.byID[id]
	if sub == nil {
		return Subscription{}, false
	}
	return sub.Subscription, true
}

// Len returns the number of subscriptions.
func (s *Subscriptions) Len() int { return len(s.byID) }

// Each gives every subscription that matches the body of a publication, in no
// particular but always the same order. An error in a guard means that it does
// not match. So does a failure of ours (see [Result]), which failed is then told;
// it may be nil. Neither may change the set.
func (s *Subscriptions) Each(body any, env Env, failed func(Subscription, error)) iter.Seq[Subscription] {
	return func(yield func(Subscription) bool) {
		for sub := range s.candidates(body) {
			r := sub.Pattern.Match(body, env)
			if r.Failure != nil && failed != nil {
				failed(sub.Subscription, r.Failure)
			}
			if r.Matched && !yield(sub.Subscription) {
				return
			}
		}
	}
}

// Candidates yields every subscription that may match the body of a publication, in the order
// of [Subscriptions.Each], for callers that try them themselves. The set must not be changed
// meanwhile.
func (s *Subscriptions) Candidates(body any) iter.Seq[Subscription] {
	return func(yield func(Subscription) bool) {
		for sub := range s.candidates(body) {
			if !yield(sub.Subscription) {
				return
			}
		}
	}
}

// candidates gives those that may match.
func (s *Subscriptions) candidates(body any) iter.Seq[*subscription] {
	return func(yield func(*subscription) bool) {
		items, _ := body.([]any)
		if len(items) > 0 {
			verb, _ := items[0].(string)
			if shelf := s.verbs[verb]; shelf != nil && !shelf.candidates(items, yield) {
				return
			}
		}
		s.other.candidates(items, yield)
	}
}
