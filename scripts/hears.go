package scripts

import (
	lua "github.com/yuin/gopher-lua"
)

// hearing gives what asks place.hears, nil if everybody hears everybody. An answer
// holds until there is time to ask again. Whoever has not been asked about, and while
// the script fails, is not heard: what is said in a quiet room must not leak.
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
		results, err := g.look(g.hears, listener, g.agent(l), g.agent(s))
		if err != nil {
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
