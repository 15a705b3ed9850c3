package acl

import "slices"

// shelf has the subscriptions of one verb, by the one item each of them requires
// that tells it best from the others.
type shelf struct {
	count int
	plain []*subscription // those that require nothing
	items []itemShelf     // by item, ascending
}

// itemShelf has subscriptions by the string that one item of a body must be.
type itemShelf struct {
	item   int
	byText map[string][]*subscription
}

// best returns the requirement, but the verb, that is shared with the fewest
// others. The zero value means that there is none.
func (s *shelf) best(found []requirement) (best requirement) {
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

func (s *shelf) bucket(r requirement) []*subscription {
	if i, ok := s.find(r.item); ok {
		return s.items[i].byText[r.text]
	}
	return nil
}

func (s *shelf) find(item int) (int, bool) {
	return slices.BinarySearchFunc(s.items, item, func(x itemShelf, item int) int { return x.item - item })
}

func (s *shelf) add(sub *subscription) {
	s.count++
	r := sub.requirement
	if r.item == 0 {
		s.plain = append(s.plain, sub)
		return
	}
	i, ok := s.find(r.item)
	if !ok {
		s.items = slices.Insert(s.items, i, itemShelf{r.item, map[string][]*subscription{}})
	}
	s.items[i].byText[r.text] = append(s.items[i].byText[r.text], sub)
}

func (s *shelf) remove(sub *subscription) {
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

// candidates yields those that require nothing the body has not. It returns
// false as soon as yield does.
func (s *shelf) candidates(body []any, yield func(*subscription) bool) bool {
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
