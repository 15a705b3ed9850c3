package scripts

import (
	lua "github.com/yuin/gopher-lua"
)

// hearing is what asks place.hears, nil if everybody hears everybody. Where the script
// fails or is cut off the speaker is not heard until it is asked about again: what is said
// in a quiet room must not leak. While the scripts' state is made anew, the last answers
// hold.
func (g *generation) hearing() func(listener, speaker string) bool {
	if g.hears == nil {
		return nil
	}
	answers := map[[2]string]bool{}
	return func(listener, speaker string) bool {
		pair := [2]string{listener, speaker}
		l, here := g.turn().Agent(listener)
		s, there := g.turn().Agent(speaker)
		if !here || !there {
			return true
		}
		var results []lua.LValue
		var err error
		g.r.quotas.act(g.r.quotas.of(speaker), func() { // who brings much about itself pays for it
			results, err = g.look(g.hears, listener, g.agent(l), g.agent(s))
		})
		if err == errBusy {
			return answers[pair]
		}
		if len(answers) >= maxHearing {
			clear(answers)
		}
		answers[pair] = len(results) > 0 && lua.LVAsBool(results[0])
		return answers[pair]
	}
}

// maxHearing is how many pairs of agents are remembered.
const maxHearing = 1 << 16
