package netcode

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-faster/jx"
)

// Announce is the body of the request with which an agent joins (netcode/PROTOCOL.md,
// "announce").
type Announce struct {
	// Version is the protocol version, which may be unsupported: see [DialectOf].
	Version int
	// Identity describes who the agent is: "display_name" at least.
	Identity map[string]any
	// Avatar is the entity to spawn for the agent: components by name, and
	// "children". It is empty if the agent asks for none.
	Avatar map[string]any
}

// TakesFragments is the field of an identity that is true if the agent may be sent packets in
// unreliable fragments, because its ENet is 1.3.16 or later. Earlier ones, which all deployed C
// clients use, write to freed memory when parts of several such packets get lost.
const TakesFragments = "takes_fragments"

// ParseAnnounce reads an announce in either shape,
//
//	["announce","version",n,"identity",{…},"spawn_avatar",{…}]
//	["announce",["identity",{…}],{…}]
//
// of which the second means version 1. The avatar may be left out, unknown fields are
// ignored, and values are decoded by [ParseStrict]. The errors are meant for the author of
// the agent.
func ParseAnnounce(body []byte) (Announce, error) {
	var p announceParser
	p.reset(body)
	p.strict = true
	if err := p.message(); err != nil {
		return Announce{}, fmt.Errorf("announce: %w", err)
	}
	return p.a, nil
}

// Append appends the body in the first shape.
func (a *Announce) Append(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `["announce","version",`...), int64(a.Version), 10)
	dst = appendObject(append(dst, `,"identity",`...), a.Identity, 1)
	dst = appendObject(append(dst, `,"spawn_avatar",`...), a.Avatar, 1)
	return append(dst, ']')
}

var (
	errNotAnnounce = errors.New(`the first item is not "announce"`)
	errNoVersion   = errors.New(`no version: want "version" and a number`)
	errNoIdentity  = errors.New(`no identity: want "identity" and an object with a "display_name"`)
)

type announceParser struct {
	scanner
	a          Announce
	hasVersion bool
	isSeed     bool // the second shape
}

func (p *announceParser) message() error {
	if err := checkUTF8(p.data); err != nil {
		return err
	}
	if err := p.checkDepth(); err != nil {
		return err
	}
	items, err := p.list()
	if err != nil {
		return err
	}
	if more, err := items.next(); err != nil || !more {
		return orElse(err, errNotAnnounce)
	}
	if word, err := p.text(); err != nil || string(word) != "announce" {
		return orElse(err, errNotAnnounce)
	}
	for {
		more, err := items.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := p.item(&items); err != nil {
			return err
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	return p.complete()
}

// item parses one item of the second shape, or two of the first.
func (p *announceParser) item(items *list) (err error) {
	switch p.next() {
	case jx.Array:
		p.isSeed = true
		pair, err := p.list()
		if err != nil {
			return err
		}
		return p.pair(&pair)
	case jx.Object:
		p.isSeed = true
		p.a.Avatar, err = p.objectValue()
		return err
	default:
		return p.field(items)
	}
}

// pair parses the contents of ["identity",{…}]. An empty list is an avatar without
// components.
func (p *announceParser) pair(items *list) error {
	if more, err := items.next(); err != nil || !more {
		return err
	}
	if err := p.field(items); err != nil {
		return err
	}
	more, err := items.next()
	if more {
		err = errors.New("a list in it has more than a name and a value")
	}
	return err
}

// field parses a name and the value that follows it.
func (p *announceParser) field(items *list) error {
	text, err := p.text()
	if err != nil {
		return fmt.Errorf("a field's name: %w", err)
	}
	if more, err := items.next(); err != nil || !more {
		return inField(text, orElse(err, errors.New("its value is missing")))
	}
	switch string(text) {
	case "version":
		err = p.version()
	case "identity":
		p.a.Identity, err = p.objectValue()
	case "spawn_avatar":
		p.a.Avatar, err = p.objectValue()
	default:
		err = p.skip()
	}
	if err != nil {
		err = inField(text, err)
	}
	return err
}

func (p *announceParser) version() error {
	n, err := p.whole()
	p.a.Version, p.hasVersion = int(n), true
	return err
}

func (p *announceParser) complete() error {
	if !p.hasVersion {
		if !p.isSeed {
			return errNoVersion
		}
		p.a.Version = 1
	}
	if p.a.Identity == nil {
		return errNoIdentity
	}
	if p.a.Avatar == nil {
		p.a.Avatar = map[string]any{}
	}
	return nil
}
