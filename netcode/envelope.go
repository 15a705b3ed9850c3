package netcode

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-faster/jx"
)

// The envelope of version 0 (netcode/PROTOCOL.md, "Connections"):
//
//	{"cmd":"interact","interact":{"from_entity":…,"to_entity":…,"cmd":text}}

// envelope parses the message where it is an object.
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

// envelopeBody parses the text that is a verb or a body. A body that was not
// made text of is fine too.
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

// checkList makes sure that text is a JSON list and nothing else.
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
