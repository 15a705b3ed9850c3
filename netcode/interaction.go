package netcode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/go-faster/jx"
)

// Types of an [Interaction].
const (
	TypeOneway      = "oneway" // also spelt "one-way", see IsOneway
	TypeRequest     = "request"
	TypeResponse    = "response"
	TypePublication = "publication"
)

// Interaction is a message from one entity to another, or to all subscribers
// (netcode/PROTOCOL.md, "Interactions").
type Interaction struct {
	Type string // one of the Types, or what the sender wrote instead
	From string // entity id; empty for the sender's own avatar
	To   string // entity id; empty in publications
	// RequestID matches a response to its request. The requester chooses it. It is empty
	// in the other types.
	RequestID string
	// Body is one JSON value, byte for byte as it was sent.
	Body []byte
	// Envelope: the message was received, or will be sent, as the envelope of version 0,
	// which has no Type and RequestID, see [ParseInteraction].
	Envelope bool
}

// ParseInteraction parses an interaction, either the list
//
//	["interaction", type, from, to, request id, body]
//
// or the envelope of version 0. The text of an envelope becomes the body: unchanged if it is a
// JSON list, and as ["text"] if it is only a verb. It is a one-way interaction, unless it is
// an announce, which is a request with an empty id.
//
// The body must be JSON within [MaxDepth]. It is copied, so it may outlive data. If only the
// body is invalid, the other fields are set even though there is an error, so that a request
// can be answered.
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

// Append appends the message, as an envelope if Envelope is set, with the body unchanged. A
// missing body becomes null.
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

// BodyVerb returns the first item of a body if it is a list that begins with a string, and ""
// otherwise.
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

// CountChildren returns the number of child entities in the body of a parsed [Interaction]: the
// items of all lists under a key "children". It is an estimate of the cost of a body before it is
// decoded. It stops at the first JSON error.
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

// value counts children in the next value, and its items if they are children themselves.
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

// items parses the list of six items.
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
	if err := checkUTF8(p.data); err != nil { // last, so that the other fields are set
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

// The envelope of version 0 (netcode/PROTOCOL.md, "Connections"):
//
//	{"cmd":"interact","interact":{"from_entity":…,"to_entity":…,"cmd":text}}

// envelope parses a message that is an object.
func (p *interactionParser) envelope() error {
	p.i.Envelope = true
	if err := checkUTF8(p.data); err != nil {
		return err
	}
	if err := p.fields(p.envelopeField); err != nil {
		return err
	}
	if p.i.Body == nil {
		return errors.New("interact.cmd: missing")
	}
	p.i.Type = TypeOneway
	if BodyVerb(p.i.Body) == "announce" {
		p.i.Type = TypeRequest
	}
	return nil
}

func (p *interactionParser) envelopeField(key []byte) error {
	switch string(key) {
	case "cmd":
		command, err := p.text()
		if err == nil && string(command) != "interact" {
			err = fmt.Errorf(`%s, want "interact"`, AppendString(nil, fieldName(command)))
		}
		return err
	case "interact":
		return p.fields(p.interactField)
	default:
		return p.skip()
	}
}

func (p *interactionParser) interactField(key []byte) error {
	switch string(key) {
	case "from_entity":
		from, err := p.optionalText()
		p.i.From = cleanString(from)
		return err
	case "to_entity":
		to, err := p.optionalText()
		p.i.To = cleanString(to)
		return err
	case "cmd":
		return p.envelopeBody()
	default:
		return p.skip()
	}
}

// envelopeBody parses the text that is a verb or a body. A body that is not encoded as text
// is accepted too.
func (p *interactionParser) envelopeBody() error {
	if p.next() == jx.Array {
		body, err := p.raw()
		p.i.Body = bytes.Clone(body)
		return err
	}
	text, err := p.text()
	if err != nil {
		return err
	}
	text = bytes.Trim(text, " \t\r\n")
	if !bytes.HasPrefix(text, []byte{'['}) {
		p.i.Body = append(AppendString([]byte{'['}, string(text)), ']')
		return nil
	}
	if err := checkList(text); err != nil {
		return fmt.Errorf("begins like a JSON list: %w", err)
	}
	p.i.Body = bytes.Clone(text)
	return nil
}

// checkList returns an error unless text is a JSON list and nothing else.
func checkList(text []byte) error {
	if err := checkUTF8(text); err != nil {
		return err
	}
	if err := checkDepth(text, MaxDepth); err != nil {
		return err
	}
	var s scanner
	s.reset(text)
	if err := s.skip(); err != nil {
		return err
	}
	return s.end()
}

func (i *Interaction) appendEnvelope(dst, body []byte) []byte {
	dst = AppendString(append(dst, `{"cmd":"interact","interact":{"from_entity":`...), i.From)
	dst = AppendString(append(dst, `,"to_entity":`...), i.To)
	dst = appendString(append(dst, `,"cmd":`...), body)
	return append(dst, "}}\n"...)
}

// EncodeBody encodes a body whose items may be anything that [encoding/json] can encode.
// Unlike [AppendValue], which writes null, it fails for values that cannot be encoded.
func EncodeBody(body []any) ([]byte, error) {
	items, plain := make([]any, len(body)), true
	for i, v := range body {
		if written(v, 2) {
			items[i] = v
			continue
		}
		data, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("item %d of the body: %w", i+1, err)
		}
		items[i], plain = json.RawMessage(data), false
	}
	data := AppendValue(nil, items)
	if plain {
		return data, nil
	}
	if _, err := ParseValue(data); err != nil { // nested too deep
		return nil, fmt.Errorf("the body: %w", err)
	}
	return data, nil
}

// PlainObject returns an object encoded and decoded again, as if a place had sent it.
func PlainObject(object map[string]any) (map[string]any, error) {
	if written(object, 1) {
		return maps.Clone(object), nil
	}
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	v, err := ParseValue(data)
	if err != nil {
		return nil, err
	}
	plain, _ := v.(map[string]any)
	return plain, nil
}

// written reports whether AppendValue encodes a value without replacing anything by null.
func written(v any, depth int) bool {
	switch v := v.(type) {
	case nil, bool, string, int, int64, uint64, []string, map[string]string:
		return depth <= MaxDepth
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case []any:
		for _, item := range v {
			if !written(item, depth+1) {
				return false
			}
		}
		return depth <= MaxDepth
	case map[string]any:
		for _, item := range v {
			if !written(item, depth+1) {
				return false
			}
		}
		return depth <= MaxDepth
	}
	return false
}
