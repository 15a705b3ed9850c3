package acl

import (
	"iter"
	"slices"
)

// Subscription is a subscriber's pattern for the bodies of publications.
type Subscription struct {
	ID      string // unique within Subscriptions
	Owner   string // the agent, or whatever tells subscribers apart
	Pattern *Pattern
}

// Subscriptions is a set of subscriptions that finds those which match a
// publication without trying all. The zero value is empty and ready. Add and
// Remove need exclusive access; Each and Candidates may be called concurrently.
type Subscriptions struct {
	byID  map[string]*subscription
	verbs map[string]*verbIndex // by the string a body must begin with
	other verbIndex             // of those that may begin with anything
}

// subscription is one in the set, and the index that holds it.
type subscription struct {
	Subscription
	requirement requirement // item is 0 if only the verb is required
	index       *verbIndex
	verb        string
}

// Add adds a subscription, or replaces the one with its id.
func (s *Subscriptions) Add(added Subscription) {
	s.Remove(added.ID)
	if s.byID == nil {
		s.byID, s.verbs = map[string]*subscription{}, map[string]*verbIndex{}
	}
	found := requirements(added.Pattern.rule, conjuncts)
	sub := &subscription{Subscription: added, index: &s.other}
	found = slices.DeleteFunc(found, func(r requirement) bool { return r.in >= 0 })
	if i := slices.IndexFunc(found, func(r requirement) bool { return r.item == 0 }); i >= 0 {
		sub.verb = found[i].text
		if s.verbs[sub.verb] == nil {
			s.verbs[sub.verb] = &verbIndex{}
		}
		sub.index = s.verbs[sub.verb]
	}
	sub.requirement = sub.index.best(found)
	sub.index.add(sub)
	s.byID[added.ID] = sub
}

// Remove removes a subscription, and reports whether there was one.
func (s *Subscriptions) Remove(id string) bool {
	sub := s.byID[id]
	if sub == nil {
		return false
	}
	delete(s.byID, id)
	sub.index.remove(sub)
	if sub.index.count == 0 && sub.index != &s.other {
		delete(s.verbs, sub.verb)
	}
	return true
}

// Get returns the subscription with an id.
func (s *Subscriptions) Get(id string) (Subscription, bool) {
	sub := s.byID[id]
	if sub == nil {
		return Subscription{}, false
	}
	return sub.Subscription, true
}

// Len returns the number of subscriptions.
func (s *Subscriptions) Len() int { return len(s.byID) }

// Each yields every subscription that matches the body of a publication, in an
// unspecified but stable order. A subscription whose guard has an error does not
// match. Neither does one that fails (see [Result]); Each then calls failed, unless
// it is nil. The set must not be changed meanwhile.
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
// of [Subscriptions.Each], for callers that match them on their own. The set must not be
// changed meanwhile.
func (s *Subscriptions) Candidates(body any) iter.Seq[Subscription] {
	return func(yield func(Subscription) bool) {
		for sub := range s.candidates(body) {
			if !yield(sub.Subscription) {
				return
			}
		}
	}
}

// candidates yields those that may match.
func (s *Subscriptions) candidates(body any) iter.Seq[*subscription] {
	return func(yield func(*subscription) bool) {
		items, _ := body.([]any)
		if len(items) > 0 {
			verb, _ := items[0].(string)
			if index := s.verbs[verb]; index != nil && !index.candidates(items, yield) {
				return
			}
		}
		s.other.candidates(items, yield)
	}
}

// verbIndex holds the subscriptions of one verb, each under the most selective of
// the items that it requires.
type verbIndex struct {
	count int
	plain []*subscription // those that require no item
	items []itemIndex     // by item, ascending
}

// itemIndex holds subscriptions by the string that one item of a body must be.
type itemIndex struct {
	item   int
	byText map[string][]*subscription
}

// best returns the requirement that the fewest other subscriptions share, the verb
// aside. The zero value means that there is none.
func (s *verbIndex) best(found []requirement) (best requirement) {
	least := -1
	for _, r := range found {
		if r.item == 0 {
			continue
		}
		if n := len(s.bucket(r)); least < 0 || n < least {
			best, least = r, n
		}
	}
	return best
}

func (s *verbIndex) bucket(r requirement) []*subscription {
	if i, ok := s.find(r.item); ok {
		return s.items[i].byText[r.text]
	}
	return nil
}

func (s *verbIndex) find(item int) (int, bool) {
	return slices.BinarySearchFunc(s.items, item, func(x itemIndex, item int) int { return x.item - item })
}

func (s *verbIndex) add(sub *subscription) {
	s.count++
	r := sub.requirement
	if r.item == 0 {
		s.plain = append(s.plain, sub)
		return
	}
	i, ok := s.find(r.item)
	if !ok {
		s.items = slices.Insert(s.items, i, itemIndex{r.item, map[string][]*subscription{}})
	}
	s.items[i].byText[r.text] = append(s.items[i].byText[r.text], sub)
}

func (s *verbIndex) remove(sub *subscription) {
	s.count--
	r := sub.requirement
	if r.item == 0 {
		s.plain = without(s.plain, sub)
		return
	}
	i, _ := s.find(r.item)
	byText := s.items[i].byText
	byText[r.text] = without(byText[r.text], sub)
	if len(byText[r.text]) == 0 {
		delete(byText, r.text)
	}
	if len(byText) == 0 {
		s.items = slices.Delete(s.items, i, i+1)
	}
}

func without(subs []*subscription, sub *subscription) []*subscription {
	i := slices.Index(subs, sub)
	return slices.Delete(subs, i, i+1)
}

// candidates yields the subscriptions whose required item is in the body. It
// returns false as soon as yield does.
func (s *verbIndex) candidates(body []any, yield func(*subscription) bool) bool {
	for _, sub := range s.plain {
		if !yield(sub) {
			return false
		}
	}
	for _, x := range s.items {
		if x.item >= len(body) {
			break
		}
		text, ok := body[x.item].(string)
		if !ok {
			continue
		}
		for _, sub := range x.byText[text] {
			if !yield(sub) {
				return false
			}
		}
	}
	return true
}
