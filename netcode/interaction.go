package netcode

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-faster/jx"
)

// Types of an [Interaction].
const (
	TypeOneway      = "oneway" // also spelt "one-way", see IsOneway
	TypeRequest     = "request"
	TypeResponse    = "response"
	TypePublication = "publication"
)

// Interaction is a message from one entity to another, or to all who subscribed
// (netcode/PROTOCOL.md, "Interactions").
type Interaction struct {
	Type string // one of the Types, or whatever the sender wrote instead
	From string // entity id; empty for the sender's own avatar
	To   string // entity id; empty in publications
	// RequestID ties a response to its request. It is the requester's choice,
	// and empty in the other types.
	RequestID string
	// Body is one JSON value, byte for byte as it was sent.
	Body []byte
	// Envelope: it came in, or is to go out, as the envelope of version 0. That
	// has no room for Type and RequestID, see [ParseInteraction].
	Envelope bool
}

// ParseInteraction reads an interaction, be it the list
//
//	["interaction", type, from, to, request id, body]
//
// or the envelope of version 0. An envelope's text becomes the body: as it is
// where it is a JSON list, and as ["text"] where it is only a verb. It is a
// one-way interaction, save that an announce is a request with an empty id.
//
// The body is checked to be JSON within [MaxDepth], and copied, so it may
// outlive data. When only the body is wrong, the error comes with the other
// fields filled in, so that a request can be answered.
func ParseInteraction(data []byte) (Interaction, error) {
	var p interactionParser
	p.reset(data)
	err := p.message()
	if err != nil {
		err = fmt.Errorf("interaction: %w", err)
	}
	return p.i, err
}

// IsOneway reports whether the type is one-way, in either spelling.
func (i *Interaction) IsOneway() bool {
	return i.Type == TypeOneway || i.Type == "one-way"
}

// Append appends the message in the form that Envelope says, with the body as
// it is. A missing body goes out as null.
func (i *Interaction) Append(dst []byte) []byte {
	body := i.Body
	if len(body) == 0 {
		body = []byte("null")
	}
	if i.Envelope {
		return i.appendEnvelope(dst, body)
	}
	dst = append(dst, `["interaction",`...)
	for _, s := range [...]string{i.Type, i.From, i.To, i.RequestID} {
		dst = append(AppendString(dst, s), ',')
	}
	dst = append(dst, body...)
	return append(dst, "]\n"...)
}

// BodyVerb returns the first item of a body, where that is a list that begins
// with a string, and "" otherwise.
func BodyVerb(body []byte) string {
	var s scanner
	s.reset(body)
	if _, err := s.list(); err != nil {
		return ""
	}
	verb, err := s.text()
	if err != nil {
		return ""
	}
	return cleanString(verb)
}

// BodyItem returns body[i], nil beyond the end.
func BodyItem(body []any, i int) any {
	if i < len(body) {
		return body[i]
	}
	return nil
}

// CountChildren returns the number of child entities that the body of a parsed [Interaction]
// describes: the items of all lists under a key "children". It estimates what the body costs before
// it is decoded. It stops at the first JSON error.
func CountChildren(body []byte) int {
	c := childCounter{}
	c.reset(body)
	_ = c.value(false)
	return c.children
}

type childCounter struct {
	scanner
	children int
}

// value counts in the value that comes next, and its items if they are children.
func (c *childCounter) value(children bool) error {
	switch c.next() {
	case jx.Object:
		return c.object(func(key []byte) error { return c.value(string(key) == "children") })
	case jx.Array:
		items, err := c.list()
		for err == nil {
			var more bool
			if more, err = items.next(); !more {
				return err
			}
			if children {
				c.children++
			}
			err = c.value(false)
		}
		return err
	default:
		return c.skip()
	}
}

type interactionParser struct {
	scanner
	i Interaction
}

func (p *interactionParser) message() error {
	parse := p.items
	if p.next() == jx.Object {
		parse = p.envelope
	}
	if err := parse(); err != nil {
		return err
	}
	return p.end()
}

// items parses the list of six.
func (p *interactionParser) items() error {
	items, err := p.list()
	if err != nil {
		return err
	}
	var word string
	for n, to := range [...]*string{&word, &p.i.Type, &p.i.From, &p.i.To, &p.i.RequestID} {
		if err := p.nextItem(&items); err != nil {
			return err
		}
		text, err := p.text()
		if err != nil {
			return inPath(itemNames[n], err)
		}
		if *to = cleanString(text); word != "interaction" {
			return errNotInteraction
		}
	}
	if err := p.nextItem(&items); err != nil {
		return err
	}
	if err := checkUTF8(p.data); err != nil { // last, for the sake of the rest
		return err
	}
	body, err := p.raw()
	if err != nil {
		return inPath("body", err)
	}
	p.i.Body = bytes.Clone(body)
	more, err := items.next()
	if more {
		err = fmt.Errorf("more than %d items", len(itemNames))
	}
	return err
}

var itemNames = [...]string{"message", "type", "from", "to", "request id", "body"}

func (p *interactionParser) nextItem(items *list) error {
	more, err := items.next()
	if err == nil && !more {
		err = fmt.Errorf("%s, want %d", count(items.items, "item"), len(itemNames))
	}
	return err
}

var errNotInteraction = errors.New(`the first item is not "interaction"`)
