package netcode

import (
	"fmt"
	"maps"
)

// numbered is an entity that states of the compact dialect refer to by number.
type numbered struct {
	id     string
	at     Placement
	placed bool // at is valid
}

// ApplyCompact is [Document.Apply] for states of the compact dialect. The resulting document
// is the same as in versions before 5, with matrices computed from the placements.
func (d *Document) ApplyCompact(s *CompactState) error {
	next := Document{Revision: s.Revision}
	switch {
	case s.Style == StyleSet:
		next.Entities, next.numbers = make(map[string]any, s.Count), make(map[uint32]numbered, s.Count)
	case d.Revision == 0 || s.From != d.Revision:
		return fmt.Errorf("%w: from %d, have %d", ErrBase, s.From, d.Revision)
	default:
		next.Entities, next.numbers = copyOf(d.Entities), copyOf(d.numbers)
	}
	var e CompactEntity
	rest := s.Entities
	for range s.Count {
		n, err := e.Parse(rest)
		if err != nil {
			return fmt.Errorf("%w: entities: %w", ErrPatch, err)
		}
		rest = rest[n:]
		if err := next.applyEntity(&e); err != nil {
			return fmt.Errorf("%w: entity %d: %w", ErrPatch, e.Number, err)
		}
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: entities: %w", ErrPatch, errTrailing)
	}
	*d = next
	return nil
}

// copyOf returns a copy of a map, not nil even if m is.
func copyOf[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

// applyEntity applies one entity of a state. The document's maps have been copied before.
func (d *Document) applyEntity(e *CompactEntity) error {
	known, ok := d.numbers[e.Number]
	switch {
	case e.ID != nil:
		known = numbered{id: string(e.ID)}
	case !ok:
		return errNoEntity
	case e.IsGone():
		delete(d.numbers, e.Number)
		delete(d.Entities, known.id)
		return nil
	}
	var components map[string]any
	if e.ID == nil {
		entity, _ := d.Entities[known.id].(map[string]any)
		components, _ = entity["components"].(map[string]any)
	}
	if e.Components != nil {
		patch, err := parseEntities(e.Components)
		if err != nil {
			return err
		}
		components = mergeObject(components, patch)
	} else {
		components = mergeObject(components, nil)
	}
	if !e.Placement.IsNone() {
		var err error
		if known.placed, err = e.Placement.Apply(&known.at, known.placed); err != nil {
			return err
		}
		var m Matrix
		switch {
		case known.placed:
			known.at.Matrix(&m)
			components = withMatrix(components, &m)
		case e.Placement.Matrix(&m):
			components = withMatrix(components, &m)
		}
	}
	d.numbers[e.Number] = known
	d.Entities[known.id] = map[string]any{"id": known.id, "components": components}
	return nil
}

// withMatrix returns a copy of components with transform.matrix set.
func withMatrix(components map[string]any, m *Matrix) map[string]any {
	list := make([]any, len(m))
	for i, v := range m {
		list[i] = v
	}
	return mergeObject(components, map[string]any{"transform": map[string]any{"matrix": list}})
}
