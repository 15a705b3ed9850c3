package engine

import (
	"bytes"

	"github.com/loci-place/loci/netcode"
)

// command is an interaction as the place goroutine takes it from a reader, with
// all parsed that takes time.
type command struct {
	netcode.Interaction
	size     int // of the message, in bytes
	verb     string
	official *official // nil if it is none
	body     any       // decoded as by [netcode.ParseStrict], if it begins with a verb
	args     []any     // what follows that
	err      error     // what is wrong with it

	hasNUL bool // the body holds an escaped one

	detaches bool // it may do that alone: take what is another's off the agent's own

	dropped   bool // what is decoded of it is not kept at the moment
	described int  // how many entities it describes, if so

	hit     limit     // that it is over
	tooMuch string    // what of it is beyond the agent's share, "" if nothing
	encoded encodings // its components
	parsed  any       // what the official verb makes of its arguments

	announce    netcode.Announce // if it is one
	announceErr error            // what is wrong with that
	auth        netcode.Auth     // the key that it is known to have, once that is proven
	bound       bool             // the proof of it holds here only
	shapes      []any            // its body in both shapes that there are
}

// parseCommand parses a message, but does not decode its body; see decode and count.
func parseCommand(data []byte) *command {
	c := &command{size: len(data), dropped: true}
	if c.Interaction, c.err = netcode.ParseInteraction(data); c.err != nil {
		return c
	}
	if c.verb = netcode.BodyVerb(c.Body); c.verb != "" {
		c.hasNUL, c.official = hasNUL(c.Body), officialVerbs[c.verb]
	}
	return c
}

// count counts what it describes, without decoding it.
func (c *command) count() {
	if c.official != nil && c.official.describes != nil {
		c.described = 1 + netcode.CountChildren(c.Body)
	}
}

// drop lets go of what has been decoded of it, which takes much more memory than its bytes.
func (c *command) drop() {
	c.described, c.dropped = c.entities(), true
	c.body, c.args, c.shapes, c.announce, c.encoded = nil, nil, nil, netcode.Announce{}, nil
}

// decode decodes the body.
func (c *command) decode() {
	c.dropped = false
	if c.verb == "" || c.err != nil {
		return
	}
	if c.decodeBody(); c.err == nil && c.official != nil && c.official.parse != nil {
		c.parsed = c.official.parse(c.args)
	}
}

// prepare does what of it may take long once it is decoded, unless it is refused anyway.
func (c *command) prepare(limits *Limits) {
	if c.tooMuch != "" || c.official == nil {
		return
	}
	if c.parsed != nil && c.official.compile != nil {
		c.official.compile(c.parsed, limits)
	}
	c.encode(limits.SpecDepth)
}

// decodeBody decodes the body, which begins with a verb.
func (c *command) decodeBody() {
	if c.body, c.err = netcode.ParseStrict(c.Body); c.err == nil {
		c.args = c.body.([]any)[1:]
	}
	if c.verb == "announce" {
		c.announce, c.announceErr = netcode.ParseAnnounce(c.Body)
		c.err = nil // the same, in words for who wrote the agent
		a := &c.announce
		c.shapes = []any{
			[]any{"announce", "version", float64(a.Version), "identity", a.Identity, "spawn_avatar", a.Avatar},
			[]any{"announce", []any{"identity", a.Identity}, a.Avatar},
		}
	}
}

// asksPlace reports whether it asks the place for the verb.
func (c *command) asksPlace(verb string) bool {
	return c.verb == verb && c.Type == netcode.TypeRequest && c.To == PlaceID
}

// hasNUL reports whether some text in JSON holds a NUL. Here NUL is dropped, but C
// clients end a text at it, and would read another verb than the one that was allowed.
func hasNUL(body []byte) bool {
	for rest := body; ; {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		before := 0
		for before < i && rest[i-before-1] == '\\' {
			before++
		}
		if before%2 == 0 {
			return true
		}
		rest = rest[i+1:]
	}
}
