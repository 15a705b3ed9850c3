package netcode

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-faster/jx"
)

// PatchStyle says how a [State] brings the agent's document up to date.
type PatchStyle uint8

const (
	// StyleSet replaces all entities.
	StyleSet PatchStyle = iota + 1
	// StyleMerge is an RFC 7386 merge patch of the entities.
	StyleMerge
	// StyleApply is an RFC 6902 JSON Patch of the whole document
	// {"entities":…,"revision":n}, for dialects with JSONPatch only.
	StyleApply
)

// String returns the style's name on the wire.
func (s PatchStyle) String() string {
	switch s {
	case StyleSet:
		return "set"
	case StyleMerge:
		return "merge"
	case StyleApply:
		return "apply"
	default:
		return "PatchStyle(" + strconv.Itoa(int(s)) + ")"
	}
}

// State is what a place tells an agent each heartbeat (netcode/PROTOCOL.md, "State").
type State struct {
	Style PatchStyle
	// From is the revision that a merge or apply starts from; 0 in a set.
	From uint64
	// Revision is what the document is afterwards. In an apply it stands within
	// Patches, where one operation must replace /revision with it: ParseState
	// takes it from there and Append relies on its being there.
	Revision uint64
	Entities []byte // of a set or merge: a JSON object by entity id
	Patches  []byte // of an apply: a JSON list of operations
}

var (
	errNoStyle    = errors.New("patch_style: missing")
	errNoFrom     = errors.New("patch_from: missing")
	errNoRevision = errors.New("revision: missing")
	errNoEntities = errors.New("entities: missing")
	errNoPatches  = errors.New("patches: missing")
)

// ParseState reads a state of any style. Entities and Patches are checked to be
// JSON within [MaxDepth] and share memory with data.
func ParseState(data []byte) (State, error) {
	var p stateParser
	p.reset(data)
	err := p.message()
	if err != nil {
		return State{}, fmt.Errorf("state: %w", err)
	}
	return p.s, nil
}

// Append appends the message.
func (s *State) Append(dst []byte) []byte {
	dst = append(dst, `{"patch_style":"`...)
	dst = append(append(dst, s.Style.String()...), '"')
	if s.Style != StyleSet {
		dst = strconv.AppendUint(append(dst, `,"patch_from":`...), s.From, 10)
	}
	if s.Style == StyleApply {
		dst = append(append(dst, `,"patches":`...), s.Patches...)
		return append(dst, "}\n"...)
	}
	dst = append(append(dst, `,"entities":`...), s.Entities...)
	dst = strconv.AppendUint(append(dst, `,"revision":`...), s.Revision, 10)
	return append(dst, "}\n"...)
}

type stateParser struct {
	scanner
	s       State
	hasFrom bool
}

func (p *stateParser) message() error {
	if err := checkUTF8(p.data); err != nil {
		return err
	}
	if err := p.want(jx.Object); err != nil {
		return err
	}
	if err := p.object(p.field); err != nil {
		return err
	}
	if err := p.end(); err != nil {
		return err
	}
	return p.complete()
}

func (p *stateParser) field(key []byte) (err error) {
	switch string(key) {
	case "patch_style":
		p.s.Style, err = p.style()
	case "patch_from":
		p.hasFrom = true
		p.s.From, err = p.whole()
	case "revision":
		p.s.Revision, err = p.revision()
	case "entities":
		p.s.Entities, err = p.entities()
	case "patches":
		p.s.Patches, err = p.rawOf(jx.Array)
	default:
		err = p.skip()
	}
	return err
}

func (p *stateParser) style() (PatchStyle, error) {
	name, err := p.text()
	if err != nil {
		return 0, err
	}
	for style := StyleSet; style <= StyleApply; style++ {
		if string(name) == style.String() {
			return style, nil
		}
	}
	return 0, fmt.Errorf(`%s, want "set", "merge" or "apply"`, AppendString(nil, fieldName(name)))
}

func (p *stateParser) revision() (uint64, error) {
	n, err := p.whole()
	if err == nil && n == 0 {
		err = errors.New("0, want a number from 1 on")
	}
	return n, err
}

// entities reads the object, also where a Lua place writes an empty list.
func (p *stateParser) entities() ([]byte, error) {
	if p.next() == jx.Array {
		return []byte("{}"), p.emptyObject()
	}
	return p.rawOf(jx.Object)
}

// complete checks that what the style calls for is there, and clears the rest.
func (p *stateParser) complete() error {
	s := &p.s
	if (s.Style == StyleMerge || s.Style == StyleApply) && !p.hasFrom {
		return errNoFrom
	}
	switch s.Style {
	case StyleApply:
		if s.Patches == nil {
			return errNoPatches
		}
		s.Entities = nil
		return p.patchedRevision()
	case StyleSet, StyleMerge:
		if s.Entities == nil {
			return errNoEntities
		}
		if s.Revision == 0 {
			return errNoRevision
		}
		if s.Style == StyleSet {
			s.From = 0
		}
		s.Patches = nil
		return nil
	default:
		return errNoStyle
	}
}

// patchedRevision finds the revision that an apply brings: the last that one of
// its operations puts in place.
func (p *stateParser) patchedRevision() error {
	p.reset(p.s.Patches)
	p.s.Revision = 0
	items, err := p.list()
	if err != nil {
		return err
	}
	for {
		more, err := items.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := p.operation(); err != nil {
			return inPath("patches", inItem(items.items-1, err))
		}
	}
	if p.s.Revision == 0 {
		return errors.New("patches: none replaces /revision")
	}
	return nil
}

func (p *stateParser) operation() error {
	var op, path, value []byte
	err := p.object(func(key []byte) (err error) {
		switch string(key) {
		case "op":
			op, err = p.text()
		case "path":
			path, err = p.text()
		case "value":
			value, err = p.raw()
		default:
			err = p.skip()
		}
		return err
	})
	puts := string(op) == "replace" || string(op) == "add"
	if err != nil || !puts || string(path) != "/revision" || value == nil {
		return err
	}
	var s stateParser
	s.reset(value)
	if p.s.Revision, err = s.revision(); err != nil {
		err = fmt.Errorf("the revision: %w", err)
	}
	return err
}
