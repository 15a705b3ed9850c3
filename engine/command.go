package engine

import "github.com/loci-place/loci/netcode"

// command is an interaction as the place goroutine takes it from a reader, with
// all parsed that takes time.
type command struct {
	netcode.Interaction
	verb string
	args []any // the body after the verb
	err  error // what is wrong with it

	announce    netcode.Announce // if it is one
	announceErr error            // what is wrong with that
}

// parseCommand reads what an agent sent.
func parseCommand(data []byte) *command {
	c := &command{}
	c.Interaction, c.err = netcode.ParseInteraction(data)
	if c.err != nil {
		return c
	}
	c.verb = netcode.BodyVerb(c.Body)
	switch {
	case c.verb == "announce":
		c.announce, c.announceErr = netcode.ParseAnnounce(c.Body)
	case c.verb != "":
		var v any
		if v, c.err = netcode.ParseValue(c.Body); c.err == nil {
			c.args = v.([]any)[1:]
		}
	}
	return c
}
