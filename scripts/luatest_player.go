package scripts

import (
	"fmt"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

// player is the agent's side of an agent in a test.
type player struct {
	peer    *direct.Peer
	avatar  string
	asked   int
	answers map[string]*netcode.Interaction // to its requests, by their ids
	heard   []netcode.Interaction           // what else it was told
	gone    bool
	code    uint32
}

// connect makes a connection that nobody has announced itself on.
func (p *luatestPlace) connect() *player {
	a := &player{answers: map[string]*netcode.Interaction{}}
	a.peer = p.direct.Connect(direct.Config{
		Received: func(channel uint8, data []byte) {
			if channel == netcode.CommandChannel {
				a.receive(data)
			}
		},
		Disconnected: func(code uint32) { a.gone, a.code = true, code },
	})
	return a
}

func (a *player) receive(data []byte) {
	i, err := netcode.ParseInteraction(data)
	switch {
	case err != nil: // the place sends no such thing
	case i.Type == netcode.TypeResponse:
		a.answers[i.RequestID] = &i
	default:
		a.heard = append(a.heard, i)
	}
}

// send sends an interaction, and lets the place handle it.
func (a *player) send(p *luatestPlace, i netcode.Interaction) {
	i.From = a.avatar
	p.refill()
	a.peer.Send(netcode.CommandChannel, i.Append(nil))
	p.driver.Settle()
}

// ask sends a request, and returns the body of the answer if that has come.
func (a *player) ask(p *luatestPlace, to string, body []any) []any {
	a.asked++
	id := fmt.Sprint("test", a.asked)
	a.send(p, netcode.Interaction{Type: netcode.TypeRequest, To: to, RequestID: id, Body: netcode.AppendValue(nil, body)})
	return a.answer(id)
}

// answer returns the body of the answer to a request, nil if it has not come.
func (a *player) answer(id string) []any {
	i := a.answers[id]
	if i == nil {
		return nil
	}
	v, _ := netcode.ParseValue(i.Body)
	list, _ := v.([]any)
	return list
}

// refusal is why an answer is none, "" if it is one.
func refusal(answer []any) string {
	if len(answer) < 2 {
		return "an answer without items"
	}
	if answer[0] != "interaction_denied" && answer[1] != "error" && answer[1] != "failed" {
		return ""
	}
	why, ok := answer[len(answer)-1].(string)
	if !ok {
		return "denied by a rule: " + string(netcode.AppendValue(nil, answer[len(answer)-1]))
	}
	if answer[0] == "interaction_denied" {
		return "denied by the rule " + why
	}
	return why
}
