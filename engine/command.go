package engine

import "github.com/loci-place/loci/netcode"

// command is an interaction as the place goroutine takes it from a reader, with
// all parsed that takes time.
type command struct {
	netcode.Interaction
	verb string
	body any   // decoded as [netcode.ParseValue] has it, if it begins with a verb
	args []any // what follows that
	err  error // what is wrong with it

	announce    netcode.Announce // if it is one
	announceErr error            // what is wrong with that
	usual       any              // its body in the usual shape
}

// parseCommand reads what an agent sent.
func parseCommand(data []byte) *command {
	c := &command{}
	c.Interaction, c.err = netcode.ParseInteraction(data)
	if c.err != nil {
		return c
	}
	c.verb = netcode.BodyVerb(c.Body)
	if c.verb == "" {
		return c
	}
	if c.body, c.err = netcode.ParseValue(c.Body); c.err == nil {
		c.args = c.body.([]any)[1:]
	}
	if c.verb == "announce" {
		c.announce, c.announceErr = netcode.ParseAnnounce(c.Body)
		c.err = nil // the same, in words for who wrote the agent
		c.usual, _ = netcode.ParseValue(c.announce.Append(nil))
	}
	return c
}
